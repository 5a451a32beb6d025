import pg from 'pg'
import { BusError } from '../errors/index.ts'
import { readHosts } from './hosts.ts'
import { primaryClient, refuseStandby } from './primary-client.ts'
import { isConnectionLoss } from './sql-states.ts'

export type { PoolClient, QueryResult } from 'pg'
export type Pool = pg.Pool

// bigint counters and sizes stay below 2^53; a value beyond it is a defect and must not be rounded silently.
pg.types.setTypeParser(pg.types.builtins.INT8, (text) => {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint ${text} does not fit a number`)
  return value
})
// Dates without a time are text for us: the driver would turn them into midnights of the local zone.
pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text)

const QUERY_GRACE_MS = 5_000

/** See `PoolOptions.keepPlans`. JIT pays for long reports only. */
const KEEP_PLANS =
  '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off -c max_parallel_workers_per_gather=0'

export interface PoolOptions {
  /** Shown in pg_stat_activity. */
  readonly name: string
  /** Connections at most. */
  readonly max: number
  /**
   * For services, whose statements are look-ups by key and moves of named rows over tables cut by month: left to itself the server
   * plans them anew at each call, which costs several times their execution. Tables are then read by index alone, since a plan
   * made while a table was small must not read the whole of it once it has grown. Not for imports and reports.
   */
  readonly keepPlans?: boolean
  /** A statement that runs longer is ended by the server. */
  readonly statementTimeoutMs?: number
  /** Called when an idle connection is lost; the pool opens a new one by itself. */
  readonly onLost?: (error: Error) => void
}

/**
 * Opens a pool for one service role. Connecting happens at the first query; a query that loses its connection, or finds none,
 * throws BusError LT_STORE_UNAVAILABLE: its outcome is unknown. A string with several servers leads to the primary among them (`hosts.ts`).
 */
export function openPool(connectionString: string, options: PoolOptions): Pool {
  const { statementTimeoutMs = 30_000 } = options
  const hosts = readHosts(connectionString)
  const pool = new pg.Pool({
    ...(hosts.checked ? { Client: primaryClient(hosts) as never } : { connectionString }),
    application_name: options.name,
    // Compiling a plan over many months takes longer than a page of anything.
    options: options.keepPlans ? KEEP_PLANS : '-c jit=off',
    max: options.max,
    statement_timeout: statementTimeoutMs,
    // Longer than the server's own limit: it speaks only when the network has fallen silent.
    query_timeout: statementTimeoutMs + QUERY_GRACE_MS,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
  })
  pool.on('error', (error) => options.onLost?.(error))
  // A connection may end while a transaction thinks about its next statement: that statement says so, the process goes on.
  pool.on('connect', (client) => client.on('error', heardLater))
  // Connections are the driver's business; whoever asks hears in our words that the database cannot be reached.
  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>
  pool.query = ((...args: unknown[]) => query(...args).catch(inOurWords)) as unknown as Pool['query']
  return pool
}

function heardLater(): void {
  // Whoever asks next hears of it.
}

function inOurWords(error: unknown): never {
  throw isConnectionLoss(error) ? new BusError('LT_STORE_UNAVAILABLE', {}, { cause: error }) : error
}

/**
 * Opens one connection outside any pool, for locks that live as long as the connection. When it is lost while nothing is asked, the next
 * statement says so, and `error` is emitted for whoever cannot wait for that.
 * Of several servers the primary is taken.
 * @param queryTimeoutMs longest time for one statement; 0: as long as it takes
 */
export async function openConnection(
  connectionString: string,
  name: string,
  queryTimeoutMs = 60_000,
): Promise<pg.Client> {
  const { urls, checked } = readHosts(connectionString)
  let failure: unknown
  for (const url of urls) {
    const client = new pg.Client({
      connectionString: url,
      application_name: name,
      connectionTimeoutMillis: 5_000,
      ...(queryTimeoutMs > 0 ? { query_timeout: queryTimeoutMs } : {}),
      keepAlive: true,
    })
    client.on('error', heardLater)
    try {
      await client.connect()
      if (checked) await refuseStandby(client)
      return client
    } catch (error) {
      failure = error
    }
  }
  throw failure
}
export type Connection = pg.Client

/** What can run a statement: a pool or a single connection. */
export interface Queryable {
  query: pg.Pool['query']
}
