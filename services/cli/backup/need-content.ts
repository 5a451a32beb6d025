import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { BusError } from '../../../libs/errors/index.ts'
import { listContentFiles, type Queryable } from '../../../libs/store/index.ts'

const LOOKED_AT = 100

/**
 * Refuses a content folder that holds none of what the database names: another folder, or a disk that is not mounted. A single file
 * that is missing is the business of `fsck`.
 * @throws BusError LT_BACKUP_CONTENT_MISSING
 */
export async function needContent(database: Queryable, blobDir: string): Promise<void> {
  const named = await listContentFiles(database, undefined, LOOKED_AT)
  for (const { path } of named) if (await isThere(join(blobDir, path))) return
  if (named.length > 0) throw new BusError('LT_BACKUP_CONTENT_MISSING', { path: blobDir })
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false
      throw error
    },
  )
}
