import { mkdir, opendir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { dispatchFolder } from './blob-path.ts'
import { errnoOf, writeError } from './disk-error.ts'
import type { FolderSync } from './sync-folder.ts'

const FOLDER = 'orphans'
const DAY = /^\d{4}-\d{2}-\d{2}$/

/**
 * Puts the content of a dispatch aside, under the day on which that was done. It is moved and not deleted: what has no row may be the
 * last copy of a document whose row was lost in a restore.
 */
export async function quarantine(dir: string, sync: FolderSync, dispatchId: string, now: Date): Promise<void> {
  const { month, folder } = dispatchFolder(dispatchId)
  const target = join(dir, FOLDER, now.toISOString().slice(0, 10))
  try {
    await mkdir(target, { recursive: true, mode: 0o750 })
    await rename(join(dir, folder), join(target, dispatchId))
    for (const changed of [target, join(dir, FOLDER), dir, join(dir, month)]) await sync.sync(changed)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw writeError(error)
  }
}

/** Deletes what was put aside before a day; says how many days' folders that were. */
export async function emptyQuarantine(dir: string, before: Date): Promise<number> {
  const base = join(dir, FOLDER)
  const limit = before.toISOString().slice(0, 10)
  let removed = 0
  try {
    for await (const { name } of await opendir(base)) {
      if (!DAY.test(name) || name >= limit) continue
      await rm(join(base, name), { recursive: true, force: true })
      removed++
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
  return removed
}
