import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { isBlobPath } from './blob-path.ts'
import { errnoOf, readError } from './disk-error.ts'

/** Size in bytes of a kept file; undefined when there is none, or something else in its place. @throws BusError LT_STORE_UNAVAILABLE */
export async function measureFile(dir: string, path: string): Promise<number | undefined> {
  if (!isBlobPath(path)) return undefined
  try {
    const found = await lstat(join(dir, path))
    return found.isFile() ? found.size : undefined
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined
    throw readError(error, path)
  }
}
