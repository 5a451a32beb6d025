import type { Queryable } from '../pool.ts'

/**
 * Makes work that waits due now, at most `limit` rows at a call: the sweepers then give it to NATS and Redis again. What another
 * statement holds at this moment moves anyway and is left out. Answers how many rows it was; 0: nothing is left.
 * @param begun when the refilling began: what was made due since then is not taken again
 */
export async function refillWork(
  database: Queryable,
  table: 'dispatch' | 'consignment',
  begun: Date,
  limit: number,
): Promise<number> {
  // Written out, so that each finds its partial index. An attempt under way has no time of its own: it has a deadline.
  const waits = {
    dispatch: `state = 'ACCEPTED'`,
    consignment: `state in ('QUEUED', 'RETRYING') and next_publish_at is not null`,
  }[table]
  const { rowCount } = await database.query({
    name: `refill-${table}`,
    text: `with waiting as materialized (
        select id from ${table} where ${waits} and next_publish_at > $1 order by next_publish_at limit $2 for update skip locked
      )
      update ${table} t set next_publish_at = $1
      from unnest(array(select id from waiting)) as w(id) where t.id = w.id`,
    values: [begun.toISOString(), limit],
  })
  return rowCount ?? 0
}
