import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { BusError, isBusError } from '../../../libs/errors/index.ts'
import { readManifest } from './manifest.ts'

/** What was given up. */
export interface Pruned {
  /** Names of backups. */
  readonly backups: readonly string[]
  /** Files of content that no kept backup names. */
  readonly files: number
}

/** While it is there no backup is taken beside it, and none is pruned. */
export const PRUNING = 'prune.partial'
const MANIFEST = 'manifest.json'

/**
 * Gives up all but the newest `keep` backups of a folder, then the content that none of the kept ones names. A backup that cannot be
 * read stops it: nobody knows what that one needs.
 * @throws BusError LT_BACKUP_PLACE_IN_USE while a backup is being taken there, or one was broken off; LT_BACKUP_DAMAGED
 */
export async function pruneBackups(to: string, keep: number): Promise<Pruned> {
  const path = join(to, PRUNING)
  await mkdir(path).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'EEXIST' ? new BusError('LT_BACKUP_PLACE_IN_USE', { path }, { cause }) : cause
  })
  try {
    const names = await readdir(to)
    const partial = names.find((name) => name.endsWith('.partial') && name !== PRUNING)
    if (partial) throw new BusError('LT_BACKUP_PLACE_IN_USE', { path: join(to, partial) })
    const whole = await wholeBackups(to, names)
    const old = whole.slice(0, Math.max(0, whole.length - keep))
    for (const { name, listSha256 } of whole.slice(old.length))
      await checkList(join(to, name, 'content.txt'), listSha256)
    for (const { name } of old) {
      // Without its manifest it is no backup any more, whatever is left of it.
      await rm(join(to, name, MANIFEST))
      await rm(join(to, name), { recursive: true })
    }
    const lists = whole.slice(old.length).map(({ name }) => join(to, name, 'content.txt'))
    return {
      backups: old.map(({ name }) => name),
      files: old.length === 0 ? 0 : await pruneContent(join(to, 'content'), lists),
    }
  } finally {
    await rmdir(path)
  }
}

interface Whole {
  readonly name: string
  readonly ended: string
  readonly listSha256: string
}

/** Oldest first. */
async function wholeBackups(to: string, names: readonly string[]): Promise<Whole[]> {
  const found: Whole[] = []
  for (const name of names) {
    try {
      const { ended, listSha256 } = (await readManifest(join(to, name))).content
      found.push({ name, ended, listSha256 })
    } catch (error) {
      const { cause } = error as { cause?: NodeJS.ErrnoException }
      if (!isBusError(error, 'LT_BACKUP_DAMAGED') || !['ENOENT', 'ENOTDIR'].includes(cause?.code ?? '')) throw error
    }
  }
  return found.sort((a, b) => a.ended.localeCompare(b.ended))
}

/** What a kept backup needs stands in its list: one that was cut or changed must not decide what goes. @throws BusError LT_BACKUP_DAMAGED */
async function checkList(path: string, sha256: string): Promise<void> {
  const digest = createHash('sha256')
  for await (const chunk of createReadStream(path)) digest.update(chunk)
  const found = digest.digest('hex')
  if (found !== sha256) throw new BusError('LT_BACKUP_DAMAGED', { path, reason: `SHA-256 is ${found}` })
}

/** Month by month, so that what is held in memory does not grow with the years. */
async function pruneContent(content: string, lists: readonly string[]): Promise<number> {
  let files = 0
  for (const month of await readdir(content)) {
    const needed = new Set<string>()
    for (const list of lists) {
      for await (const line of createInterface({ input: createReadStream(list) }))
        if (line.startsWith(`${month}/`)) needed.add(line.slice(month.length + 1, line.lastIndexOf(' ')))
    }
    for (const dispatch of await readdir(join(content, month))) {
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
