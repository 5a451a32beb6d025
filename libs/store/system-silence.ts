import { auditCtes } from './audit-sql.ts'
import { DOOR_GAP_S } from './note-door.ts'
import { type NoticeRow, noticeCtes } from './notice-sql.ts'
import type { Queryable } from './pool.ts'

/** A system that fell silent, or that is back. */
export interface SilenceChange {
  readonly id: string
  readonly code: string
  /** When it asked for its mailbox last before it fell silent. */
  readonly since: Date
  /** When it asked again; `null` while it is silent. */
  readonly back_at: Date | null
}

/**
 * Systems that fetch, are not suspended and did not ask for so long in which the axis could be reached without a gap, without an open
 * silence; and open silences whose system asked again. A system that never asked is not silent: it has not begun. One that was resumed
 * or turned to fetching has so long from then on.
 */
export async function findSilenceChanges(database: Queryable, afterMs: number): Promise<SilenceChange[]> {
  const { rows } = await database.query<SilenceChange>({
    name: 'find-silence-changes',
    text: `select s.id, s.code, s.last_polled_at as since, null::timestamptz as back_at from system s
      where s.suspended_at is null and s.delivery = 'pull' and s.last_polled_at < clock_timestamp() - make_interval(secs => $1::float8 / 1000)
        and coalesce(s.fetches_since, s.last_polled_at) < clock_timestamp() - make_interval(secs => $1::float8 / 1000)
        and exists (select from door_up u where u.since < clock_timestamp() - make_interval(secs => $1::float8 / 1000)
          and u.seen_at > clock_timestamp() - make_interval(secs => $2))
        and not exists (select from system_silence q where q.system_id = s.id and q.ended_at is null)
      union all
      select s.id, s.code, q.since, s.last_polled_at from system_silence q join system s on s.id = q.system_id
      -- What was kept has milliseconds only.
      where q.ended_at is null and date_trunc('milliseconds', s.last_polled_at) > q.since`,
    values: [afterMs, DOOR_GAP_S],
  })
  return rows
}

const CHANGE = `
with wanted as materialized (
  select m.* from json_to_recordset($1) as m(id uuid, since timestamptz, back_at timestamptz) order by m.id
), begun as (
  insert into system_silence (system_id, since, noticed_at) select id, since, clock_timestamp() from wanted where back_at is null
  on conflict do nothing
  returning system_id as id
), ended as (
  update system_silence q set ended_at = w.back_at from wanted w
  where w.back_at is not null and q.system_id = w.id and q.since = w.since and q.ended_at is null
  returning q.system_id as id
), moved as (
  select id from begun union all select id from ended
), ${noticeCtes('$2', 'moved')}, ${auditCtes('$3', 'moved')}
select id from moved`

/** Writes down who fell silent and who is back; of several processes that saw it one does. At most one change per system. */
export async function changeSilence(
  database: Queryable,
  changes: readonly SilenceChange[],
  notices: readonly NoticeRow[],
  entries: readonly ({ readonly owner: string } & object)[],
): Promise<Set<string>> {
  const { rows } = await database.query<{ id: string }>({
    name: 'change-silence',
    text: CHANGE,
    values: [
      JSON.stringify(changes.map(({ id, since, back_at }) => ({ id, since, back_at }))),
      JSON.stringify(notices),
      JSON.stringify(entries),
    ],
  })
  return new Set(rows.map(({ id }) => id))
}
