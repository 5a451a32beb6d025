import { createHash } from 'node:crypto'
import { type FileHandle, open, rename, statfs, unlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { BusError } from '../errors/index.ts'
import { uuidv7 } from '../model/index.ts'
import { sabotaged } from '../runtime/index.ts'
import { dispatchFolder } from './blob-path.ts'
import { errnoOf, writeError } from './disk-error.ts'
import type { FolderMaker } from './make-folder.ts'
import { type ByteRange, readRange } from './read-range.ts'
import type { FolderSync } from './sync-folder.ts'

/** What is known of a part once its last byte has arrived. `bytes` only when it is small enough to lie in the database. */
export interface StagedDigest {
  readonly sha256: Buffer
  readonly size: number
  readonly bytes?: Buffer
}

/** A part that is safe: small ones as `bytes` for the database row, others as a `path` to give to `BlobStore.read`. */
export interface StoredBlob {
  readonly sha256: Buffer
  readonly size: number
  readonly bytes?: Buffer
  readonly path?: string
}

/** One part on its way in. Every failure is a coded error (LT_STORE_DISK_FULL, LT_STORE_UNAVAILABLE). */
export interface StagedBlob {
  /** Takes the next bytes; they must not change afterwards. Wait for what it returns before the next call: that is the back-pressure. */
  write(chunk: Uint8Array): Promise<void> | undefined
  /** No more bytes. May be called again and gives the same answer. */
  finish(): Promise<StagedDigest>
  /** The bytes as staged, after `finish` and until `discard`; after `keep`, from their final place. */
  read(range?: ByteRange): AsyncIterable<Uint8Array>
  /** Path of the file the part lies in, after `finish`, for readers that need random access; only where there are no `bytes`. */
  file(): string
  /** Puts the part under a dispatch. When this resolves the content survives a loss of power; commit the row only then. */
  keep(dispatchId: string): Promise<StoredBlob>
  /** Removes what was not kept. May be called at any time and any number of times; after `keep` it does nothing. */
  discard(): Promise<void>
}

export interface StageContext {
  readonly dir: string
  readonly incoming: string
  readonly inlineLimit: number
  readonly minFreeBytes: number
  readonly folders: FolderMaker
  readonly sync: FolderSync
}

const GATHER_BYTES = 1024 * 1024
const GATHER_CHUNKS = 512

export class Staging implements StagedBlob {
  readonly #context: StageContext
  readonly #name = uuidv7()
  readonly #hash = createHash('sha256')
  #size = 0
  #chunks: Uint8Array[] = []
  #gathered = 0
  #onDisk = false
  #handle: FileHandle | undefined
  /** Never rejects: a failure is remembered and thrown to the next caller. */
  #tail: Promise<void> = Promise.resolve()
  #failure: BusError | undefined
  #digest: Promise<StagedDigest> | undefined
  #kept: Promise<StoredBlob> | undefined
  #keptPath: string | undefined
  #discarded: Promise<void> | undefined

  constructor(context: StageContext) {
    this.#context = context
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#digest || this.#discarded) throw new TypeError('write after finish or discard')
    if (this.#failure) throw this.#failure
    if (chunk.length === 0) return undefined
    this.#hash.update(chunk)
    this.#size += chunk.length
    this.#gathered += chunk.length
    this.#chunks.push(chunk)
    if (!this.#onDisk && this.#size > this.#context.inlineLimit) {
      this.#onDisk = true
      this.#after(() => this.#open())
    }
    const many = this.#chunks.length >= GATHER_CHUNKS
    if (!this.#onDisk) {
      if (many) this.#chunks = [Buffer.concat(this.#chunks)]
      return undefined
    }
    if (this.#gathered < GATHER_BYTES && !many) return undefined
    // The caller waits for the batch before this one: one batch is gathered while one is being written.
    const before = this.#tail
    this.#flush()
    return before.then(() => this.#check())
  }

  finish(): Promise<StagedDigest> {
    if (this.#discarded) throw new TypeError('finish after discard')
    this.#digest ??= this.#finish()
    return this.#digest
  }

  async *read(range: ByteRange = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const { bytes } = await this.#finished()
    if (bytes) {
      if (bytes.length > 0) yield bytes.subarray(range.start, range.end)
      return
    }
    const file = this.file()
    yield* readRange({ file, name: basename(file) }, range)
  }

  file(): string {
    return join(this.#context.dir, this.#keptPath ?? `incoming/${this.#name}`)
  }

  keep(dispatchId: string): Promise<StoredBlob> {
    if (this.#discarded) throw new TypeError('keep after discard')
    this.#kept ??= this.#keep(dispatchId)
    return this.#kept
  }

  discard(): Promise<void> {
    this.#discarded ??= this.#discard()
    return this.#discarded
  }

  #check(): void {
    if (this.#failure) throw this.#failure
  }

  #finished(): Promise<StagedDigest> {
    if (!this.#digest) throw new TypeError('read or keep before finish')
    return this.#digest
  }

  #after(step: () => Promise<void>): void {
    this.#tail = this.#tail.then(async () => {
      if (this.#failure) return
      try {
        await step()
      } catch (error) {
        this.#failure = writeError(error)
      }
    })
  }

  #flush(): void {
    const chunks = this.#chunks
    const total = this.#gathered
    this.#chunks = []
    this.#gathered = 0
    this.#after(() => this.#writeOut(chunks, total))
  }

  async #open(): Promise<void> {
    const { incoming, minFreeBytes } = this.#context
    if (minFreeBytes > 0) {
      const { bavail, bsize } = await statfs(incoming)
      if (bavail * bsize < minFreeBytes) throw new BusError('LT_STORE_DISK_FULL')
    }
    this.#handle = await open(join(incoming, this.#name), 'wx', 0o640)
  }

  async #writeOut(chunks: Uint8Array[], total: number): Promise<void> {
    const handle = this.#handle as FileHandle
    let { bytesWritten } = await handle.writev(chunks)
    if (bytesWritten === total) return
    // A short write: the rest once more, so that the next call says why (most often ENOSPC).
    const all = Buffer.concat(chunks)
    while (bytesWritten < total) bytesWritten += (await handle.write(all, bytesWritten)).bytesWritten
  }

  async #finish(): Promise<StagedDigest> {
    const sha256 = this.#hash.digest()
    if (!this.#onDisk) {
      this.#check()
      const bytes = Buffer.concat(this.#chunks)
      this.#chunks = []
      return { sha256, size: this.#size, bytes }
    }
    if (this.#gathered > 0) this.#flush()
    await this.#tail
    this.#check()
    return { sha256, size: this.#size }
  }

  async #keep(dispatchId: string): Promise<StoredBlob> {
    const { incoming, folders, sync } = this.#context
    const { folder } = dispatchFolder(dispatchId)
    const digest = await this.#finished()
    if (digest.bytes) return digest
    const handle = this.#handle as FileHandle
    try {
      const synced = sabotaged('skip-fdatasync') ? undefined : handle.datasync()
      const [target] = await Promise.all([folders.make(dispatchId), synced])
      const sha256 = digest.sha256.toString('hex')
      await rename(join(incoming, this.#name), join(target, sha256))
      this.#keptPath = `${folder}/${sha256}`
      await sync.sync(target)
      await this.#close()
      return { ...digest, path: this.#keptPath }
    } catch (error) {
      throw writeError(error)
    }
  }

  async #discard(): Promise<void> {
    // Whoever asked for the keep has its error; here it only matters that it has ended.
    if (this.#kept) await Promise.allSettled([this.#kept])
    await this.#tail
    this.#chunks = []
    try {
      if (!this.#handle) return
      await this.#close()
      if (!this.#keptPath) await unlink(join(this.#context.incoming, this.#name))
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw writeError(error)
    }
  }

  async #close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }
}
