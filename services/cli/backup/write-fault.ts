import { BusError } from '../../../libs/errors/index.ts'

const ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EIO'])

/** What a write through an open file was refused, with the name that Node leaves out; any other error as it is. */
export function faultOfWriting(error: unknown, path: string): unknown {
  if (!ROOM.has((error as NodeJS.ErrnoException).code ?? '')) return error
  return new BusError('LT_CLIENT_FOLDER_UNUSABLE', { folder: path }, { cause: error })
}
