import type { JsonValue } from '../../../libs/merkle/index.ts'
import { EVENTS } from '../../../libs/model/index.ts'
import { type Cause, causeDetails, sealEntry } from '../../../libs/pipeline/index.ts'
import { appendEntries, type Pool, type PoolClient, type Queryable } from '../../../libs/store/index.ts'
import type { Call } from '../command.ts'
import { withDatabase } from '../database.ts'
import { causeOf } from './with-operations.ts'

type Described = { readonly [name: string]: JsonValue }

/**
 * Changes the registry, and says in the log who changed what and why, in one commit. `undefined` from `describe`: nothing changed, and
 * nothing is written. @throws UsageError without a reason; BusError LT_OPS_KEY_INVALID
 */
export function changeRegistry<T>(
  call: Call,
  change: (client: PoolClient) => Promise<T>,
  describe: (changed: T) => Described | undefined,
): Promise<T> {
  return withDatabase(call, async (pool: Pool) => {
    const cause = await causeOf(call, pool)
    const client = await pool.connect()
    try {
      await client.query('begin')
      const changed = await change(client)
      const what = describe(changed)
      if (what) await noteChange(client, what, cause)
      await client.query(what ? 'commit' : 'rollback')
      return changed
    } catch (error) {
      await client.query('rollback')
      throw error
    } finally {
      client.release()
    }
  })
}

/** The entry of a change, inside its transaction. */
export function noteChange(database: Queryable, what: Described, cause: Cause): Promise<void> {
  const details = { ...what, ...causeDetails(cause) }
  return appendEntries(database, [sealEntry({ event: EVENTS.registryChanged, details }, new Date())])
}
