import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { makeFolder } from '../make-folder.ts'
import { copyFile, flushFolder } from './copy-file.ts'

/**
 * Copies the key folder of the axis, each file flushed and readable by its owner alone, over an older one: keys are exchanged under the same name.
 * @returns how many files the copy holds
 */
export async function copyKeys(from: string, to: string): Promise<number> {
  await makeFolder(to)
  let files = 0
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) files += await copyKeys(source, target)
    if (!entry.isFile()) continue
    const sha256 = createHash('sha256')
      .update(await readFile(source))
      .digest('hex')
    await copyFile(source, target, sha256, { again: true })
    files++
  }
  await flushFolder(to)
  return files
}

/** Whether one of two folders lies in the other: whoever gets the archive must not get the keys with it. */
export function areTogether(one: string, other: string): boolean {
  const inside = (a: string, b: string): boolean => !/^\.\.(?:\/|$)/.test(relative(resolve(a), resolve(b)))
  return inside(one, other) || inside(other, one)
}
