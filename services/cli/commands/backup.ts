import { BusError } from '../../../libs/errors/index.ts'
import { readSecret, serviceEnvironment } from '../../../libs/runtime/index.ts'
import { readWalStatus } from '../../../libs/store/index.ts'
import { areTogether, checkKeys, copyKeys } from '../backup/copy-keys.ts'
import { judgeArchive } from '../backup/judge-archive.ts'
import { pruneBackups } from '../backup/prune-backups.ts'
import { shareOf } from '../backup/recheck-copies.ts'
import { takeBackup } from '../backup/take-backup.ts'
import { type Call, type Command, EXIT_CODES, UsageError } from '../command.ts'
import { required, shownTime, wholeNumber } from '../command-line.ts'
import { withDatabase } from '../database.ts'

/**
 * `lienthong backup --to FOLDER [--label NAME] [--keys FOLDER] [--keep N [--wal ARCHIVE]] [--verify]`: the cluster, then the content, into `FOLDER/NAME`; keys only where they
 * are asked for, and never in the same folder; exit code 1 when a content file, or a copy of an earlier backup, is damaged. Each run reads a sixteenth of the copies again, `--verify` all of them. `--keep`: afterwards all but the newest N are given up, never after a damaged one; `--wal`: and the archive that only they needed. `--wal-only`: how far the write-ahead log was archived, exit code 1 when it is not.
 */
export const backupCommand: Command = {
  options: {
    to: { type: 'string' },
    label: { type: 'string' },
    keys: { type: 'string' },
    keep: { type: 'string' },
    wal: { type: 'string' },
    verify: { type: 'boolean' },
    'wal-only': { type: 'boolean' },
  },
  run: (call) => (call.flags['wal-only'] ? showArchive(call) : backup(call)),
}

async function backup(call: Call): Promise<number> {
  const { output, values, flags, environment, signal } = call
  const to = required(call, 'to')
  const label = values.label ?? new Date().toISOString().slice(0, 19).replaceAll(':', '')
  if (!/^[A-Za-z0-9][\w.-]{0,80}$/.test(label) || label === 'content' || label.endsWith('.partial'))
    throw new UsageError(output.t('backup.badLabel'))
  const keep = values.keep === undefined ? undefined : wholeNumber(call, 'keep', 1, [1, 10_000])
  const settings = serviceEnvironment('cli', environment)
  const replicationUrl = readSecret(serviceEnvironment('backup', environment), 'DATABASE_URL')
  const blobDir = settings.BLOB_DIR
  const missing = [
    ...(replicationUrl ? [] : ['DATABASE_URL (role lt_backup, backup.env)']),
    ...(blobDir ? [] : ['BLOB_DIR']),
    ...(values.keys === undefined || settings.KEY_DIR ? [] : ['KEY_DIR']),
  ]
  if (!replicationUrl || !blobDir || missing.length > 0)
    throw new BusError('LT_CONF_INVALID', { problems: missing.join('\n  ') })
  if (values.wal !== undefined && keep === undefined)
    throw new UsageError(output.t('usage.missing', { what: '--keep' }))
  if (values.keys !== undefined) {
    const keyDir = settings.KEY_DIR as string
    if (areTogether(values.keys, to) || areTogether(values.keys, keyDir))
      throw new UsageError(output.t('backup.keysInside'))
    await checkKeys(keyDir)
  }
  const { path, manifest, copies } = await withDatabase(call, (pool) =>
    takeBackup({
      pool,
      replicationUrl,
      blobDir,
      to,
      label,
      recheck: flags.verify ? 'all' : shareOf(new Date()),
      signal,
      onProgress: (stage, at) => output.progress(output.t(`backup.progress.${stage}`, { at })),
    }),
  )
  const keys = values.keys === undefined ? undefined : await copyKeys(settings.KEY_DIR as string, values.keys)
  const { base, content, log } = manifest
  const faulty = content.damaged.length > 0 || copies.rotten.length > 0
  const pruned = keep === undefined || faulty ? undefined : await pruneBackups(to, keep, values.wal)
  output.result(
    {
      path,
      ...manifest,
      copies,
      ...(keys === undefined ? {} : { keys: { path: values.keys, files: keys } }),
      ...(pruned ? { pruned } : {}),
    },
    [
      output.t('backup.done', { path }),
      output.t('backup.base', { files: base.files, lsn: base.endLsn, origin: log.origin, size: log.size }),
      output.t('backup.content', { files: content.files, bytes: content.bytes, copied: content.copied }),
      output.t('backup.rechecked', { files: copies.rechecked }),
      ...copies.mended.map((file) => output.t('backup.mended', { file })),
      ...copies.rotten.map((file) => output.t('backup.rotten', { file })),
      ...content.damaged.map((file) => output.t('backup.damaged', { file })),
      ...(pruned
        ? [output.t('backup.pruned', { count: pruned.backups.length, files: pruned.files, segments: pruned.segments })]
        : []),
      keys === undefined
        ? output.t('backup.noKeys')
        : output.t('backup.keys', { files: keys, path: values.keys ?? '' }),
    ],
  )
  return faulty ? EXIT_CODES.refused : EXIT_CODES.done
}

async function showArchive(call: Call): Promise<number> {
  const { output } = call
  const status = await withDatabase(call, readWalStatus)
  const verdict = judgeArchive(status)
  output.result({ verdict, ...status }, [
    output.t(`backup.wal.${verdict}`),
    output.t('backup.wal.status', {
      position: status.position,
      segment: status.segment,
      archived: status.last_archived ?? '-',
      at: shownTime(status.last_archived_at) || '-',
      failed: status.failed_count,
    }),
    ...(status.last_failed && verdict === 'failing'
      ? [output.t('backup.wal.failed', { segment: status.last_failed, at: shownTime(status.last_failed_at) })]
      : []),
  ])
  return verdict === 'good' ? EXIT_CODES.done : EXIT_CODES.refused
}
