import { BusError } from '../errors/index.ts'
import type { Queryable } from './pool.ts'

const MONTHS_AHEAD = 4

/** Makes the monthly partitions from this month on; for roles `lt_routing` and `lt_cli`. */
export async function ensurePartitions(database: Queryable): Promise<void> {
  await database.query('select ensure_partitions(now(), $1)', [MONTHS_AHEAD])
}

/** Whether a row of seven days from now has a place. @throws BusError LT_STORE_NO_PARTITION */
export async function checkPartitions(database: Queryable): Promise<void> {
  const { rows } = await database.query<{ missing: string | null }>(
    `select min(parent) as missing from unnest(array['dispatch', 'consignment', 'content', 'audit_entry']) as parent
     where to_regclass(parent || '_' || to_char((now() + interval '7 days') at time zone 'UTC', 'YYYYMM')) is null`,
  )
  const missing = rows[0]?.missing
  if (missing) throw new BusError('LT_STORE_NO_PARTITION', { table: missing })
}
