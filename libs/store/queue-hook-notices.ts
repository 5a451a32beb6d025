import type { Queryable } from './pool.ts'
import type { LogCursor } from './read-log.ts'

/** What one sender is to be told, a place in the log. */
export interface HookNotice {
  readonly system_id: string
  readonly epoch: number
  readonly index: number
  readonly entry_id: string
  readonly event: string
  readonly event_time: string
  readonly dispatch_id: string
  readonly consignment_id: string | null
  /** Of a business status: its code. */
  readonly status: string | null
}

/**
 * Puts down what senders are to be told and moves the reader's cursor, in one commit: a batch that is lost is read again, and of two
 * readers at the same place one does it. A system with more than `most` notices waiting gets no more: they are counted, and once it
 * answers again it is told to look for itself. Answers whether this call did it.
 */
export async function queueHookNotices(
  database: Queryable,
  batch: {
    readonly reader: string
    readonly seen: LogCursor
    readonly next: LogCursor
    readonly notices: readonly HookNotice[]
    readonly most: number
  },
): Promise<boolean> {
  const { rows } = await database.query<{ moved: boolean }>({
    name: 'queue-hook-notices',
    text: `with cursor as (
        insert into log_cursor (reader, epoch, index) values ($1, $4, $5)
        on conflict (reader) do update set epoch = excluded.epoch, index = excluded.index
        where log_cursor.epoch = $2 and log_cursor.index = $3
        returning reader
      ), wanted as materialized (
        select n.* from json_to_recordset($6) as n(system_id uuid, epoch int, index bigint, entry_id uuid, event text,
          event_time timestamptz, dispatch_id uuid, consignment_id uuid, status text)
        where exists (select from cursor)
      ), states as (
        -- Once something was dropped everything is, until the gap was told: what a system is told has no hole it does not know of.
        insert into hook_state as s (system_id, waiting)
        select system_id, count(*) from wanted group by system_id order by system_id
        on conflict (system_id) do update set version = s.version + 1,
          waiting = s.waiting + case when s.dropped = 0 and s.waiting + excluded.waiting <= $7 then excluded.waiting else 0 end,
          dropped = s.dropped + case when s.dropped = 0 and s.waiting + excluded.waiting <= $7 then 0 else excluded.waiting end,
          dropped_at = case when s.dropped = 0 and s.waiting + excluded.waiting <= $7 then s.dropped_at
            else coalesce(s.dropped_at, now()) end
        returning s.system_id, s.dropped = 0 as taken
      ), notices as (
        insert into hook_notice (system_id, epoch, index, entry_id, event, event_time, dispatch_id, consignment_id, status)
        select w.* from wanted w join states s on s.system_id = w.system_id and s.taken
      )
      select exists (select from cursor) as moved`,
    values: [
      batch.reader,
      batch.seen.epoch,
      batch.seen.index,
      batch.next.epoch,
      batch.next.index,
      JSON.stringify(batch.notices),
      batch.most,
    ],
  })
  return rows[0]?.moved === true
}

/** A system that wants to be told about its dispatches. */
export interface HookSubscriber {
  readonly id: string
  readonly code: string
  /** Whether it wants the signed receipts along. */
  readonly receipts: boolean
}

/** Systems with a web hook, as the registry's table stands. */
export async function readHookSubscribers(database: Queryable): Promise<HookSubscriber[]> {
  const { rows } = await database.query<HookSubscriber>({
    name: 'read-hook-subscribers',
    text: `select id, code, hook_receipts as receipts from system where hook_url is not null`,
  })
  return rows
}

/** What status reports are about, by the dispatch that carried them. */
export async function findReportedDispatches(
  database: Queryable,
  ids: readonly string[],
): Promise<{ dispatch_id: string; about_dispatch_id: string; about_consignment_id: string | null; code: string }[]> {
  const { rows } = await database.query({
    name: 'find-reported-dispatches',
    text: `select dispatch_id, about_dispatch_id, about_consignment_id, code from status_report
      where dispatch_id = any($1) and about_dispatch_id is not null`,
    values: [ids],
  })
  return rows
}
