import type { Queryable } from './pool.ts'

export interface LogCursor {
  readonly epoch: number
  /** Index of the next leaf to read. */
  readonly index: number
}

/** Where a reader of the log stands; a reader that is new stands at the beginning of the first epoch. */
export async function readLogCursor(database: Queryable, reader: string): Promise<LogCursor> {
  const { rows } = await database.query<LogCursor>({
    name: 'read-log-cursor',
    text: 'select epoch, index from log_cursor where reader = $1',
    values: [reader],
  })
  return rows[0] ?? { epoch: 0, index: 0 }
}

export interface LogEntry {
  readonly epoch: number
  readonly index: number
  readonly id: string
  readonly event: string
  readonly event_time: Date
  readonly dispatch_id: string | null
  readonly consignment_id: string | null
}

/** Sequenced entries from the cursor on, in log order; an epoch that ended is followed by the next one. */
export async function readLog(database: Queryable, cursor: LogCursor, limit: number): Promise<LogEntry[]> {
  const { rows } = await database.query<LogEntry>({
    name: 'read-log',
    text: `select l.epoch, l.index, e.id, e.event, e.event_time, e.dispatch_id, e.consignment_id
      from (
        select epoch, index, entry_id from log_leaf where (epoch, index) >= ($1, $2) order by epoch, index limit $3
      ) l cross join lateral (select * from audit_entry e where e.id = l.entry_id offset 0) e
      order by l.epoch, l.index`,
    values: [cursor.epoch, cursor.index, limit],
  })
  return rows
}
