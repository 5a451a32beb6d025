import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BusError } from '../../../libs/errors/index.ts'
import { runProgram } from './run-program.ts'

/** What PostgreSQL's own manifest says of a base backup. */
export interface BaseBackup {
  readonly timeline: number
  readonly startLsn: string
  /** Every row committed before this position is in the copy. */
  readonly endLsn: string
  readonly files: number
  /** SHA-256 of `backup_manifest`, which holds the SHA-256 of each file; hex. */
  readonly manifestSha256: string
}

export interface BaseOptions {
  /** With a role that has REPLICATION. */
  readonly url: string
  readonly folder: string
  readonly label: string
  readonly signal: AbortSignal
  readonly onProgress: (text: string) => void
}

/**
 * Copies the cluster with the write-ahead log it needs (`-X stream`), checksums verified, every file digested and flushed.
 * @throws BusError LT_CONF_PROGRAM_MISSING, LT_BACKUP_PROGRAM_FAILED
 */
export async function takeBase({ url, folder, label, signal, onProgress }: BaseOptions): Promise<BaseBackup> {
  const { password, href } = withoutPassword(url)
  const args = [
    '-d',
    href,
    '-D',
    folder,
    '-F',
    'plain',
    '-X',
    'stream',
    '-c',
    'fast',
    '-l',
    label,
    '-P',
    '--no-password',
  ]
  await runProgram('pg_basebackup', [...args, '--manifest-checksums=SHA256'], {
    environment: { PGPASSWORD: password, PGAPPNAME: 'lienthong backup' },
    signal,
    onSaid: (text) =>
      onProgress(
        text
          .trim()
          .split(/[\r\n]/)
          .at(-1) ?? '',
      ),
  })
  return readBase(folder)
}

interface BaseManifest {
  readonly Files: readonly unknown[]
  readonly 'WAL-Ranges': readonly { Timeline: number; 'Start-LSN': string; 'End-LSN': string }[]
}

/** Reads what a base backup says of itself. @throws BusError LT_BACKUP_DAMAGED */
export async function readBase(folder: string): Promise<BaseBackup> {
  const path = join(folder, 'backup_manifest')
  try {
    const bytes = await readFile(path)
    const manifest = JSON.parse(bytes.toString()) as BaseManifest
    const range = manifest['WAL-Ranges'].at(-1)
    if (!range) throw new Error('no range of the write-ahead log')
    return {
      timeline: range.Timeline,
      startLsn: range['Start-LSN'],
      endLsn: range['End-LSN'],
      files: manifest.Files.length,
      manifestSha256: createHash('sha256').update(bytes).digest('hex'),
    }
  } catch (cause) {
    throw new BusError('LT_BACKUP_DAMAGED', { path, reason: (cause as Error).message }, { cause })
  }
}

/** Anybody may read a command line. */
function withoutPassword(url: string): { href: string; password: string } {
  const found = /^(postgres(?:ql)?:\/\/[^:@/]*):([^@/]*)(@.*)$/.exec(url)
  if (!found) return { href: url, password: '' }
  const [, head = '', password = '', tail = ''] = found
  return { href: head + tail, password: decodeURIComponent(password) }
}
