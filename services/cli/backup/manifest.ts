import { open, readFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { BusError } from '../../../libs/errors/index.ts'
import type { ContentCopy } from './copy-content.ts'
import { flushFolder } from './copy-file.ts'
import type { BaseBackup } from './take-base.ts'
import { faultOfWriting } from './write-fault.ts'

/** Of what shape a backup is; a program refuses shapes it does not know. */
export const BACKUP_FORMAT = 1

/** What a backup is: `manifest.json` beside it. Times are ISO 8601 in UTC by the clock of the machine that took it. */
export interface BackupManifest {
  readonly format: number
  readonly label: string
  readonly database: string
  readonly serverVersion: string
  /** The newest migration of the schema. */
  readonly schema: string
  /** The log as it was before the base backup began: the restored one is never shorter. */
  readonly log: { readonly epoch: number; readonly origin: string; readonly size: number }
  readonly base: BaseBackup & Span
  /** Its `begun` is never before the base's `ended`: so the content of every row of the base is there. */
  readonly content: ContentCopy & Span
}

export interface Span {
  readonly begun: string
  readonly ended: string
}

const NAME = 'manifest.json'

/** Writes the manifest last and flushed: a folder without one is no backup. */
export async function writeManifest(folder: string, manifest: BackupManifest): Promise<void> {
  const path = join(folder, NAME)
  const handle = await open(`${path}.part`, 'w', 0o600)
  try {
    await handle.writeFile(`${JSON.stringify(manifest, null, 2)}\n`)
    await handle.sync()
  } catch (error) {
    throw faultOfWriting(error, path)
  } finally {
    await handle.close()
  }
  await rename(`${path}.part`, path)
  await flushFolder(folder)
}

/** Reads a manifest and holds it to its order. @throws BusError LT_BACKUP_DAMAGED, also when there is none */
export async function readManifest(folder: string): Promise<BackupManifest> {
  const manifest = await lookForManifest(folder)
  if (!manifest) throw new BusError('LT_BACKUP_DAMAGED', { path: folder, reason: `no ${NAME} in it` })
  return manifest
}

/** The same; `undefined` where there is no manifest, so that it is no backup. @throws BusError LT_BACKUP_DAMAGED */
async function lookForManifest(folder: string): Promise<BackupManifest | undefined> {
  const path = join(folder, NAME)
  const damaged = (reason: string, cause?: unknown): BusError =>
    new BusError('LT_BACKUP_DAMAGED', { path, reason }, { cause })
  let manifest: BackupManifest
  try {
    manifest = JSON.parse(await readFile(path, 'utf8')) as BackupManifest
  } catch (cause) {
    if (cause instanceof SyntaxError) throw damaged(cause.message, cause)
    if (['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '')) return undefined
    throw cause
  }
  if (manifest?.format !== BACKUP_FORMAT) throw damaged(`format ${manifest?.format} is not ${BACKUP_FORMAT}`)
  const { base, content, log, database } = manifest
  const texts = [base?.endLsn, base?.manifestSha256, base?.ended, content?.begun, content?.ended, content?.listSha256]
  if (![...texts, log?.origin, database].every((text) => typeof text === 'string' && text !== ''))
    throw damaged('a field is missing')
  if (!(Date.parse(base.ended) <= Date.parse(content.begun)))
    throw damaged('the content was copied before the base backup had ended')
  return manifest
}

/** A backup that is whole. */
export interface FoundBackup {
  readonly name: string
  readonly path: string
  readonly manifest: BackupManifest
}

/**
 * The backups among the names in a folder, oldest first. What has no manifest is none; one whose manifest cannot be used stops it, since
 * nobody knows how old that one is and what it needs.
 * @throws BusError LT_BACKUP_DAMAGED
 */
export async function listBackups(folder: string, names: readonly string[]): Promise<FoundBackup[]> {
  const found: FoundBackup[] = []
  for (const name of names) {
    const path = join(folder, name)
    const manifest = await lookForManifest(path)
    if (manifest) found.push({ name, path, manifest })
  }
  return found.sort((a, b) => a.manifest.content.ended.localeCompare(b.manifest.content.ended))
}

/** The newest whole backup under a folder, or the folder itself where it is one. @throws BusError LT_BACKUP_DAMAGED */
export async function findBackup(folder: string, names: readonly string[]): Promise<string> {
  if (names.includes(NAME)) return folder
  const newest = (await listBackups(folder, names)).at(-1)
  if (!newest) throw new BusError('LT_BACKUP_DAMAGED', { path: folder, reason: `no ${NAME} in it` })
  return newest.path
}

/** The folder with the content of a backup: beside it, shared with the others. */
export function contentOf(backup: string): string {
  return join(dirname(backup), 'content')
}
