import { setTimeout as sleep } from 'node:timers/promises'

/** How long a command that heard Ctrl+C may take to end in order. */
const ORDERLY_MS = 1_000

export const INTERRUPTED = Symbol('interrupted')

/**
 * What `work` ends with; `INTERRUPTED` where the signal came and it did not end soon after. A command may hang in something that
 * hears no signal: then it is left behind, and whoever asked ends the process.
 */
export function untilInterrupted<T>(signal: AbortSignal, work: Promise<T>): Promise<T | typeof INTERRUPTED> {
  const interrupted = new Promise<typeof INTERRUPTED>((resolve) => {
    signal.addEventListener('abort', () => resolve(sleep(ORDERLY_MS, INTERRUPTED)), { once: true })
  })
  return Promise.race([work, interrupted])
}
