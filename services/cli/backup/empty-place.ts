import { chown, readdir } from 'node:fs/promises'
import { BusError } from '../../../libs/errors/index.ts'
import { makeFolder } from '../make-folder.ts'
import type { FileOwner } from './copy-file.ts'

/** Makes a folder, or takes one that is empty. @throws BusError LT_BACKUP_PLACE_IN_USE, LT_CLIENT_FOLDER_UNUSABLE */
export async function claimEmpty(path: string, owner: FileOwner = {}): Promise<void> {
  await makeFolder(path)
  if ((await readdir(path)).length > 0) throw new BusError('LT_BACKUP_PLACE_IN_USE', { path })
  if (owner.uid !== undefined && owner.gid !== undefined) await chown(path, owner.uid, owner.gid)
}
