import { BusError } from '../../libs/errors/index.ts'
import { readSecret, serviceEnvironment } from '../../libs/runtime/index.ts'
import { isConnectionLoss, isServerTrouble, openPool, type Pool, sqlState } from '../../libs/store/index.ts'
import type { Call } from './command.ts'

/** Wrong password, no such database, a role without the rights of `lt_cli`, or a database that was never migrated. */
const WRONG_DATABASE = new Set(['28P01', '28000', '3D000', '42501', '42P01'])

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
  } catch (error) {
    throw databaseError(error)
  } finally {
    await pool.end()
  }
}

/** The same error in our words, where it is about the database we were told to use; any other as it is. */
export function databaseError(error: unknown): unknown {
  if (isConnectionLoss(error) || isServerTrouble(error))
    return new BusError('LT_STORE_UNAVAILABLE', {}, { cause: error })
  if (!(error instanceof Error && WRONG_DATABASE.has(sqlState(error) ?? ''))) return error
  return new BusError('LT_CONF_INVALID', { problems: `DATABASE_URL: ${error.message}` }, { cause: error })
}
