import { type ClientFault, faultOf } from '../../libs/client/index.ts'
import { BusError } from '../../libs/errors/index.ts'

const READING = new Set(['open', 'stat', 'lstat', 'read', 'access', 'scandir', 'opendir', 'readlink'])
const WRITING = new Set(['mkdir', 'mkdtemp', 'rename', 'write', 'writev', 'fsync', 'fdatasync', 'ftruncate', 'unlink'])
const MORE_WRITING = new Set([
  'rm',
  'rmdir',
  'copyfile',
  'copy_file_range',
  'link',
  'symlink',
  'chmod',
  'fchmod',
  'chown',
])
/** What only somebody who writes is told, whichever call it is. */
const NO_ROOM = new Set(['EROFS', 'ENOSPC', 'EDQUOT'])

/** What the file system refused, in the words of the catalogue; `undefined` for any other error. */
export function faultOfFile(error: unknown): ClientFault | undefined {
  if (!(error instanceof Error)) return undefined
  const { code = '', syscall = '', path = '' } = error as NodeJS.ErrnoException
  if (WRITING.has(syscall) || MORE_WRITING.has(syscall) || (NO_ROOM.has(code) && READING.has(syscall))) {
    return faultOf(new BusError('LT_CLIENT_FOLDER_UNUSABLE', { folder: path }, { cause: error }))
  }
  if (!READING.has(syscall)) return undefined
  return faultOf(new BusError('LT_CLIENT_FILE_UNREADABLE', { file: path }, { cause: error }))
}
