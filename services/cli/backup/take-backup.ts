import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { BusError } from '../../../libs/errors/index.ts'
import { sabotaged } from '../../../libs/runtime/index.ts'
import { type Pool, readLogEnd } from '../../../libs/store/index.ts'
import { makeFolder } from '../make-folder.ts'
import { type ContentCopy, copyContent } from './copy-content.ts'
import { flushFolder } from './copy-file.ts'
import { BACKUP_FORMAT, type BackupManifest, type Span, writeManifest } from './manifest.ts'
import { needContent } from './need-content.ts'
import { PRUNING } from './prune-backups.ts'
import { recheckCopies, type Share, wholeAgain } from './recheck-copies.ts'
import { takeBase } from './take-base.ts'

export interface BackupOptions {
  /** With the rights of `lt_cli`, for questions. */
  readonly pool: Pool
  /** With a role that has REPLICATION. */
  readonly replicationUrl: string
  readonly blobDir: string
  /** Holds all backups, and the content they share. */
  readonly to: string
  readonly label: string
  /** Which copies of earlier backups are read again. */
  readonly recheck: Share
  readonly signal: AbortSignal
  readonly onProgress: (stage: 'base' | 'recheck' | 'content', at: string) => void
}

/**
 * Takes one backup: the cluster first, **then** the content. Content is on disk before its row commits (P1) and files never change, so
 * a copy that begins after the base backup has ended holds the content of every row in it. Named at its end: what has a manifest is whole.
 * One that fails leaves nothing but content. Copies of earlier ones are read again and, where they rotted, made anew from what is kept.
 * @returns where it lies, and what came of the copies that were read again
 * @throws BusError LT_BACKUP_…, LT_CONF_PROGRAM_MISSING
 */
export async function takeBackup(
  options: BackupOptions,
): Promise<{ path: string; manifest: BackupManifest; copies: RecheckedCopies }> {
  const { pool, to, label, onProgress, signal } = options
  const path = join(to, label)
  const partial = `${path}.partial`
  await makeFolder(join(to, 'content'))
  if ((await readdir(to)).includes(label)) throw new BusError('LT_BACKUP_PLACE_IN_USE', { path })
  await mkdir(partial, { mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'EEXIST' ? new BusError('LT_BACKUP_UNFINISHED', { path: partial }, { cause }) : cause
  })
  try {
    if ((await readdir(to)).includes(PRUNING)) throw new BusError('LT_BACKUP_UNFINISHED', { path: join(to, PRUNING) })
    await needContent(pool, options.blobDir)
    const before = await describeAxis(pool)
    const rechecked = await recheckCopies(join(to, 'content'), options.recheck, {
      signal,
      onProgress: (files) => onProgress('recheck', String(files)),
    })
    const early = sabotaged('backup-content-first') ? await content(rechecked.rotten) : undefined
    const base = await timed(() =>
      takeBase({
        url: options.replicationUrl,
        folder: join(partial, 'postgres'),
        label,
        signal,
        onProgress: (at) => onProgress('base', at),
      }),
    )
    const manifest = {
      format: BACKUP_FORMAT,
      label,
      ...before,
      base,
      content: early ?? (await content(rechecked.rotten)),
    }
    await writeManifest(partial, manifest)
    await rename(partial, path)
    await flushFolder(path)
    const mended = await wholeAgain(join(to, 'content'), rechecked.rotten)
    return { path, manifest, copies: { rechecked: rechecked.files, ...mended } }
  } catch (error) {
    // What failed holds room that the next one needs, and would stop every later pruning.
    await rm(partial, { recursive: true, force: true })
    throw error
  }

  function content(rotten: readonly string[]): Promise<ContentCopy & Span> {
    const report = { signal, rotten, onProgress: (files: number) => onProgress('content', String(files)) }
    return timed(() => copyContent(options.blobDir, join(to, 'content'), join(partial, 'content.txt'), report))
  }
}

/** What came of copies that were read again: paths within the content of the backups. */
export interface RecheckedCopies {
  readonly rechecked: number
  /** They had rotted and were made anew. */
  readonly mended: readonly string[]
  /** They rotted, and what they were made of is gone or damaged as well. */
  readonly rotten: readonly string[]
}

type Axis = Pick<BackupManifest, 'database' | 'serverVersion' | 'schema' | 'log'>

async function describeAxis(pool: Pool): Promise<Axis> {
  const { rows } = await pool.query<Omit<Axis, 'log'>>(
    `select current_database() as database, current_setting('server_version') as "serverVersion",
       (select max(name) from schema_migration) as schema`,
  )
  const { epoch, origin, nextIndex } = await readLogEnd(pool)
  return { ...(rows[0] as Omit<Axis, 'log'>), log: { epoch, origin, size: nextIndex } }
}

async function timed<T extends object>(work: () => Promise<T>): Promise<T & Span> {
  const begun = new Date().toISOString()
  const done = await work()
  return { ...done, begun, ended: new Date().toISOString() }
}
