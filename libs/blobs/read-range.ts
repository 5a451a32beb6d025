import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { BusError } from '../errors/index.ts'
import { readError } from './disk-error.ts'

/** Half-open range of bytes: `start` is the first, `end` the one after the last. */
export interface ByteRange {
  readonly start?: number
  readonly end?: number
}

/** Small enough that hashing or decoding one chunk stays far under a millisecond. */
const CHUNK = 256 * 1024

interface Source {
  /** The file itself. */
  readonly file: string
  /** How errors name it: the store's own relative path. */
  readonly name: string
  /** Checked when the whole file is read. The last chunk is given only after the digest fits, so a damaged file never looks complete. */
  readonly sha256?: string
}

/**
 * Bytes of a file in chunks of at most 256 KB, each in a buffer of its own.
 * Raises LT_STORE_CONTENT_MISSING, LT_STORE_CONTENT_DAMAGED (wrong digest, or shorter than the range asked for).
 */
export async function* readRange(source: Source, range: ByteRange): AsyncGenerator<Buffer, void, undefined> {
  try {
    const handle = await open(source.file, constants.O_RDONLY | constants.O_NOFOLLOW)
    try {
      const { size } = await handle.stat()
      const start = range.start ?? 0
      const end = range.end ?? size
      if (!(start >= 0 && start <= end)) throw new RangeError('a range ends before it starts')
      if (end > size) throw new BusError('LT_STORE_CONTENT_DAMAGED', { path: source.name })
      const hash = source.sha256 !== undefined && start === 0 && end === size ? createHash('sha256') : undefined
      let at = start
      while (at < end) {
        const buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK, end - at))
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, at)
        if (bytesRead === 0) throw new BusError('LT_STORE_CONTENT_DAMAGED', { path: source.name })
        at += bytesRead
        const chunk = buffer.subarray(0, bytesRead)
        hash?.update(chunk)
        if (at === end && hash && hash.digest('hex') !== source.sha256) {
          throw new BusError('LT_STORE_CONTENT_DAMAGED', { path: source.name })
        }
        yield chunk
      }
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof RangeError) throw error
    throw readError(error, source.name)
  }
}
