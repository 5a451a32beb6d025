import { readdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { readCheckpoint } from '../backup/last-checkpoint.ts'
import { findBackup } from '../backup/manifest.ts'
import { type RestoreOptions, restoreBackup } from '../backup/restore-backup.ts'
import { type Call, type Command, EXIT_CODES, UsageError } from '../command.ts'
import { required } from '../command-line.ts'
import { operatorName } from '../operate/operator-name.ts'

/**
 * `lienthong restore --from FOLDER --to DATA_FOLDER --content FOLDER [--wal ARCHIVE] [--until TIME|LSN] [--last-checkpoint FILE]`: a
 * cluster and a content folder out of a backup, in empty places, with a new epoch of the log. Exit code 1 when content is missing.
 */
export const restoreCommand: Command = {
  options: {
    from: { type: 'string' },
    to: { type: 'string' },
    content: { type: 'string' },
    wal: { type: 'string' },
    until: { type: 'string' },
    'last-checkpoint': { type: 'string' },
    by: { type: 'string' },
  },
  async run(call) {
    const { output, values, signal } = call
    const from = required(call, 'from')
    const [data, content] = [resolve(required(call, 'to')), resolve(required(call, 'content'))]
    const [wal, until] = [readWal(call), readUntil(call)]
    const checkpoint = values['last-checkpoint']
    const lastSigned = checkpoint === undefined ? undefined : await readCheckpoint(checkpoint)
    const backup = resolve(await findBackup(from, await readdir(from)))
    const onProgress: RestoreOptions['onProgress'] = (stage, at) =>
      output.progress(output.t(`restore.progress.${stage}`, { at }))
    const operator = operatorName(call)
    const options = { backup, data, content, wal, until, lastSigned, operator, signal, onProgress }
    const restored = await restoreBackup(options)
    const { missing, files } = restored.content
    const { origin, restoredSize: size, restoredRoot: root } = restored.epoch
    output.result({ backup, data, ...restored }, [
      output.t('restore.done', { lsn: restored.lsn, data, content, files }),
      output.t('restore.epoch', { origin, size, root }),
      ...missing.map(({ path, dispatch_id }) => output.t('restore.missing', { path, dispatch: dispatch_id })),
      ...(missing.length > 0 ? [output.t('restore.missingCount', { count: missing.length })] : []),
      output.t('restore.next'),
    ])
    return missing.length > 0 ? EXIT_CODES.refused : EXIT_CODES.done
  },
}

function readWal({ values, output }: Call): string | undefined {
  const { wal } = values
  if (wal === undefined) return undefined
  const path = resolve(wal)
  if (!/^[\w./@:+,=-]+$/.test(path)) throw new UsageError(output.t('restore.badWal'))
  return path
}

function readUntil({ values, output }: Call): RestoreOptions['until'] {
  const { until } = values
  if (until === undefined) return undefined
  if (/^[0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8}$/.test(until)) return { lsn: until }
  const time = new Date(until)
  if (!/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*(?:Z|[+-]\d\d:?\d\d)$/.test(until) || Number.isNaN(time.getTime()))
    throw new UsageError(output.t('restore.badUntil'))
  return { time }
}
