import { inTransaction } from '../in-transaction.ts'
import type { Pool } from '../pool.ts'

/** What one operator did within this time counts as one action. */
const WINDOW = `interval '1 hour'`

/**
 * Whether an operator may do so much more of an action without a second one: all that he did alone of it within an hour may affect
 * as many as the policy says. If so, it is counted. The lock on the policy's row lets no two calls take the same room.
 */
export function takeAlone(
  pool: Pool,
  { operator, action, affected }: { readonly operator: string; readonly action: string; readonly affected: number },
): Promise<boolean> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ above: number | null }>(
      'select approval_above as above from operation_policy where action = $1 for update',
      [action],
    )
    const above = rows[0]?.above ?? null
    if (above === null) return true
    await client.query(
      `delete from operation_tally where operator_id = $1 and action = $2 and at <= clock_timestamp() - ${WINDOW}`,
      [operator, action],
    )
    const { rowCount } = await client.query(
      `insert into operation_tally (operator_id, action, at, affected)
        select $1, $2, clock_timestamp(), $3::int
        where $3::int + coalesce((select sum(affected) from operation_tally where operator_id = $1 and action = $2), 0) <= $4`,
      [operator, action, affected, above],
    )
    return rowCount === 1
  })
}
