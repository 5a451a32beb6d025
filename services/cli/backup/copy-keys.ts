import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { BusError } from '../../../libs/errors/index.ts'
import { RECEIPT_KEY_FILES } from '../../../libs/pipeline/index.ts'
import { makeFolder } from '../make-folder.ts'
import { copyFile, flushFolder } from './copy-file.ts'

/** Refuses a folder that holds no key to sign receipts with: it is not the one the axis uses. @throws BusError LT_BACKUP_KEYS_UNUSABLE */
export async function checkKeys(from: string): Promise<void> {
  const path = join(from, RECEIPT_KEY_FILES.receiptKey)
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  })
  if (!found?.isFile() || found.size === 0) throw new BusError('LT_BACKUP_KEYS_UNUSABLE', { path })
}

/**
 * Copies the key folder of the axis, each file flushed and readable by its owner alone, over an older one: keys are exchanged under the same
 * name. What links name is copied as files.
 * @returns how many files the copy holds
 * @throws BusError LT_BACKUP_KEYS_UNUSABLE for a link to a folder elsewhere, whose end nobody knows
 */
export async function copyKeys(from: string, to: string, root = from): Promise<number> {
  await makeFolder(to)
  let files = 0
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    const found = await stat(source)
    if (found.isDirectory()) {
      if (!entry.isSymbolicLink()) files += await copyKeys(source, target, root)
      // One inside is copied under its own name.
      else if (!isInside(await realpath(root), await realpath(source)))
        throw new BusError('LT_BACKUP_KEYS_UNUSABLE', { path: source })
    }
    if (!found.isFile()) continue
    const sha256 = createHash('sha256')
      .update(await readFile(source))
      .digest('hex')
    await copyFile(source, target, sha256, { again: true })
    files++
  }
  await flushFolder(to)
  return files
}

/** Whether one of two folders lies in the other, under whatever name: whoever gets the archive must not get the keys with it. */
export function areTogether(one: string, other: string): boolean {
  const [a, b] = [trueName(resolve(one)), trueName(resolve(other))]
  return isInside(a, b) || isInside(b, a)
}

function isInside(folder: string, path: string): boolean {
  return !/^\.\.(?:\/|$)/.test(relative(folder, path))
}

/** A path without links, also where its end is yet to be made. */
function trueName(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return join(trueName(dirname(path)), path.slice(dirname(path).length))
  }
}
