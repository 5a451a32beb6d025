import { auditCtes } from './audit-sql.ts'
import { rowById } from './look-up.ts'
import { type NoticeRow, noticeCtes } from './notice-sql.ts'
import type { Queryable } from './pool.ts'
import type { LogCursor } from './read-log.ts'

/** What the terms of a consignment depend on. */
export interface ClockFacts {
  readonly id: string
  readonly version: number
  readonly dispatch_id: string
  readonly agency_code: string
  readonly kind: 'document' | 'status'
  readonly lane: 'urgent' | 'normal'
  readonly state: string
  readonly lease_until: Date | null
  readonly handed_over_at: Date | null
  readonly sender_code: string
  readonly number: string
  readonly notation: string
  readonly promulgation_date: string | null
  readonly due_date: string | null
  /** Codes of the receiver's statements about the document. */
  readonly statuses: readonly string[]
}

const FACTS = `c.id, c.version, c.dispatch_id, c.agency_code, c.kind, c.lane, c.state, c.lease_until, c.handed_over_at,
  d.sender_code, d.number, d.notation, d.promulgation_date, d.due_date,
  array(select distinct s.code from status_report s where s.about_dispatch_id = c.dispatch_id and s.reporter_code = c.agency_code) as statuses`

/** How far the log was read for clocks. */
export async function readClockCursor(database: Queryable): Promise<LogCursor> {
  const { rows } = await database.query<LogCursor>({
    name: 'read-clock-cursor',
    text: 'select epoch, index from clock_cursor',
  })
  if (!rows[0]) throw new Error('clock_cursor is empty')
  return rows[0]
}

/** The facts of these consignments as they stand now. */
export async function findClockFacts(database: Queryable, ids: readonly string[]): Promise<ClockFacts[]> {
  const { rows } = await database.query<ClockFacts>({
    name: 'find-clock-facts',
    text: `select ${FACTS} from (select distinct unnest($1::uuid[]) as id) w
      ${rowById('consignment', 'w.id', 'c')} ${rowById('dispatch', 'c.dispatch_id', 'd')}`,
    values: [ids],
  })
  return rows
}

/** When a document was accepted, and what it says of its date. */
export interface AcceptedDocument {
  readonly id: string
  readonly sender_code: string
  readonly number: string
  readonly notation: string
  readonly promulgation_date: string
  readonly accepted_at: Date
}

/** Those of the dispatches that are new documents with a date. */
export async function findAcceptedDocuments(database: Queryable, ids: readonly string[]): Promise<AcceptedDocument[]> {
  const { rows } = await database.query<AcceptedDocument>({
    name: 'find-accepted-documents',
    text: `select d.id, d.sender_code, d.number, d.notation, d.promulgation_date, d.accepted_at
      from (select distinct unnest($1::uuid[]) as id) w
      ${rowById('dispatch', 'w.id', 'd', "d.kind = 'document' and d.business_type = 'new' and d.promulgation_date is not null")}`,
    values: [ids],
  })
  return rows
}

export interface ClockRow {
  readonly consignment_id: string
  readonly dispatch_id: string
  readonly since: string
  readonly due_at: string
}

export interface ArmingBatch {
  /** Where the reader stood when it read the batch; another that was faster makes this one void. */
  readonly seen: LogCursor
  readonly next: LogCursor
  readonly clocks: readonly ClockRow[]
  /** Dispatches that were sent late, owners of entries and notices. */
  readonly late: readonly string[]
  readonly notices: readonly NoticeRow[]
  readonly entries: readonly ({ readonly owner: string } & object)[]
}

const ARM = `
with cursor as (
  update clock_cursor set epoch = $3, index = $4 where (epoch, index) = ($1::int, $2::bigint) returning one
), clocks as (
  insert into consignment_clock as k (consignment_id, dispatch_id, since, due_at)
  select c.consignment_id, c.dispatch_id, c.since, c.due_at
  from json_to_recordset($5) as c(consignment_id uuid, dispatch_id uuid, since timestamptz, due_at timestamptz)
  where exists (select from cursor)
  -- Locked in id order, as by whoever fires or renews them.
  order by c.consignment_id
  -- Consigned anew: its terms begin again.
  on conflict (consignment_id) do update set since = excluded.since, due_at = excluded.due_at, done = '{}', version = k.version + 1
), late as materialized (
  select l.id from unnest($6::uuid[]) as l(id) where exists (select from cursor)
), ${noticeCtes('$7', 'late')}, ${auditCtes('$8', 'late')}
select one from cursor`

/**
 * Starts clocks and writes down what was sent late, with the reader's step through the log in the same commit: what one reader
 * takes, no other does. Answers whether it was this one.
 */
export async function armClocks(database: Queryable, batch: ArmingBatch): Promise<boolean> {
  const { rows } = await database.query({
    name: 'arm-clocks',
    text: ARM,
    values: [
      batch.seen.epoch,
      batch.seen.index,
      batch.next.epoch,
      batch.next.index,
      JSON.stringify(batch.clocks),
      batch.late,
      JSON.stringify(batch.notices),
      JSON.stringify(batch.entries),
    ],
  })
  return rows.length > 0
}
