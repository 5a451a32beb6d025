import type { Logger } from '../../libs/runtime/index.ts'
import { type Pool, readOrigin } from '../../libs/store/index.ts'
import { followValue } from './follow-value.ts'

const EVERY_MS = 5_000

/**
 * The origin of the log's present epoch, read again every 5 s until the signal. A new epoch begins after a restore, while nothing
 * is accepted; what a gateway that kept running accepts within these 5 s would name the old one in its receipts.
 */
export function followOrigin(
  pool: Pool,
  log: Logger,
  signal: AbortSignal,
  everyMs: number = EVERY_MS,
): Promise<() => string> {
  const onChange = (from: string, to: string): void => log.warn({ from, to }, 'the log has a new epoch')
  return followValue(() => readOrigin(pool), { everyMs, log, signal, onChange })
}
