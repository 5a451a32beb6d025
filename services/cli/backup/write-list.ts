import { open } from 'node:fs/promises'
import { faultOfWriting } from './write-fault.ts'

const HELD = 64 * 1024

/** A file that is written line by line. */
export interface ListFile {
  /** @throws BusError LT_CLIENT_FOLDER_UNUSABLE when the disk has no room for it */
  readonly add: (line: string) => Promise<void>
}

/**
 * Writes a list while `work` names its lines; flushed and closed when this answers.
 * @throws BusError LT_CLIENT_FOLDER_UNUSABLE when the disk has no room for it
 */
export async function writeList(path: string, work: (list: ListFile) => Promise<void>): Promise<void> {
  const handle = await open(path, 'w', 0o600)
  let held = ''
  const write = async (): Promise<void> => {
    try {
      await handle.writeFile(held)
      held = ''
    } catch (error) {
      throw faultOfWriting(error, path)
    }
  }
  try {
    await work({
      add: async (line) => {
        held += line
        if (held.length >= HELD) await write()
      },
    })
    await write()
    await handle.sync().catch((error: unknown) => {
      throw faultOfWriting(error, path)
    })
  } finally {
    await handle.close()
  }
}
