import type { LeasedConsignment } from '../answers.ts'
import type { Client } from '../create-client.ts'
import { ClientError } from '../transport/client-error.ts'
import { type FinishOptions, finishConsignment } from './finish-consignment.ts'
import { type Received, ReceivedFolders } from './received-folder.ts'

const BATCH = 50
const AT_ONCE = 4
const LEASE_SECONDS = 300

export interface InboxOptions extends Omit<FinishOptions, 'client'> {
  /** Folder in which consignments are kept; one process at a time. */
  readonly dir: string
  /** For how long consignments are taken; 300 s unless told. Has to cover fetching a batch of 50. */
  readonly leaseSeconds?: number
  /** A consignment that could not be received now; it comes again. */
  readonly onError?: (error: unknown, consignmentId: string) => void
}

/** Receives consignments: each is on disk, checked, before it is acknowledged, and is handed on once. */
export interface Inbox {
  /** Everything that waits now; answers what is new. @throws ClientError when the axis cannot be asked */
  receive(signal?: AbortSignal): Promise<Received[]>
  /** Receives whatever comes, as soon as it comes, until the signal ends it. */
  run(signal: AbortSignal): Promise<void>
}

/** Opens an inbox. What an earlier process began is finished first. */
export function openInbox(client: Client, options: InboxOptions): Inbox {
  const { leaseSeconds = LEASE_SECONDS, onError } = options
  const folders = new ReceivedFolders(options.dir)
  const finish: FinishOptions = { ...options, client }

  async function take(
    { item, lease }: LeasedConsignment,
    signal: AbortSignal | undefined,
  ): Promise<Received | undefined> {
    const id = item.consignment
    const known = await folders.find(id)
    if (known) {
      // A new lease is proof that the axis wants it ended, whatever it said of an earlier one.
      const { withdrawn: _, acknowledgedAt: __, ...progress } = await folders.progress(id)
      await folders.note(id, { ...progress, lease })
      await finishConsignment(folders, known, finish)
      return undefined
    }
    const parts = await client.parts(id, lease)
    const received = await folders.store(item, parts, lease, (part, file) =>
      client.download({ consignment: id, lease, part, file }, signal ? { signal } : {}),
    )
    return (await finishConsignment(folders, received, finish)) ? received : undefined
  }

  async function resume(): Promise<void> {
    for (const id of await folders.open()) {
      try {
        const received = await folders.find(id)
        if (received) await finishConsignment(folders, received, finish)
        else await folders.close(id)
      } catch (error) {
        report(error, id)
      }
    }
  }

  function report(error: unknown, id: string): void {
    if (!onError) throw error
    onError(error, id)
  }

  async function receive(signal?: AbortSignal): Promise<Received[]> {
    const received: Received[] = []
    await resume()
    for (;;) {
      const leased = [...(await client.lease({ max: BATCH, seconds: leaseSeconds }))]
      if (leased.length === 0) return received
      let failed = 0
      const work = async (): Promise<void> => {
        for (let next = leased.shift(); next && !signal?.aborted; next = leased.shift()) {
          try {
            const one = await take(next, signal)
            if (one) received.push(one)
          } catch (error) {
            failed += 1
            report(error, next.item.consignment)
          }
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, work))
      signal?.throwIfAborted()
      // What failed is leased for a while yet; going on at once would only meet the same trouble.
      if (failed > 0) return received
    }
  }

  return {
    receive,
    async run(signal) {
      for await (const event of client.watch(signal)) {
        if (event.kind === 'dispatch') continue
        try {
          await receive(signal)
        } catch (error) {
          if (signal.aborted) return
          if (!(error instanceof ClientError)) throw error
          onError?.(error, '')
        }
      }
    },
  }
}
