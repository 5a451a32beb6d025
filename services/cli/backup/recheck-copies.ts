import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { DIGEST, DISPATCH, MONTH, namesIn } from './copy-content.ts'

/** Which copies are read again: all, or those whose digest begins with this hex digit. */
export type Share = 'all' | string

/** What was read again. */
export interface Recheck {
  readonly files: number
  /** `<yyyy-mm>/<dispatch>/<sha256>` of copies that have not the digest of their names. */
  readonly rotten: readonly string[]
}

/** The share of a day, in UTC: one that is backed up every day, or every week, has read all of it again after sixteen backups. */
export const shareOf = (now: Date): Share => (Math.floor(now.getTime() / 86_400_000) % 16).toString(16)

/**
 * Reads copies of earlier backups again and holds each to the digest of its name: a copy is made once and then kept for years, and nobody
 * else reads it before the day it is needed. Those too that only an older backup names.
 */
export async function recheckCopies(
  content: string,
  share: Share,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (files: number) => void },
): Promise<Recheck> {
  const rotten: string[] = []
  let files = 0
  for (const month of await namesIn(content, MONTH)) {
    for (const dispatch of await namesIn(join(content, month), DISPATCH)) {
      signal.throwIfAborted()
      for (const name of await namesIn(join(content, month, dispatch), DIGEST)) {
        if (share !== 'all' && !name.startsWith(share)) continue
        const path = `${month}/${dispatch}/${name}`
        if (!(await hasDigest(join(content, path), name))) rotten.push(path)
        files++
        onProgress(files)
      }
    }
  }
  return { files, rotten }
}

/** Which of these copies are whole now, and which are not. */
export async function wholeAgain(
  content: string,
  paths: readonly string[],
): Promise<{ readonly mended: string[]; readonly rotten: string[] }> {
  const [mended, rotten]: [string[], string[]] = [[], []]
  for (const path of paths) ((await hasDigest(join(content, path), basename(path))) ? mended : rotten).push(path)
  return { mended, rotten }
}

async function hasDigest(path: string, sha256: string): Promise<boolean> {
  const hash = createHash('sha256')
  try {
    await pipeline(createReadStream(path), hash)
  } catch (error) {
    // A sector that cannot be read is rot as well; anything else is no word about the copy.
    if ((error as NodeJS.ErrnoException).code === 'EIO') return false
    throw error
  }
  return hash.digest('hex') === sha256
}
