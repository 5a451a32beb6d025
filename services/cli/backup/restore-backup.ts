import { join } from 'node:path'
import { clusterOwner } from '../../../libs/runtime/index.ts'
import { unbarCluster } from './bar-cluster.ts'
import { checkBackup } from './check-backup.ts'
import { copyCluster } from './copy-cluster.ts'
import { claimEmpty } from './empty-place.ts'
import { noteEpoch, readEpochs } from './known-epochs.ts'
import type { LastCheckpoint } from './last-checkpoint.ts'
import { type BackupManifest, contentOf } from './manifest.ts'
import { needSameLog, type OpenedEpoch, openNextEpoch } from './open-next-epoch.ts'
import { type PlacedContent, placeContent } from './place-content.ts'
import { holdToArchive, newestSegment } from './reach-archive.ts'
import { runCluster } from './run-cluster.ts'

export interface RestoreOptions {
  /** The folder of one backup, with its manifest. */
  readonly backup: string
  /** Where the cluster and the content go; empty. */
  readonly data: string
  readonly content: string
  /** Archive of the write-ahead log; without it the restore ends where the base backup ended. */
  readonly wal?: string | undefined
  readonly until?: { readonly time: Date } | { readonly lsn: string } | undefined
  readonly lastSigned?: LastCheckpoint | undefined
  readonly operator: string
  readonly signal: AbortSignal
  readonly onProgress: (stage: 'check' | 'copy' | 'recover' | 'content', at: string) => void
}

export interface Restored {
  readonly manifest: BackupManifest
  /** The position up to which it was recovered. */
  readonly lsn: string
  readonly content: PlacedContent
  readonly epoch: OpenedEpoch
}

/**
 * Makes a cluster and a content folder of a backup: checks it, copies it into empty places, lets PostgreSQL recover, copies the content of
 * the rows that came out of it, opens a new epoch of the log. A run that breaks off leaves places that are not empty and a cluster that does
 * not start, and is begun anew.
 * @throws BusError LT_BACKUP_…, LT_CONF_PROGRAM_MISSING
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { backup, data, wal, until, signal, onProgress } = options
  onProgress('check', '')
  const manifest = await checkBackup(backup, signal)
  if (options.lastSigned) needSameLog(manifest.log.origin, options.lastSigned)
  const archived = wal === undefined ? undefined : await newestSegment(wal, backup)
  // A restore to a moment ends where it was told to, or PostgreSQL says that it could not.
  const newest = until === undefined ? archived : undefined
  const known = await readEpochs(backup)
  const owner = clusterOwner()
  await claimEmpty(data, owner)
  await claimEmpty(options.content)
  onProgress('copy', '')
  await copyCluster(join(backup, 'postgres'), data, owner, signal)
  const settings = recoverySettings(wal, until)
  const recovery = { data, owner, database: manifest.database, settings, signal }
  const onWaiting = (at: number): void => onProgress('recover', `${at} s`)
  const restored = await runCluster({ ...recovery, onWaiting }, async (connection) => {
    if (wal !== undefined && newest) await holdToArchive(connection, data, wal, newest)
    const { rows } = await connection.query<{ lsn: string }>('select pg_current_wal_lsn()::text as lsn')
    const content = await placeContent(connection, contentOf(backup), options.content, (files) =>
      onProgress('content', String(files)),
    )
    const epoch = await openNextEpoch(connection, {
      lastSigned: options.lastSigned,
      known,
      onNumber: (number) => noteEpoch(backup, number),
      by: { operator: options.operator },
    })
    return { manifest, lsn: rows[0]?.lsn ?? '', content, epoch }
  })
  await unbarCluster(data, owner)
  return restored
}

/** A base backup without an archive recovers from what it holds; recovery needs a command all the same. */
function recoverySettings(wal: RestoreOptions['wal'], until: RestoreOptions['until']): Record<string, string> {
  return {
    restore_command: wal === undefined ? 'false' : `cp ${wal}/%f %p`,
    ...(until && 'time' in until ? { recovery_target_time: until.time.toISOString() } : {}),
    ...(until && 'lsn' in until ? { recovery_target_lsn: until.lsn } : {}),
  }
}
