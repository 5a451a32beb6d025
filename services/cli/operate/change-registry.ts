import type { JsonValue } from '../../../libs/merkle/index.ts'
import { EVENTS } from '../../../libs/model/index.ts'
import { sealEntry } from '../../../libs/pipeline/index.ts'
import { appendEntries, type Pool, type PoolClient, type Queryable } from '../../../libs/store/index.ts'
import type { Call } from '../command.ts'
import { withDatabase } from '../database.ts'
import { operatorName } from './operator-name.ts'

/** Options of every command that changes the registry. */
export const CHANGE_OPTIONS = { by: { type: 'string' }, reason: { type: 'string' } } as const

type Described = { readonly [name: string]: JsonValue }

/**
 * Changes the registry, and says in the log who changed what and why, in one commit. `undefined` from `describe`: nothing changed, and
 * nothing is written.
 */
export function changeRegistry<T>(
  call: Call,
  change: (client: PoolClient) => Promise<T>,
  describe: (changed: T) => Described | undefined,
): Promise<T> {
  return withDatabase(call, async (pool: Pool) => {
    const client = await pool.connect()
    try {
      await client.query('begin')
      const changed = await change(client)
      const what = describe(changed)
      if (what) await noteChange(call, client, what)
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
export function noteChange(call: Call, database: Queryable, what: Described): Promise<void> {
  const { reason } = call.values
  const details = { ...what, operator: operatorName(call), ...(reason === undefined ? {} : { reason }) }
  return appendEntries(database, [sealEntry({ event: EVENTS.registryChanged, details }, new Date())])
}
