import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { BusError } from '../../../libs/errors/index.ts'
import type { BackupManifest } from './manifest.ts'

/**
 * Holds a backup's list of content to the digest in its manifest: a list that was cut short names too little.
 * @returns the path of the list
 * @throws BusError LT_BACKUP_DAMAGED, also when there is no list
 */
export async function checkList(backup: string, { content }: Pick<BackupManifest, 'content'>): Promise<string> {
  const path = join(backup, 'content.txt')
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
    throw new BusError('LT_BACKUP_DAMAGED', { path, reason: 'not there' }, { cause })
  }
  if (hash.digest('hex') !== content.listSha256)
    throw new BusError('LT_BACKUP_DAMAGED', { path, reason: 'another SHA-256' })
  return path
}
