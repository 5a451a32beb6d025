import { constants } from 'node:fs'
import { access, mkdir, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { BusError } from '../errors/index.ts'
import { dispatchFolder, isBlobPath } from './blob-path.ts'
import { errnoOf, writeError } from './disk-error.ts'
import { findOrphans, type OrphanSearch, sweepIncoming } from './find-orphans.ts'
import { FolderMaker } from './make-folder.ts'
import { measureFile } from './measure-file.ts'
import { emptyQuarantine, quarantine } from './quarantine.ts'
import { type ByteRange, readRange } from './read-range.ts'
import { type StageContext, type StagedBlob, Staging } from './staged-blob.ts'
import { FolderSync } from './sync-folder.ts'

export interface BlobStoreOptions {
  /** Folder of the store; made when missing. Everything in it lies on one file system. */
  readonly dir: string
  /** Parts up to this many bytes stay in memory and are given back as `bytes`. Default 16384. */
  readonly inlineLimit?: number
  /** A new file is refused with LT_STORE_DISK_FULL while fewer bytes are free. Default 0: only when the disk says so. */
  readonly minFreeBytes?: number
}

/** Where the bytes of parts lie that are too large for a database row. */
export interface BlobStore {
  /** Begins to take in one part. End it with `keep` or `discard`. */
  stage(): StagedBlob
  /**
   * Bytes of a kept part, in chunks of at most 256 KB. A whole read is checked against the digest in the path before its last
   * chunk is given. The stream fails with LT_STORE_CONTENT_MISSING or LT_STORE_CONTENT_DAMAGED.
   */
  read(path: string, range?: ByteRange): Readable
  /** Bytes of a kept file; undefined when there is none. @throws BusError LT_STORE_UNAVAILABLE */
  measure(path: string): Promise<number | undefined>
  /** Deletes the content of a dispatch; resolves once the deletion itself is on disk. No error when there is none. */
  remove(dispatchId: string): Promise<void>
  /** Ids of dispatches with content here and no row anywhere; the caller puts them aside. */
  listOrphans(search: OrphanSearch): AsyncIterable<string>
  /** Moves the content of a dispatch out of the store, into `orphans/<day>/`; nothing is deleted. */
  quarantine(dispatchId: string): Promise<void>
  /** Deletes what was put aside before a day; says how many days' folders that were. */
  emptyQuarantine(before: Date): Promise<number>
  /** Removes half-received files nobody has written to for so many milliseconds; says how many. */
  sweepIncoming(olderThanMs: number): Promise<number>
}

/** Opens a content store. Raises LT_STORE_NOT_WRITABLE when its folder cannot be made or written. */
export async function openBlobStore(options: BlobStoreOptions): Promise<BlobStore> {
  const dir = resolve(options.dir)
  const incoming = join(dir, 'incoming')
  const sync = new FolderSync()
  try {
    const firstNew = await mkdir(incoming, { recursive: true, mode: 0o750 })
    await syncDownTo(sync, dir, firstNew)
    await access(dir, constants.R_OK | constants.W_OK | constants.X_OK)
    await access(incoming, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new BusError('LT_STORE_NOT_WRITABLE', { folder: dir }, { cause: error })
  }
  const { inlineLimit = 16384, minFreeBytes = 0 } = options
  const context: StageContext = { dir, incoming, inlineLimit, minFreeBytes, sync, folders: new FolderMaker(dir, sync) }
  return {
    stage: () => new Staging(context),
    read: (path, range = {}) => Readable.from(readKept(dir, path, range), { objectMode: false }),
    measure: (path) => measureFile(dir, path),
    remove: (dispatchId) => remove(dir, sync, dispatchId),
    listOrphans: (search) => findOrphans(dir, search),
    quarantine: (dispatchId) => quarantine(dir, sync, dispatchId, new Date()),
    emptyQuarantine: (before) => emptyQuarantine(dir, before),
    sweepIncoming: (olderThanMs) => sweepIncoming(incoming, olderThanMs),
  }
}

/** Syncs the parents of every folder that was newly made, from the highest down, and the store's own folder in any case. */
async function syncDownTo(sync: FolderSync, dir: string, firstNew: string | undefined): Promise<void> {
  const parents = [dir]
  const top = firstNew === undefined ? dir : dirname(firstNew)
  for (let folder = dir; folder.length > top.length; ) {
    folder = dirname(folder)
    parents.unshift(folder)
  }
  for (const folder of parents) await sync.sync(folder)
}

async function* readKept(dir: string, path: string, range: ByteRange): AsyncGenerator<Buffer, void, undefined> {
  if (!isBlobPath(path)) throw new BusError('LT_STORE_CONTENT_MISSING', { path })
  yield* readRange({ file: join(dir, path), name: path, sha256: path.slice(-64) }, range)
}

async function remove(dir: string, sync: FolderSync, dispatchId: string): Promise<void> {
  const { month, folder } = dispatchFolder(dispatchId)
  try {
    await rm(join(dir, folder), { recursive: true, force: true })
    await sync.sync(join(dir, month))
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw writeError(error)
  }
}
