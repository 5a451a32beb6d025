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

/**
 * How far the database's clock is from ours, in milliseconds: the least that agrees with the question and its answer. Positive when
 * the database is ahead; 0 when they may agree, as after a long wait for a connection.
 */
export async function clockSkewMs(database: Queryable): Promise<number> {
  const before = Date.now()
  const { rows } = await database.query<{ now: number }>(
    'select (extract(epoch from clock_timestamp()) * 1000)::float8 as now',
  )
  const after = Date.now()
  const now = rows[0]?.now ?? before
  return now < before ? now - before : Math.max(0, now - after)
}
