import { type Clock, type Logger, systemClock } from '../../../libs/runtime/index.ts'
import { type Queryable, sweepAssertions } from '../../../libs/store/index.ts'

const PAUSE_MS = 60_000

/** Forgets used assertions once they are too old to be used again, every minute until the signal. */
export function keepAssertionsSwept(
  database: Queryable,
  log: Logger,
  signal: AbortSignal,
  clock: Clock = systemClock,
): void {
  const timer = setInterval(() => {
    sweepAssertions(database, clock.now()).catch((error: unknown) =>
      log.warn({ err: error }, 'used assertions could not be swept'),
    )
  }, PAUSE_MS)
  timer.unref()
  signal.addEventListener('abort', () => clearInterval(timer), { once: true })
}
