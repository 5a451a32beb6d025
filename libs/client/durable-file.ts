import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Content, readContent } from './content-source.ts'
import { ClientError, localError } from './transport/client-error.ts'

/**
 * Writes a file that is there whole or not at all, also after a loss of power: temporary file, fsync, rename, fsync of the folder.
 * @throws ClientError LT_CLIENT_FOLDER_UNUSABLE, LT_CLIENT_FILE_UNREADABLE
 */
export async function writeDurably(path: string, content: Content, mode = 0o600): Promise<void> {
  await guarded(path, async () => {
    await makeFolder(dirname(path))
    await writeSynced(`${path}.new`, content, mode)
    await rename(`${path}.new`, path)
    await syncFolder(dirname(path))
  })
}

/** Writes a file and its bytes to the disk; its name is safe only once the folder was synced. */
export async function writeSynced(path: string, content: Content, mode = 0o600): Promise<void> {
  const file = await guarded(path, () => open(path, 'w', mode))
  try {
    for await (const chunk of readContent(content)) await guarded(path, () => file.writeFile(chunk))
    await guarded(path, () => file.sync())
  } finally {
    await file.close()
  }
}

/** A folder, made with those above it; all of them are there after a loss of power too. */
export async function makeFolder(path: string): Promise<void> {
  await guarded(path, async () => {
    const first = await mkdir(path, { recursive: true, mode: 0o700 })
    if (first === undefined) return
    for (let made = path; made !== dirname(first); made = dirname(made)) await syncFolder(dirname(made))
  })
}

/** Moves a finished folder to where it is looked for, in one step that survives a loss of power. */
export async function moveFolder(from: string, to: string): Promise<void> {
  await guarded(to, async () => {
    await syncFolder(from)
    await rename(from, to)
    await syncFolder(dirname(to))
    if (dirname(from) !== dirname(to)) await syncFolder(dirname(from))
  })
}

/** Names in a folder, in order; none when it is not there. */
export async function listFolder(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort()
  } catch (cause) {
    if (isMissing(cause)) return []
    throw localError('LT_CLIENT_FOLDER_UNUSABLE', { folder: path }, { cause })
  }
}

/** The JSON a file of ours holds; `undefined` when it is not there. */
export async function readJson<T>(folder: string, name: string): Promise<T | undefined> {
  const path = join(folder, name)
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T
  } catch (cause) {
    if (isMissing(cause)) return undefined
    throw localError('LT_CLIENT_FILE_UNREADABLE', { file: path }, { cause })
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof ClientError) throw cause
    throw localError('LT_CLIENT_FOLDER_UNUSABLE', { folder: path }, { cause })
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
