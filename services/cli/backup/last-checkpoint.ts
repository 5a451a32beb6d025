import { readFile } from 'node:fs/promises'
import { BusError } from '../../../libs/errors/index.ts'

/** The first three lines of a checkpoint (C2SP tlog-checkpoint). */
export interface LastCheckpoint {
  readonly origin: string
  readonly size: number
  /** Hex. */
  readonly root: string
}

/** Reads a checkpoint as the axis published it. Its signatures are the business of whoever verifies. @throws BusError LT_BACKUP_CHECKPOINT_UNREADABLE */
export async function readCheckpoint(path: string): Promise<LastCheckpoint> {
  try {
    const [origin = '', size = '', root = ''] = (await readFile(path, 'utf8')).split('\n')
    const bytes = Buffer.from(root, 'base64')
    if (
      origin === '' ||
      !/^(?:0|[1-9]\d{0,14})$/.test(size) ||
      bytes.length !== 32 ||
      bytes.toString('base64') !== root
    )
      throw new Error('no origin, size and root')
    return { origin, size: Number(size), root: bytes.toString('hex') }
  } catch (cause) {
    throw new BusError('LT_BACKUP_CHECKPOINT_UNREADABLE', { path }, { cause })
  }
}
