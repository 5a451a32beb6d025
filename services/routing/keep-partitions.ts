import type { Logger } from '../../libs/runtime/index.ts'
import { ensurePartitions, type Pool } from '../../libs/store/index.ts'

const EVERY_MS = 6 * 3_600_000

/** Makes the coming months' partitions in time, four times a day: without them nothing can be written when a month begins. */
export function keepPartitionsAhead(pool: Pool, log: Logger, signal: AbortSignal): void {
  const timer = setInterval(() => {
    ensurePartitions(pool).catch((error: unknown) => log.error({ err: error }, 'partitions could not be made ahead'))
  }, EVERY_MS)
  timer.unref()
  signal.addEventListener('abort', () => clearInterval(timer), { once: true })
}
