import type { Logger } from '../../libs/runtime/index.ts'

/**
 * A value of the database that changes seldom, read again and again until the signal. A read that fails leaves the last one.
 * @param everyMs pause between two reads
 * @param onChange told of each new value
 */
export async function followValue<T>(
  read: () => Promise<T>,
  options: {
    readonly everyMs: number
    readonly log: Logger
    readonly signal: AbortSignal
    readonly onChange?: (from: T, to: T) => void
  },
): Promise<() => T> {
  const { everyMs, log, signal, onChange } = options
  let value: T = await read()
  const timer = setInterval(() => {
    read().then(
      (now) => {
        if (now !== value) onChange?.(value, now)
        value = now
      },
      (error: unknown) => log.debug({ err: error }, 'a value that is followed could not be read'),
    )
  }, everyMs)
  timer.unref()
  signal.addEventListener('abort', () => clearInterval(timer), { once: true })
  if (signal.aborted) clearInterval(timer)
  return () => value
}
