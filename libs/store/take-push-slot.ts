import type { Queryable } from './pool.ts'

/**
 * Takes the next place in the rate of one system, shared by all processes. `taken` false: nothing was changed and the next place is
 * `wait_ms` away. Places that nobody took are not kept: a rate is never exceeded to catch up.
 */
export async function takePushSlot(
  database: Queryable,
  systemId: string,
  intervalMs: number,
): Promise<{ taken: boolean; wait_ms: number }> {
  const { rows } = await database.query<{ taken: boolean; wait_ms: number }>({
    name: 'take-push-slot',
    text: `with taken as (
        insert into push_pace as p (system_id, next_at) values ($1, clock_timestamp() + make_interval(secs => $2::float8 / 1000))
        on conflict (system_id) do update set next_at = excluded.next_at where p.next_at <= clock_timestamp()
        returning p.system_id
      )
      select exists (select from taken) as taken, coalesce((
        select greatest(0, extract(epoch from next_at - clock_timestamp()) * 1000)::float8 from push_pace where system_id = $1
      ), 0) as wait_ms`,
    values: [systemId, intervalMs],
  })
  return rows[0] as { taken: boolean; wait_ms: number }
}
