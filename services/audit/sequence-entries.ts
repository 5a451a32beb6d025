import { type Connection, openConnection, readLogEnd, sequenceEntries as sequence, tryLeadSequencer } from '../../libs/store/index.ts'

export interface Sequencer extends AsyncDisposable {
  /** Sequences one batch; returns how many entries got their index. 0 also when another process leads. */
  step(): Promise<number>
  /** Whether this process leads now. */
  readonly leads: boolean
}

/**
 * Gives committed entries their place in the log. One process at a time leads, by an advisory lock that lives as long as its
 * connection, and it commits on that very connection: a leader that lost its lock cannot commit any more.
 */
export function openSequencer(options: { databaseUrl: string; batchSize: number }): Sequencer {
  let connection: Connection | undefined
  let position: { epoch: number; nextIndex: number } | undefined

  async function lead(): Promise<Connection | undefined> {
    if (connection) return connection
    const fresh = await openConnection(options.databaseUrl, 'lienthong sequencer')
    fresh.on('error', () => drop(fresh))
    if (!(await tryLeadSequencer(fresh))) {
      await fresh.end()
      return undefined
    }
    connection = fresh
    position = undefined
    return fresh
  }

  function drop(lost: Connection): void {
    if (connection === lost) connection = undefined
  }

  return {
    get leads() {
      return connection !== undefined
    },
    async step() {
      const leading = await lead()
      if (!leading) return 0
      try {
        position ??= await readLogEnd(leading)
        const leaves = await sequence(leading, position.epoch, position.nextIndex, options.batchSize)
        position = { epoch: position.epoch, nextIndex: position.nextIndex + leaves.length }
        return leaves.length
      } catch (error) {
        // Whether the commit happened is unknown: give up the place and read the end of the log again.
        drop(leading)
        leading.end().catch((reason: unknown) => void reason)
        throw error
      }
    },
    async [Symbol.asyncDispose]() {
      await connection?.end()
      connection = undefined
    },
  }
}
