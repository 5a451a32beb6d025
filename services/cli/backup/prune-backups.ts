import { createReadStream } from 'node:fs'
import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { BusError } from '../../../libs/errors/index.ts'
import { checkList } from './check-list.ts'
import { DISPATCH, MONTH, namesIn } from './copy-content.ts'
import { flushFolder } from './copy-file.ts'
import { listBackups } from './manifest.ts'
import { findOldSegments, removeSegments } from './prune-wal.ts'

/** What was given up. */
export interface Pruned {
  /** Names of backups. */
  readonly backups: readonly string[]
  /** Files of content that no kept backup names. */
  readonly files: number
  /** Files of the archive of the write-ahead log that no kept backup needs. */
  readonly segments: number
}

/** While it is there no backup is taken beside it, and none is pruned. Holds what is being given up. */
export const PRUNING = 'prune.partial'

/**
 * Gives up all but the newest `keep` backups of a folder, then the content that none of the kept ones names and, where `wal` is given, the
 * archive before the oldest of them. Nothing is removed before every kept one was read: one that cannot be read, or whose list was cut
 * short, stops it, for nobody knows what it needs. A run that is killed leaves `prune.partial`, which holds nothing that anybody needs.
 * @throws BusError LT_BACKUP_UNFINISHED while a backup is being taken there, or one was broken off; LT_BACKUP_DAMAGED;
 * LT_BACKUP_WAL_INCOMPLETE when there is no such archive
 */
export async function pruneBackups(to: string, keep: number, wal?: string): Promise<Pruned> {
  const pruning = join(to, PRUNING)
  await mkdir(pruning).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'EEXIST' ? new BusError('LT_BACKUP_UNFINISHED', { path: pruning }, { cause }) : cause
  })
  try {
    const names = await readdir(to)
    const partial = names.find((name) => name.endsWith('.partial') && name !== PRUNING)
    if (partial) throw new BusError('LT_BACKUP_UNFINISHED', { path: join(to, partial) })
    const whole = await listBackups(to, names)
    const old = whole.slice(0, Math.max(0, whole.length - keep))
    const kept = whole.slice(old.length)
    const lists: string[] = []
    for (const { path, manifest } of kept) lists.push(await checkList(path, manifest))
    const paths = kept.map(({ path }) => path)
    const segments = wal === undefined || kept.length === 0 ? [] : await findOldSegments(wal, paths)
    for (const { name, path } of old) await rename(path, join(pruning, name))
    // Before content goes: after a loss of power no backup may be there again whose content is not.
    await flushFolder(pruning)
    const files = old.length === 0 ? 0 : await pruneContent(join(to, 'content'), lists)
    await removeSegments(segments)
    return { backups: old.map(({ name }) => name), files, segments: segments.length }
  } finally {
    // Also when it failed: what lies there may have lost content by now, and would stop every later backup.
    await rm(pruning, { recursive: true })
  }
}

/** Month by month, so that what is held in memory does not grow with the years. */
async function pruneContent(content: string, lists: readonly string[]): Promise<number> {
  let files = 0
  for (const month of await namesIn(content, MONTH)) {
    const needed = new Set<string>()
    for (const list of lists) {
      for await (const line of createInterface({ input: createReadStream(list) }))
        if (line.startsWith(`${month}/`)) needed.add(line.slice(month.length + 1, line.lastIndexOf(' ')))
    }
    for (const dispatch of await namesIn(join(content, month), DISPATCH)) {
      const folder = join(content, month, dispatch)
      const names = await readdir(folder)
      const gone = names.filter((name) => !needed.has(`${dispatch}/${name}`))
      for (const name of gone) await rm(join(folder, name))
      files += gone.length
      if (gone.length === names.length) await rmdir(folder)
    }
    if ((await readdir(join(content, month))).length === 0) await rmdir(join(content, month))
  }
  return files
}
