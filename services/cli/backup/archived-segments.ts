import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BusError } from '../../../libs/errors/index.ts'

/** A segment of the write-ahead log. Both fields are hexadecimal of fixed length: their order as text is their order. */
export interface Segment {
  readonly timeline: string
  /** Its place in the log, whatever the timeline. */
  readonly position: string
}

const SEGMENT = /^([0-9A-F]{8})([0-9A-F]{16})$/
const STARTED_IN = /^START WAL LOCATION: .* \(file ([0-9A-F]{24})\)$/m

/** Which segment a name is of; `undefined` for other files of an archive. */
export function segmentOf(name: string): Segment | undefined {
  const [, timeline, position] = SEGMENT.exec(name) ?? []
  return timeline && position ? { timeline, position } : undefined
}

/** Names in an archive folder. @throws BusError LT_BACKUP_WAL_INCOMPLETE when there is no such folder */
export async function namesInArchive(wal: string): Promise<string[]> {
  try {
    return await readdir(wal)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw cause
    throw new BusError('LT_BACKUP_WAL_INCOMPLETE', { path: wal, reason: 'no such folder' }, { cause })
  }
}

/** The segment from which on a backup needs the archive, by its `backup_label`. @throws BusError LT_BACKUP_DAMAGED */
export async function firstSegment(backup: string): Promise<Segment> {
  const path = join(backup, 'postgres', 'backup_label')
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw cause
    throw new BusError('LT_BACKUP_DAMAGED', { path, reason: 'not there' }, { cause })
  })
  const found = segmentOf(STARTED_IN.exec(text)?.[1] ?? '')
  if (!found) throw new BusError('LT_BACKUP_DAMAGED', { path, reason: 'names no segment' })
  return found
}
