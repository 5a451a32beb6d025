import { chown, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isBusError } from '../../../libs/errors/index.ts'
import { type ContentFile, listContentFiles, type Queryable } from '../../../libs/store/index.ts'
import { makeFolder } from '../make-folder.ts'
import { copyFile, type FileOwner } from './copy-file.ts'
import { flushNames } from './flush-names.ts'

/** What became of the content of the restored rows. */
export interface PlacedContent {
  readonly files: number
  /** Not in the backup, or damaged there. */
  readonly missing: readonly Pick<ContentFile, 'dispatch_id' | 'path'>[]
}

const PATH = /^\d{4}-\d{2}\/[0-9a-f-]{36}\/[0-9a-f]{64}$/

/**
 * Copies exactly the files that restored rows name, each held to its digest: content that retention deleted does not come back, and what
 * is missing is named.
 */
export async function placeContent(
  database: Queryable,
  from: string,
  to: string,
  onProgress: (files: number) => void,
): Promise<PlacedContent> {
  const missing: ContentFile[] = []
  let files = 0
  let after: ContentFile | undefined
  for (;;) {
    const page = await listContentFiles(database, after)
    const last = page.at(-1)
    if (!last) {
      await flushNames(to)
      return { files, missing }
    }
    after = last
    for (const file of page) {
      if (PATH.test(file.path) && (await place(join(from, file.path), join(to, file.path), await ownerOf(to)))) files++
      else missing.push(file)
      onProgress(files)
    }
  }
}

async function place(from: string, to: string, owner: FileOwner): Promise<boolean> {
  const folder = dirname(to)
  try {
    await stat(from)
    for (const each of [dirname(folder), folder]) {
      await makeFolder(each)
      await give(each, owner)
    }
    await copyFile(from, to, basename(to), { owner })
    return true
  } catch (error) {
    const gone = (error as NodeJS.ErrnoException).code === 'ENOENT'
    if (!gone && !(isBusError(error) && error.code === 'LT_BACKUP_DAMAGED')) throw error
    return false
  }
}

/** Content belongs to whom the folder belongs: an operator may have made it for the services. */
async function ownerOf(folder: string): Promise<FileOwner> {
  if (process.getuid?.() !== 0) return {}
  const { uid, gid } = await stat(folder)
  return { uid, gid }
}

async function give(path: string, { uid, gid }: FileOwner): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid)
}
