import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { BusError } from '../../../libs/errors/index.ts'
import { faultOfWriting } from './write-fault.ts'

/** Whom a copied file is to belong to, where we may say so. */
export interface FileOwner {
  readonly uid?: number
  readonly gid?: number
}

/**
 * Copies a file whose SHA-256 is known: written aside, digested on the way, flushed, then renamed; the folder is the caller's to flush.
 * A copy that is there in its size stays as it is, unless `again`: content never changes, other files may, and copies rot.
 * @returns whether it was copied now
 * @throws BusError LT_BACKUP_DAMAGED when the source has another digest; LT_CLIENT_FOLDER_UNUSABLE when there is no room; what the file system says (ENOENT: it is gone)
 */
export async function copyFile(
  from: string,
  to: string,
  sha256: string,
  { owner = {}, again = false }: { readonly owner?: FileOwner; readonly again?: boolean } = {},
): Promise<boolean> {
  const [source, present] = await Promise.all([stat(from), sizeOf(to)])
  if (present === source.size && !again) return false
  const aside = `${to}.${randomUUID()}.part`
  const hash = createHash('sha256')
  const handle = await open(aside, 'wx', 0o600)
  try {
    await pipeline(createReadStream(from), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) {
        hash.update(chunk)
        await handle.writeFile(chunk)
      }
    })
    const found = hash.digest('hex')
    if (found !== sha256) throw new BusError('LT_BACKUP_DAMAGED', { path: from, reason: `SHA-256 is ${found}` })
    if (owner.uid !== undefined && owner.gid !== undefined) await handle.chown(owner.uid, owner.gid)
    await handle.sync()
    await handle.close()
    await rename(aside, to)
    return true
  } catch (error) {
    await handle.close()
    await rm(aside, { force: true })
    throw faultOfWriting(error, aside)
  }
}

/** Bytes of a file; `undefined` where there is none. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Makes names in a folder, and the folder's own name, survive a loss of power. */
export async function flushFolder(folder: string): Promise<void> {
  for (const path of [folder, dirname(folder)]) {
    const handle = await open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  }
}
