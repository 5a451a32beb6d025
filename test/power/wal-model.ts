import { type Chance, isSafe } from './disk-model.ts'

/** Bytes that PostgreSQL wrote into its write-ahead log. */
export interface WalWrite {
  readonly begun: number
  readonly ended: number
  readonly offset: number
  readonly bytes: Buffer
}

export interface WalSync {
  readonly begun: number
  readonly ended: number
}

/** What a disk writes whole or not at all. */
const SECTOR = 512

/**
 * The segment as it lies on disk after a loss of power at `cut`: what was flushed before it, and of every other write the sectors
 * that chance lets through.
 * @param before the segment when the recording began
 */
export function loseWal(
  before: Buffer,
  { writes, syncs }: { readonly writes: readonly WalWrite[]; readonly syncs: readonly WalSync[] },
  cut: number,
  chance: Chance,
): Buffer {
  const image = Buffer.from(before)
  for (const write of writes) {
    if (write.begun >= cut) continue
    if (isSafe(write, syncs, cut)) {
      write.bytes.copy(image, write.offset)
      continue
    }
    for (let at = 0; at < write.bytes.length; at += SECTOR)
      if (chance() < 0.5) write.bytes.copy(image, write.offset + at, at, at + SECTOR)
  }
  return image
}
