import { BusError } from '../errors/index.ts'

export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** The coded form of what the file system said while writing: no room (quota included), or a disk that cannot be trusted now. */
export function writeError(error: unknown): BusError {
  if (error instanceof BusError) return error
  const errno = errnoOf(error)
  const full = errno === 'ENOSPC' || errno === 'EDQUOT'
  return new BusError(full ? 'LT_STORE_DISK_FULL' : 'LT_STORE_UNAVAILABLE', {}, { cause: error })
}

/** The coded form of what the file system said while reading `path`. EIO means that bytes once synced are gone. */
export function readError(error: unknown, path: string): BusError {
  if (error instanceof BusError) return error
  const errno = errnoOf(error)
  if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP') {
    return new BusError('LT_STORE_CONTENT_MISSING', { path }, { cause: error })
  }
  if (errno === 'EIO') return new BusError('LT_STORE_CONTENT_DAMAGED', { path }, { cause: error })
  return new BusError('LT_STORE_UNAVAILABLE', {}, { cause: error })
}
