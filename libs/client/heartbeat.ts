import type { Client } from './create-client.ts'
import { ClientError } from './transport/client-error.ts'
import { pause } from './transport/pause-before-retry.ts'

/** Whether the axis answers this system, and how fast. */
export type Beat =
  | { readonly at: string; readonly ok: true; readonly tookMs: number; readonly waiting: boolean }
  | { readonly at: string; readonly ok: false; readonly error: ClientError }

/**
 * Asks the axis at intervals as this system, until the signal ends it: keys, line and clock are proved good while nothing is
 * sent, and the axis sees the system alive.
 */
export async function keepHeartbeat(
  client: Pick<Client, 'mailbox'>,
  options: { readonly everyMs: number; readonly signal: AbortSignal; readonly onBeat: (beat: Beat) => void },
): Promise<void> {
  const { everyMs, signal, onBeat } = options
  while (!signal.aborted) {
    const begun = performance.now()
    const at = new Date().toISOString()
    try {
      const { items } = await client.mailbox({ limit: 1 })
      onBeat({ at, ok: true, tookMs: performance.now() - begun, waiting: items.length > 0 })
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      onBeat({ at, ok: false, error })
    }
    await pause(everyMs, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
  }
}
