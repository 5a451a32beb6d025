import { BusError } from '../errors/index.ts'
import type { Queryable } from './pool.ts'

export interface UsedAssertion {
  readonly systemCode: string
  readonly jti: string
  /** When the assertion is refused for its age anyway, clock allowance included. */
  readonly expiresAt: Date
}

/**
 * Marks a client assertion as used. `false`: it was used before, by anyone, in any process. Of several at once exactly one
 * gets `true`: the insertion is the check.
 * @throws BusError LT_STORE_UNAVAILABLE
 */
export async function recordAssertion(
  database: Queryable,
  { systemCode, jti, expiresAt }: UsedAssertion,
): Promise<boolean> {
  const sql = 'insert into used_assertion (system_code, jti, expires_at) values ($1, $2, $3) on conflict do nothing'
  const { rowCount } = await guarded(database.query(sql, [systemCode, jti, expiresAt]))
  return rowCount === 1
}

/** Forgets assertions that expired by both clocks more than a minute ago; says how many. @throws BusError LT_STORE_UNAVAILABLE */
export async function sweepAssertions(database: Queryable, now: Date): Promise<number> {
  const sql = `delete from used_assertion where expires_at < least(now(), $1::timestamptz) - interval '1 minute'`
  const { rowCount } = await guarded(database.query(sql, [now]))
  return rowCount ?? 0
}

async function guarded<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    throw new BusError('LT_STORE_UNAVAILABLE', {}, { cause })
  }
}
