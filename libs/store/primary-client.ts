import pg from 'pg'
import { type Hosts, NotPrimary } from './hosts.ts'

type Connected = (error?: Error) => void

/**
 * A class of connections for a pool over several servers: each goes to the server that was the primary last; one that cannot be reached
 * or is a standby is left for the next. Whoever waited hears that the database is not to be had, and finds the new primary with one of
 * the next tries.
 */
export function primaryClient({ urls }: Hosts): typeof pg.Client {
  let at = 0
  return class PrimaryClient extends pg.Client {
    readonly #at: number

    constructor(settings: pg.ClientConfig) {
      super({ ...settings, connectionString: urls[at] as string })
      this.#at = at
    }

    // The driver's two forms; the pool calls the one with a callback.
    override connect(): Promise<pg.Client>
    override connect(callback: Connected): void
    override connect(callback?: Connected): Promise<pg.Client> | undefined {
      const connected = super.connect().then(() => refuseStandby(this))
      const left = connected.catch((error: unknown) => {
        if (at === this.#at) at = (at + 1) % urls.length
        throw error
      })
      if (!callback) return left.then(() => this)
      left.then(() => callback(), callback)
      return undefined
    }
  }
}

/** @throws NotPrimary, having ended the connection */
export async function refuseStandby(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ standby: boolean }>('select pg_is_in_recovery() as standby')
  if (!rows[0]?.standby) return
  await client.end()
  throw new NotPrimary()
}
