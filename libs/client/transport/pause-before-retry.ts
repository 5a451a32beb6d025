import { setTimeout as sleep } from 'node:timers/promises'
import { ClientError } from './client-error.ts'

const FIRST_MS = 250
const LONGEST_MS = 30_000
/** Answers that say nothing about the request itself: too much at once, or somebody on the way is not there. */
const PASSING = new Set([429, 502, 503, 504])

/** How long to wait before the same request may be tried again; `undefined` when that cannot help. */
export function pauseBeforeRetry(error: unknown, tries: number): number | undefined {
  if (!(error instanceof ClientError) || !PASSING.has(error.fault.status)) return undefined
  return Math.max(growingPause(tries), error.fault.retryAfterMs ?? 0)
}

/** A pause that doubles with the tries, from 250 ms to 30 s. */
export function growingPause(tries: number): number {
  const grown = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(tries, 10))
  // Spread, so that many clients do not come back at the same moment after an outage.
  return grown * (0.5 + Math.random() / 2)
}

/** Waits; ends at once, throwing the signal's reason, when the caller gives up. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, signal ? { signal } : {})
  } catch (error) {
    throw signal?.aborted ? signal.reason : error
  }
}
