import { auditCtes } from './audit-sql.ts'
import { beside } from './look-up.ts'
import { type NoticeRow, noticeCtes } from './notice-sql.ts'
import type { Queryable } from './pool.ts'

/** A clock whose time has come. */
export interface DueClock {
  readonly consignment_id: string
  readonly version: number
  readonly since: Date
  readonly done: Readonly<Record<string, string>>
  /** The database's clock, by which everything about it is judged. */
  readonly now: Date
}

/** Clocks that are due by the database's clock, oldest first. Any number of processes may look: firing is compare-and-set. */
export async function findDueClocks(database: Queryable, limit: number): Promise<DueClock[]> {
  const { rows } = await database.query<DueClock>({
    name: 'find-due-clocks',
    text: `select consignment_id, version, since, done, clock_timestamp() as now from consignment_clock
      where due_at <= now() order by due_at limit $1`,
    values: [limit],
  })
  return rows
}

/** What became of one clock. */
export interface ClockMove {
  readonly id: string
  /** The version the decision was made on. */
  readonly version: number
  readonly done: Readonly<Record<string, string>>
  /** When it is looked at next; `null`: no term of it runs any more. */
  readonly due_at: string | null
  /** The consignment ends as EXPIRED, as long as it stands as it stood. */
  readonly expire: boolean
  readonly consignment_version: number
  readonly at: string
  readonly reason: string | null
  readonly text: string | null
}

const FIRE = `
with wanted as materialized (
  select m.* from json_to_recordset($1) as m(id uuid, version int, done jsonb, due_at timestamptz, expire boolean,
    consignment_version int, at timestamptz, reason text, text text)
  order by m.id
), locked as materialized (
  select l.consignment_id as id from wanted w cross join lateral (
    select k.consignment_id from consignment_clock k where k.consignment_id = w.id and k.version = w.version for update of k
  ) l
), expiring as materialized (
  -- One by one in id order: each look-up goes to the one partition that can hold the id, whatever plan is kept.
  select l.id from wanted w cross join lateral (
    select c.id from consignment c where w.expire and c.id = w.id and c.version = w.consignment_version
      and ${beside('c.state')} in ('AVAILABLE', 'HANDED_OVER') and (c.lease_until is null or c.lease_until < clock_timestamp())
    for update of c
  ) l where w.id in (select id from locked)
), moved as materialized (
  select w.* from wanted w
  where w.id in (select id from locked) and (not w.expire or w.id in (select id from expiring))
), expired as (
  update consignment c set version = c.version + 1, state = 'EXPIRED', ended_at = m.at, refusal_reason = m.reason, refusal_text = m.text
  from unnest(array(select id from moved where expire)) as l(id) join moved m on m.id = l.id
  where c.id = l.id
), over as (
  delete from consignment_clock k using moved m where k.consignment_id = m.id and m.due_at is null
), kept as (
  update consignment_clock k set version = k.version + 1, done = m.done, due_at = m.due_at
  from moved m where k.consignment_id = m.id and m.due_at is not null
), ${noticeCtes('$2', 'moved')}, ${auditCtes('$3', 'moved')}
select id from moved`

/**
 * Writes down which terms passed, in one commit: the clock's next time, entries, notices, and EXPIRED where collection was
 * neglected. A clock or consignment that changed meanwhile is left alone and not returned.
 */
export async function fireClocks(
  database: Queryable,
  moves: readonly ClockMove[],
  notices: readonly NoticeRow[],
  entries: readonly ({ readonly owner: string } & object)[],
): Promise<Set<string>> {
  const { rows } = await database.query<{ id: string }>({
    name: 'fire-clocks',
    text: FIRE,
    values: [moves, notices, entries].map((each) => JSON.stringify(each)),
  })
  return new Set(rows.map(({ id }) => id))
}
