import {
  type Connection,
  openConnection,
  readLogEnd,
  sequenceEntries as sequence,
  tryLeadSequencer,
} from '../../libs/store/index.ts'

export interface Sequencer extends AsyncDisposable {
  /** Sequences one batch; returns how many entries got their index. 0 also when another process leads. */
  step(): Promise<number>
  /** Whether this process leads now. */
  readonly leads: boolean
}

export interface SequencerOptions {
  readonly databaseUrl: string
  readonly batchSize: number
  /** Told when a broken connection could not even be closed. */
  readonly onClosed?: (reason: unknown) => void
}

/** Pause between two attempts of a standby to take over. */
const STANDBY_MS = 1_000

/**
 * Gives committed entries their place in the log. One process at a time leads, by an advisory lock that lives as long as its
 * connection, and it commits on that very connection: a leader that lost its lock cannot commit any more.
 */
export function openSequencer(options: SequencerOptions): Sequencer {
  let connection: Connection | undefined
  let leads = false
  let nextTry = 0
  let position: { epoch: number; nextIndex: number } | undefined

  /** The connection, once it holds the lock. While another process leads it asks again now and then, on the same connection. */
  async function lead(): Promise<Connection | undefined> {
    if (leads) return connection
    if (performance.now() < nextTry) return undefined
    nextTry = performance.now() + STANDBY_MS
    connection ??= await connect()
    leads = await tryLeadSequencer(connection)
    position = undefined
    return leads ? connection : undefined
  }

  async function connect(): Promise<Connection> {
    const fresh = await openConnection(options.databaseUrl, 'lienthong sequencer')
    fresh.on('error', () => drop(fresh))
    return fresh
  }

  function drop(lost: Connection | undefined): void {
    if (connection !== lost) return
    connection = undefined
    leads = false
    nextTry = 0
  }

  return {
    get leads() {
      return leads
    },
    async step() {
      try {
        const leading = await lead()
        if (!leading) return 0
        position ??= await readLogEnd(leading)
        const leaves = await sequence(leading, position.epoch, position.nextIndex, options.batchSize)
        position = { epoch: position.epoch, nextIndex: position.nextIndex + leaves.length }
        return leaves.length
      } catch (error) {
        // Whether the commit happened is unknown: give up the place and read the end of the log again.
        const broken = connection
        drop(broken)
        broken?.end().catch((reason: unknown) => options.onClosed?.(reason))
        throw error
      }
    },
    async [Symbol.asyncDispose]() {
      await connection?.end()
      connection = undefined
    },
  }
}
