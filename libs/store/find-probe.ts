import type { Queryable } from './pool.ts'

/** So many of the oldest are looked at: the one with the fewest attempts is taken, so that no document bears all the probes. */
const AMONG = 200

const oldest = (lane: 'urgent' | 'normal'): string => `(
    select id, dispatch_id, lane, attempt from consignment
    where agency_code = any($1) and lane = '${lane}' and mode = 'push' and state in ('QUEUED', 'RETRYING')
      and (state = 'QUEUED' or next_attempt_at is not null)
    order by id limit ${AMONG})`

/** The waiting push of these agencies by which an endpoint may be tried: an urgent one if there is any; `undefined`: nothing waits. */
export async function findProbe(
  database: Queryable,
  agencies: readonly string[],
): Promise<{ id: string; content_size: number } | undefined> {
  const { rows } = await database.query<{ id: string; content_size: number }>({
    name: 'find-probe',
    text: `select p.id, d.content_size from (
        select id, dispatch_id from (${oldest('urgent')} union all ${oldest('normal')}) oldest
        order by lane = 'normal', attempt, id limit 1
      ) p cross join lateral (select content_size from dispatch where id = p.dispatch_id offset 0) d`,
    values: [agencies],
  })
  return rows[0]
}
