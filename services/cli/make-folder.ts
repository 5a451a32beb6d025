import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { BusError } from '../../libs/errors/index.ts'

/**
 * Makes a folder, and those above it, for its owner alone. One at a time: Node's own recursive `mkdir` tries for ever where a file
 * system answers ENOENT to a new name, as /proc does. @throws BusError LT_CLIENT_FOLDER_UNUSABLE
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await make(resolve(path))
  } catch (cause) {
    throw new BusError('LT_CLIENT_FOLDER_UNUSABLE', { folder: path }, { cause })
  }
}

async function make(path: string): Promise<void> {
  if (await isFolder(path)) return
  if (dirname(path) !== path) await make(dirname(path))
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    if (!(await isFolder(path))) throw error
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}
