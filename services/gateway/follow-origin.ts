import type { Logger } from '../../libs/runtime/index.ts'
import { type Pool, readOrigin } from '../../libs/store/index.ts'

const EVERY_MS = 5_000

/**
 * The origin of the log's present epoch, read again every 5 s until the signal. A new epoch begins after a restore, while nothing
 * is accepted; what a gateway that kept running accepts within these 5 s would name the old one in its receipts.
 */
export async function followOrigin(
  pool: Pool,
  log: Logger,
  signal: AbortSignal,
  everyMs: number = EVERY_MS,
): Promise<() => string> {
  let origin = await readOrigin(pool)
  const timer = setInterval(() => {
    readOrigin(pool).then(
      (now) => {
        if (now !== origin) log.warn({ from: origin, to: now }, 'the log has a new epoch')
        origin = now
      },
      (error: unknown) => log.debug({ err: error }, 'the origin of the log could not be read'),
    )
  }, everyMs)
  timer.unref()
  signal.addEventListener('abort', () => clearInterval(timer), { once: true })
  if (signal.aborted) clearInterval(timer)
  return () => origin
}
