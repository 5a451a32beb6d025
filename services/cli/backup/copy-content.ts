import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isBusError } from '../../../libs/errors/index.ts'
import { makeFolder } from '../make-folder.ts'
import { copyFile } from './copy-file.ts'
import { flushNames } from './flush-names.ts'
import { writeList } from './write-list.ts'

/** What a copy of the content folder holds. */
export interface ContentCopy {
  readonly files: number
  readonly bytes: number
  /** Files that were not in the backup before. */
  readonly copied: number
  /** Files that have not the digest of their names: told and left out, since one of them must not stand in the way of all others. */
  readonly damaged: readonly string[]
  /** SHA-256 of the list of files, hex. */
  readonly listSha256: string
}

/** The shapes of names in a content folder. */
export const MONTH = /^\d{4}-\d{2}$/
export const DISPATCH = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
export const DIGEST = /^[0-9a-f]{64}$/

/**
 * Copies every kept file of the content folder `from` into `to` (`<yyyy-mm>/<dispatch>/<sha256>`), which several backups share: only what
 * is new is read, digested and flushed; the names of all of them are flushed at the end, those too that a run which was killed had
 * copied. Copies that are `rotten` are made anew. `list` gets a line `<path> <size>` for each file. What retention removes meanwhile is left out.
 */
export async function copyContent(
  from: string,
  to: string,
  list: string,
  {
    signal,
    onProgress,
    rotten = [],
  }: {
    readonly signal: AbortSignal
    readonly onProgress: (files: number) => void
    readonly rotten?: readonly string[]
  },
): Promise<ContentCopy> {
  const again = new Set(rotten)
  const digest = createHash('sha256')
  const damaged: string[] = []
  let [files, bytes, copied] = [0, 0, 0]
  await writeList(list, async (lines) => {
    for (const month of await namesIn(from, MONTH)) {
      await makeFolder(join(to, month))
      for (const dispatch of await namesIn(join(from, month), DISPATCH)) {
        signal.throwIfAborted()
        const folder = join(to, month, dispatch)
        let fresh = 0
        for (const name of await namesIn(join(from, month, dispatch), DIGEST)) {
          if (fresh === 0) await makeFolder(folder)
          const path = `${month}/${dispatch}/${name}`
          const size = await copyOne(join(from, path), join(to, path), name, again.has(path))
          if (size === 'gone') continue
          if (size === 'damaged') {
            damaged.push(path)
            continue
          }
          if (size.copied && !again.has(path)) fresh++
          files++
          bytes += size.bytes
          const line = `${path} ${size.bytes}\n`
          digest.update(line)
          await lines.add(line)
          onProgress(files)
        }
        copied += fresh
      }
    }
  })
  await flushNames(to, signal)
  return { files, bytes, copied, damaged, listSha256: digest.digest('hex') }
}

async function copyOne(
  from: string,
  to: string,
  sha256: string,
  again: boolean,
): Promise<{ bytes: number; copied: boolean } | 'gone' | 'damaged'> {
  try {
    const copied = await copyFile(from, to, sha256, { again })
    return { bytes: (await stat(to)).size, copied }
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException
    // Only the source may go: were the copies' own folder gone, all would be left out in silence.
    if (code === 'ENOENT' && path === from) return 'gone'
    if (isBusError(error, 'LT_BACKUP_DAMAGED')) return 'damaged'
    throw error
  }
}

/** Names of one shape in a folder, sorted; none where it is gone. */
export async function namesIn(folder: string, shape: RegExp): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => shape.test(name)).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
