import { ClientError } from '../../libs/client/index.ts'
import { BusError, isBusError } from '../../libs/errors/index.ts'
import type { Logger } from '../../libs/runtime/index.ts'
import { failureOf } from './bring-in.ts'

const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 30_000
/** So many rounds in a row that failed are an outage. */
const OUTAGE = 3

export interface Way {
  /** Resolves once the signal ended it and the running round has come to an end. */
  readonly done: Promise<void>
  /** There is something to do now. */
  wake(): void
  /** @throws BusError, that of the last round, in an outage */
  check(): Promise<void>
}

/** Goes one way of the bridge round by round: at once when woken, after `pollMs` otherwise, after a growing pause where one side is away. */
export function keepWay(options: {
  readonly name: string
  readonly pollMs: number
  readonly log: Logger
  readonly signal: AbortSignal
  /** Answers how many packets are left for later. */
  readonly round: () => Promise<number>
}): Way {
  const { name, pollMs, log, signal, round } = options
  let failures = 0
  let last: unknown
  let woken = false
  let wake: () => void = () => undefined

  const pause = (ms: number, mayWake: boolean): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(end, ms)
      function end(): void {
        clearTimeout(timer)
        resolve()
      }
      wake = () => {
        if (mayWake || signal.aborted) end()
      }
      if (signal.aborted || (mayWake && woken)) end()
    })

  async function run(): Promise<void> {
    while (!signal.aborted) {
      woken = false
      try {
        const left = await round()
        failures = 0
        await pause(left > 0 ? Math.min(pollMs, LONGEST_PAUSE_MS) : pollMs, true)
      } catch (error) {
        if (signal.aborted) return
        failures += 1
        last = error
        log.warn({ way: name, failures, ...failureOf(error) }, 'one side of the bridge is away')
        await pause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 10)), false)
      }
    }
  }
  signal.addEventListener('abort', () => wake(), { once: true })
  return {
    done: run(),
    wake() {
      woken = true
      wake()
    },
    async check() {
      if (failures < OUTAGE) return
      if (isBusError(last)) throw last
      throw new BusError('LT_VXP_NOT_NOW', { code: last instanceof ClientError ? last.code : '-', text: name })
    },
  }
}
