import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BusError } from '../../../libs/errors/index.ts'
import type { Queryable } from '../../../libs/store/index.ts'
import { firstSegment, namesInArchive, type Segment, segmentOf } from './archived-segments.ts'

/**
 * The newest segment of an archive.
 * @throws BusError LT_BACKUP_WAL_INCOMPLETE when nothing in it belongs behind the backup: another folder, or one that was lost
 */
export async function newestSegment(wal: string, backup: string): Promise<Segment> {
  const first = await firstSegment(backup)
  const newest = (await namesInArchive(wal))
    .filter((name) => segmentOf(name))
    .sort()
    .at(-1)
  const found = segmentOf(newest ?? '')
  if (!found || isBefore(found, first))
    throw new BusError('LT_BACKUP_WAL_INCOMPLETE', { path: wal, reason: `nothing from ${nameOf(first)} on` })
  return found
}

/**
 * Holds a cluster that has recovered to the archive it recovered along: PostgreSQL takes a segment that is missing or damaged for the end
 * of the log, and says nothing.
 * @throws BusError LT_BACKUP_WAL_INCOMPLETE
 */
export async function holdToArchive(database: Queryable, data: string, wal: string, newest: Segment): Promise<void> {
  const { rows } = await database.query<{ name: string }>('select pg_walfile_name(pg_current_wal_lsn()) as name')
  const now = segmentOf(rows[0]?.name ?? '')
  if (!now) throw new BusError('LT_BACKUP_WAL_INCOMPLETE', { path: wal, reason: 'no position' })
  const reached = { timeline: await parentOf(data, now.timeline), position: now.position }
  if (!isBefore(reached, newest)) return
  const reason = `it goes to ${nameOf(newest)}, and could be followed to ${nameOf(reached)}`
  throw new BusError('LT_BACKUP_WAL_INCOMPLETE', { path: wal, reason })
}

/** The timeline that one continues: the last line of its history. */
async function parentOf(data: string, timeline: string): Promise<string> {
  const lines = (await readFile(join(data, 'pg_wal', `${timeline}.history`), 'utf8')).split('\n')
  const parent = lines.filter((line) => /^\d+\t/.test(line)).at(-1) ?? '0'
  return Number.parseInt(parent, 10).toString(16).toUpperCase().padStart(8, '0')
}

function isBefore(one: Segment, other: Segment): boolean {
  return nameOf(one) < nameOf(other)
}

function nameOf({ timeline, position }: Segment): string {
  return timeline + position
}
