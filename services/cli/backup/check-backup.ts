import { join } from 'node:path'
import { BusError } from '../../../libs/errors/index.ts'
import { checkList } from './check-list.ts'
import { type BackupManifest, readManifest } from './manifest.ts'
import { runProgram } from './run-program.ts'
import { readBase } from './take-base.ts'

/**
 * Holds a backup to what it says of itself: manifest, every file of the cluster by its SHA-256 with the write-ahead log between
 * (pg_verifybackup), the list of content. Content files are held to their names when they are copied.
 * @throws BusError LT_BACKUP_DAMAGED, LT_CONF_PROGRAM_MISSING
 */
export async function checkBackup(backup: string, signal: AbortSignal): Promise<BackupManifest> {
  const manifest = await readManifest(backup)
  const folder = join(backup, 'postgres')
  const base = await readBase(folder)
  if (base.manifestSha256 !== manifest.base.manifestSha256)
    throw new BusError('LT_BACKUP_DAMAGED', { path: join(folder, 'backup_manifest'), reason: 'another SHA-256' })
  await checkList(backup, manifest)
  await runProgram('pg_verifybackup', ['-q', folder], { signal }).catch((error: unknown) => {
    if (!(error instanceof BusError) || error.code !== 'LT_BACKUP_PROGRAM_FAILED') throw error
    throw new BusError('LT_BACKUP_DAMAGED', { path: folder, reason: error.message }, { cause: error })
  })
  return manifest
}
