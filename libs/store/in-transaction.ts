import { BusError } from '../errors/index.ts'
import type { Pool, PoolClient } from './pool.ts'
import { isConnectionLoss } from './sql-states.ts'

/**
 * Runs statements in one transaction, for the few moves that need a second look under a lock that a first statement took. Commits
 * when `work` resolves and rolls back when it throws; when this process dies, the server rolls back as the connection ends.
 * @throws BusError LT_STORE_UNAVAILABLE: the outcome is unknown; whatever else `work` throws
 */
export async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  let client: PoolClient | undefined
  let broken: Error | undefined
  try {
    client = await pool.connect()
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    if (isConnectionLoss(error)) {
      broken = error as Error
      throw new BusError('LT_STORE_UNAVAILABLE', {}, { cause: error })
    }
    await client?.query('rollback').catch((failure: Error) => {
      broken = failure
    })
    throw error
  } finally {
    client?.release(broken)
  }
}
