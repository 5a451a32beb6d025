import { auditCtes } from './audit-sql.ts'
import type { Connection, Queryable } from './pool.ts'

/** Tables whose months are put away together, in the order in which they leave. The log stays: `audit_entry` is not among them. */
export const ARCHIVED_TABLES = ['consignment', 'content', 'dispatch'] as const

/** One month of one table. */
export interface PartitionMonth {
  readonly parent: string
  /** `yyyymm` */
  readonly month: string
  readonly archived: boolean
  readonly attached: boolean
  /** As the server guessed at its last analysis; -1: never looked. */
  readonly about_rows: number
}

/** Every month, where it is, oldest first. */
export async function listPartitionMonths(database: Queryable): Promise<PartitionMonth[]> {
  const { rows } = await database.query<PartitionMonth>('select * from partition_month order by month, parent')
  return rows
}

/** Why a month cannot be put away, with the first row that is in the way. */
export interface MonthObstacle {
  readonly what: 'not-over' | 'not-closed' | 'not-deleted' | 'held' | 'foreign-open' | 'not-sequenced' | 'earlier-month'
  readonly id: string
}

const names = (month: string): { from: string; to: string } => {
  const [year = 0, at = 0] = [Number(month.slice(0, 4)), Number(month.slice(4))]
  return { from: new Date(Date.UTC(year, at - 1)).toISOString(), to: new Date(Date.UTC(year, at)).toISOString() }
}

/**
 * What stands in the way of putting a month away. A dispatch that is closed and whose content is deleted never moves again: no requeue,
 * re-send or hold finds content to work with. So what is clear here stays clear.
 * @param month `yyyymm`
 */
export async function findMonthObstacle(connection: Connection, month: string): Promise<MonthObstacle | undefined> {
  const { from, to } = names(month)
  const { rows } = await connection.query<MonthObstacle>(
    `select * from (
      select 1 as rank, 'not-over' as what, '' as id where now() < $2::timestamptz + interval '1 day'
      union all
      select 2, 'earlier-month', min(month) from partition_month
        where parent = 'dispatch' and month < $3 and not archived having min(month) is not null
      union all
      (select 3, case when state <> 'CLOSED' then 'not-closed' when content_hold then 'held' else 'not-deleted' end, id::text
        from dispatch where id >= uuid_floor($1) and id < uuid_floor($2)
          and (state <> 'CLOSED' or content_state <> 'DELETED' or content_hold) limit 1)
      union all
      -- Consigned in this month, of a dispatch of an earlier one.
      (select 4, 'foreign-open', c.id::text from consignment c where c.id >= uuid_floor($1) and c.id < uuid_floor($2)
        and c.dispatch_id < uuid_floor($1) and exists (select from dispatch d where d.id = c.dispatch_id) limit 1)
      union all
      (select 5, 'not-sequenced', entry_id::text from audit_pending where entry_id < uuid_floor($2) limit 1)
    ) o order by rank limit 1`,
    [from, to, month],
  )
  return rows[0]
}

/**
 * Puts one table's month into the schema `archive`. May be called again after it was interrupted.
 * Detaching concurrently locks nobody out and cannot run inside a transaction.
 */
export async function detachPartition(connection: Connection, parent: string, month: string): Promise<void> {
  const part = `${parent}_${month}`
  const where = await whereIs(connection, part)
  if (where === 'archive') return
  const pending = await connection.query(`select from pg_inherits where inhrelid = $1::regclass and inhdetachpending`, [
    part,
  ])
  if ((pending.rowCount ?? 0) > 0) await connection.query(`alter table ${parent} detach partition ${part} finalize`)
  else if (where === 'attached') await connection.query(`alter table ${parent} detach partition ${part} concurrently`)
  await connection.query(`alter table ${part} set schema archive`)
  await connection.query(`grant select on archive.${part} to lt_cli`)
}

/** Brings one table's month back. Rows of the keys come with the dispatches. */
export async function attachPartition(connection: Connection, parent: string, month: string): Promise<void> {
  const part = `${parent}_${month}`
  const where = await whereIs(connection, part)
  if (where === 'attached') return
  const { from, to } = names(month)
  if (where === 'archive') {
    await connection.query(`revoke all on archive.${part} from lt_cli`)
    await connection.query(`alter table archive.${part} set schema public`)
  }
  // The detached month kept its bounds as a check, so nothing is scanned.
  const bounds = await connection.query<{ low: string; high: string }>(
    'select uuid_floor($1)::text as low, uuid_floor($2)::text as high',
    [from, to],
  )
  const { low, high } = bounds.rows[0] as { low: string; high: string }
  await connection.query(`alter table ${parent} attach partition ${part} for values from ('${low}') to ('${high}')`)
}

async function whereIs(connection: Connection, part: string): Promise<'attached' | 'apart' | 'archive' | undefined> {
  const { rows } = await connection.query<{ place: 'attached' | 'apart' | 'archive' }>(
    `select case when n.nspname = 'archive' then 'archive' when c.relispartition then 'attached' else 'apart' end as place
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relname = $1 and n.nspname in ('public', 'archive')`,
    [part],
  )
  return rows[0]?.place
}

/** Rows of each kind of key in one commit. */
const KEYS_AT_ONCE = 20_000

/**
 * Moves the keys of a month's submissions between the living tables and `archive`, with the entry of the whole act: the same bytes
 * sent again later are a new submission while their dispatch is away. Keys that were taken since stay with the newer dispatch.
 * A bounded number in each commit, the entry in the first; may be called again after it was interrupted.
 */
export async function moveMonthKeys(
  connection: Connection,
  month: string,
  to: 'archive' | 'public',
  entries: readonly object[],
): Promise<number> {
  let moved = 0
  for (let act = entries; ; act = []) {
    const some = await moveSomeKeys(connection, month, to, act)
    moved += some
    if (some === 0) return moved
  }
}

async function moveSomeKeys(
  connection: Connection,
  month: string,
  to: 'archive' | 'public',
  entries: readonly object[],
): Promise<number> {
  const { from, to: until } = names(month)
  const [source, target] = to === 'archive' ? ['public', 'archive'] : ['archive', 'public']
  const some = (table: string): string => `delete from ${source}.${table} where ctid = any(array(
          select ctid from ${source}.${table} where dispatch_id >= uuid_floor($1) and dispatch_id < uuid_floor($2) limit ${KEYS_AT_ONCE}
        )) returning *`
  const { rows } = await connection.query<{ moved: number }>(
    `with recipients as (
        ${some('submission_recipient')}
      ), keys as (
        ${some('submission_key')}
      ), moved_recipients as (
        insert into ${target}.submission_recipient select * from recipients on conflict do nothing
      ), moved_keys as (
        insert into ${target}.submission_key select * from keys on conflict do nothing
      ), act as materialized (select '00000000-0000-0000-0000-000000000000'::uuid as id), ${auditCtes('$3', 'act')}
      select (select count(*) from recipients) + (select count(*) from keys) as moved`,
    [
      from,
      until,
      JSON.stringify(entries.map((entry) => ({ ...entry, owner: '00000000-0000-0000-0000-000000000000' }))),
    ],
  )
  return rows[0]?.moved ?? 0
}
