import type { Queryable } from '../pool.ts'

/** Work that was due long ago: who does it should have got a message or a job. */
export interface DueWork {
  readonly id: string
  readonly version: number
  readonly agency_code: string
}

/** Dispatches that wait for routing longer than so many seconds. */
export async function findLateRouting(database: Queryable, graceSeconds: number, limit: number): Promise<DueWork[]> {
  const { rows } = await database.query<DueWork>(
    `select id, version, sender_code as agency_code from dispatch
      where state = 'ACCEPTED' and accepted_at < now() - make_interval(secs => $1) order by next_publish_at limit $2`,
    [graceSeconds, limit],
  )
  return rows
}

/** Pushes of which nothing is under way although they were due so many seconds ago. */
export async function findLatePushes(database: Queryable, graceSeconds: number, limit: number): Promise<DueWork[]> {
  const { rows } = await database.query<DueWork>(
    `select id, version, agency_code from consignment
      where state in ('QUEUED', 'RETRYING') and (state = 'QUEUED' or next_attempt_at is not null)
        and coalesce(next_attempt_at, available_at) < now() - make_interval(secs => $1) order by next_publish_at limit $2`,
    [graceSeconds, limit],
  )
  return rows
}

/** Which of these consignments there are, however they stand. */
export async function filterKnown(database: Queryable, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await database.query<{ id: string }>(
    `select x.id from unnest($1::uuid[]) as w(id) cross join lateral (select id from consignment c where c.id = w.id offset 0) x`,
    [ids],
  )
  return new Set(rows.map(({ id }) => id))
}

/** Which of these ids name work that waits: dispatches to be routed, or pushes. */
export async function filterWaiting(
  database: Queryable,
  kind: 'dispatch' | 'consignment',
  ids: readonly string[],
): Promise<Set<string>> {
  const states = kind === 'dispatch' ? ['ACCEPTED'] : ['QUEUED', 'RETRYING']
  const { rows } = await database.query<{ id: string }>(
    `select x.id from unnest($1::uuid[]) as w(id) cross join lateral (
        select id from ${kind} t where t.id = w.id and t.state = any($2) offset 0
      ) x`,
    [ids, states],
  )
  return new Set(rows.map(({ id }) => id))
}
