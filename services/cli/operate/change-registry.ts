import type { JsonValue } from '../../../libs/merkle/index.ts'
import { EVENTS } from '../../../libs/model/index.ts'
import { type Cause, causeDetails, checkReason, sealEntry } from '../../../libs/pipeline/index.ts'
import { appendEntries, inTransaction, type Pool, type PoolClient, type Queryable } from '../../../libs/store/index.ts'
import type { Call } from '../command.ts'
import { withDatabase } from '../database.ts'
import { newRequestId, operatorOf } from './with-operations.ts'

type Described = { readonly [name: string]: JsonValue }

/** Who changes the registry. The change says what it does by itself: `--reason` may be left out. @throws BusError LT_OPS_KEY_INVALID, LT_OPS_BAD_FIELD */
export async function registryCause(call: Call, database: Queryable): Promise<Cause> {
  const { reason } = call.values
  const operator = await operatorOf(call, database)
  return { operator, reason: reason === undefined ? '' : checkReason(reason), requestId: newRequestId() }
}

/** Ends a transaction that changed nothing. */
class NothingChanged<T> extends Error {
  readonly answer: T
  constructor(answer: T) {
    super('nothing changed')
    this.answer = answer
  }
}

/**
 * Changes the registry, and says in the log who changed what, in one commit. `undefined` from `describe`: nothing changed, and nothing
 * is written. `prepare` runs before, outside that commit. @throws BusError LT_OPS_KEY_INVALID, LT_OPS_BAD_FIELD
 */
export function changeRegistry<T>(
  call: Call,
  change: (client: PoolClient) => Promise<T>,
  describe: (changed: T) => Described | undefined,
  prepare: (pool: Pool) => Promise<void> = async () => undefined,
): Promise<T> {
  return withDatabase(call, async (pool: Pool) => {
    const cause = await registryCause(call, pool)
    await prepare(pool)
    try {
      return await inTransaction(pool, async (client) => {
        const changed = await change(client)
        const what = describe(changed)
        if (!what) throw new NothingChanged(changed)
        await noteChange(client, what, cause)
        return changed
      })
    } catch (error) {
      if (error instanceof NothingChanged) return error.answer as T
      throw error
    }
  })
}

/** The entry of a change, inside its transaction. */
export function noteChange(database: Queryable, what: Described, cause: Cause): Promise<void> {
  const details = { ...what, ...causeDetails(cause) }
  return appendEntries(database, [sealEntry({ event: EVENTS.registryChanged, details }, new Date())])
}
