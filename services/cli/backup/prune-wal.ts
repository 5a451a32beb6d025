import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { firstSegment, namesInArchive } from './archived-segments.ts'

const ARCHIVED = /^[0-9A-F]{8}([0-9A-F]{16})(?:\.partial|\.[0-9A-F]{8}\.backup)?$/

/**
 * Names in an archive that no kept backup needs: segments before the first one that any of them begins in, on whatever timeline.
 * Histories of timelines stay: they are small, and every later restore may ask for them.
 * @throws BusError LT_BACKUP_WAL_INCOMPLETE when there is no such folder, LT_BACKUP_DAMAGED
 */
export async function findOldSegments(wal: string, kept: readonly string[]): Promise<string[]> {
  const firsts = await Promise.all(kept.map(async (backup) => (await firstSegment(backup)).position))
  const first = firsts.sort()[0] ?? ''
  return (await namesInArchive(wal))
    .filter((name) => (ARCHIVED.exec(name)?.[1] ?? first) < first)
    .map((name) => join(wal, name))
}

/** Removes them, the oldest first, so that what is left has no hole. */
export async function removeSegments(paths: readonly string[]): Promise<void> {
  for (const path of [...paths].sort()) await rm(path, { force: true })
}
