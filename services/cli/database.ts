import { BusError } from '../../libs/errors/index.ts'
import { readSecret, serviceEnvironment } from '../../libs/runtime/index.ts'
import { openPool, type Pool } from '../../libs/store/index.ts'
import type { Call } from './command.ts'

/** Runs work for an operator on the database, with the rights of `lt_cli`. @throws BusError LT_CONF_INVALID, LT_STORE_UNAVAILABLE */
export async function withDatabase<T>(
  { environment }: Pick<Call, 'environment'>,
  work: (pool: Pool) => Promise<T>,
): Promise<T> {
  const url = readSecret(serviceEnvironment('cli', environment), 'DATABASE_URL')
  if (url === undefined)
    throw new BusError('LT_CONF_INVALID', { problems: 'DATABASE_URL (role lt_cli), or LT_ENV_DIR with cli.env' })
  const pool = openPool(url, { name: 'lienthong cli', max: 2 })
  try {
    return await work(pool)
  } finally {
    await pool.end()
  }
}
