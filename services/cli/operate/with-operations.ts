import { randomUUID } from 'node:crypto'
import { connectBus } from '../../../libs/bus/index.ts'
import {
  type Cause,
  checkInstant,
  checkReason,
  identifyOperator,
  type Operations,
  type Operator,
} from '../../../libs/pipeline/index.ts'
import { openRegistry } from '../../../libs/registry/index.ts'
import { createLogger, type Environment, readSecret, serviceEnvironment } from '../../../libs/runtime/index.ts'
import type { Pool, Queryable } from '../../../libs/store/index.ts'
import type { Call } from '../command.ts'
import { required } from '../command-line.ts'
import { withDatabase } from '../database.ts'
import { readText } from '../profile.ts'

/** Options of every command that acts as an operator. */
export const OPERATOR_OPTIONS = { as: { type: 'string' }, reason: { type: 'string' } } as const

const KEY = 'LIENTHONG_OPERATOR'

/**
 * Who acts, by his access key: the file that `--as` names, or LIENTHONG_OPERATOR (also LIENTHONG_OPERATOR_FILE), also from the
 * settings of the command line. Rights on the database alone name nobody. @throws BusError LT_OPS_KEY_INVALID, LT_CLIENT_FILE_…
 */
export async function operatorOf(call: Pick<Call, 'values' | 'environment'>, database: Queryable): Promise<Operator> {
  return identifyOperator(database, keyOf(call) ?? '')
}

/** The access key, as far as one is named. */
export function keyOf({ values, environment }: Pick<Call, 'values' | 'environment'>): string | undefined {
  const { as } = values
  if (as) return readText(as).trim()
  return readSecret(environment, KEY) ?? readSecret(serviceEnvironment('cli', environment), KEY)
}

/**
 * Who acts and why, for a change that is an entry of its own.
 * @throws UsageError without a reason; BusError LT_OPS_KEY_INVALID, LT_OPS_BAD_FIELD
 */
export async function causeOf(call: Call, database: Queryable): Promise<Cause> {
  const reason = checkReason(required(call, 'reason'))
  return { operator: await operatorOf(call, database), reason, requestId: newRequestId() }
}

/** An id under which everything that one call of the command line does is found in the log. */
export const newRequestId = (): string => `cli-${randomUUID()}`

/**
 * Runs an operator's work on the database with the rights of `lt_cli`, waking services where NATS_URL is set and NATS can be reached.
 * @throws BusError LT_CONF_INVALID, LT_STORE_UNAVAILABLE, LT_OPS_KEY_INVALID
 */
export async function withOperations<T>(
  call: Call,
  work: (operations: Operations, cause: Cause) => Promise<T>,
): Promise<T> {
  return withDatabase(call, async (pool) => {
    const operator = await operatorOf(call, pool)
    const cause = { operator, reason: call.values.reason ?? '', requestId: newRequestId() }
    return withDirectory(pool, call.environment, (operations) => work(operations, cause))
  })
}

/** What operators' actions need beside the database, for as long as the work takes. */
export async function withDirectory<T>(
  pool: Pool,
  environment: Environment,
  work: (operations: Operations) => Promise<T>,
): Promise<T> {
  const stopping = new AbortController()
  const directory = await openRegistry({ pool, signal: stopping.signal })
  const url = readSecret(serviceEnvironment('cli', environment), 'NATS_URL')
  const log = createLogger('cli', { level: 'silent' })
  const bus = url === undefined ? undefined : await connectBus({ url, name: 'cli', signal: stopping.signal, log })
  try {
    return await work({ pool, directory, ...(bus?.connected ? { bus } : {}) })
  } finally {
    await bus?.close()
    stopping.abort()
  }
}

/** An instant as an option names it: RFC 3339, or so long ago (`90m`, `6h`, `3d`). @throws BusError LT_OPS_BAD_FIELD */
export function instantOf(field: string, text: string, now: Date): string {
  const ago = /^(\d{1,5})([mhd])$/.exec(text)
  if (ago) {
    const unit = { m: 60_000, h: 3_600_000, d: 86_400_000 }[ago[2] as 'm' | 'h' | 'd']
    return new Date(now.getTime() - Number(ago[1]) * unit).toISOString()
  }
  return checkInstant(field, text)
}
