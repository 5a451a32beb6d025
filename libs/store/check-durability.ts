import { BusError } from '../errors/index.ts'
import { sabotaged } from '../runtime/index.ts'
import type { Queryable } from './pool.ts'

/** Settings without which an answer given after COMMIT is not a promise (P1), with the values that keep it. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  fsync: ['on'],
  full_page_writes: ['on'],
  synchronous_commit: ['on', 'remote_apply', 'remote_write', 'local'],
}

/** @throws BusError LT_STORE_UNSAFE_SETTING naming the first setting that does not keep data safe. */
export async function checkDurability(database: Queryable): Promise<void> {
  const { rows } = await database.query<{ name: string; setting: string }>(
    'select name, setting from pg_settings where name = any($1)',
    [Object.keys(REQUIRED)],
  )
  const settings = new Map(rows.map(({ name, setting }) => [name, setting]))
  for (const [setting, safe] of Object.entries(REQUIRED)) {
    // A setting that this server does not have, or does not show, promises nothing.
    const value = settings.get(setting) ?? '?'
    if (!safe.includes(value) && !sabotaged('unchecked-durability'))
      throw new BusError('LT_STORE_UNSAFE_SETTING', { setting, value })
  }
}

/** Difference between the database's clock and ours, in milliseconds; positive when the database is ahead. */
export async function clockSkewMs(database: Queryable): Promise<number> {
  const before = Date.now()
  const { rows } = await database.query<{ now: number }>(
    'select (extract(epoch from clock_timestamp()) * 1000)::float8 as now',
  )
  const after = Date.now()
  return (rows[0]?.now ?? before) - (before + after) / 2
}
