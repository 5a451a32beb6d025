import { opendir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { isUuid, uuidTimeMs } from '../model/index.ts'
import { errnoOf } from './disk-error.ts'

const BATCH = 500

export interface OrphanSearch {
  /** Folders younger than this, by their id and by their last change, are left alone. Milliseconds. */
  readonly olderThanMs: number
  /** Only dispatches whose ids are not older than this are looked at: an orphan comes into being with its id, or never. */
  readonly since: Date
  /** Which of these dispatches have a row. Called with at most 500 ids. */
  readonly isKnown: (dispatchIds: string[]) => Promise<ReadonlySet<string>>
}

async function changedMs(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Ids of dispatches that have content in the store but no row anywhere: left by a crash between rename and commit. */
export async function* findOrphans(dir: string, search: OrphanSearch): AsyncGenerator<string, void, undefined> {
  const before = Date.now() - search.olderThanMs
  for await (const month of await opendir(dir)) {
    if (!/^\d{4}-\d{2}$/.test(month.name) || month.name < search.since.toISOString().slice(0, 7)) continue
    let batch: string[] = []
    for await (const { name } of await opendir(join(dir, month.name))) {
      if (!isUuid(name) || uuidTimeMs(name) > before || uuidTimeMs(name) < search.since.getTime()) continue
      const changed = await changedMs(join(dir, month.name, name))
      if (changed === undefined || changed > before) continue
      batch.push(name)
      if (batch.length === BATCH) {
        yield* unknown(batch, search)
        batch = []
      }
    }
    if (batch.length > 0) yield* unknown(batch, search)
  }
}

async function* unknown(ids: string[], search: OrphanSearch): AsyncGenerator<string, void, undefined> {
  const known = await search.isKnown(ids)
  for (const id of ids) if (!known.has(id)) yield id
}

/** Removes half-received files that nobody has written to for `olderThanMs`; says how many. */
export async function sweepIncoming(incoming: string, olderThanMs: number): Promise<number> {
  const before = Date.now() - olderThanMs
  let removed = 0
  for await (const { name } of await opendir(incoming)) {
    const path = join(incoming, name)
    const changed = await changedMs(path)
    if (!isUuid(name) || changed === undefined || changed > before) continue
    try {
      await unlink(path)
      removed += 1
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error
    }
  }
  return removed
}
