import { setTimeout as sleep } from 'node:timers/promises'
import { type Pool, takePushSlot } from '../../libs/store/index.ts'

/** Keeps the rate that was set for a system, all processes together. */
export interface PushPace {
  /**
   * Resolves when it is this push's turn: urgent ones first, then as they came. Answers whether it had to wait: what was known of the
   * push may be old then. `undefined`: the process is stopping. @throws BusError LT_STORE_UNAVAILABLE
   */
  turn(systemId: string, perMinute: number, urgent: boolean): Promise<boolean | undefined>
}

/** Longest sleep at a time: another process may have taken a place, or the rate was changed. */
const LOOK_AGAIN_MS = 5_000

interface Waiter {
  readonly perMinute: number
  readonly resolve: (waited: boolean | undefined) => void
  readonly reject: (error: unknown) => void
  waited: boolean
}

interface Line {
  readonly urgent: Waiter[]
  readonly normal: Waiter[]
  running: boolean
}

/** @param stopping aborted: everyone who waits is sent away */
export function openPushPace(pool: Pool, stopping: AbortSignal): PushPace {
  const lines = new Map<string, Line>()

  async function run(systemId: string, line: Line): Promise<void> {
    const first = (): Waiter | undefined => line.urgent[0] ?? line.normal[0]
    const next = (): Waiter | undefined => line.urgent.shift() ?? line.normal.shift()
    try {
      for (let waiter = first(); waiter; waiter = first()) {
        if (stopping.aborted) next()?.resolve(undefined)
        else {
          const slot = await takePushSlot(pool, systemId, 60_000 / waiter.perMinute)
          if (slot.taken) {
            // Who came meanwhile and is urgent goes first.
            const chosen = next()
            chosen?.resolve(chosen.waited)
          } else {
            for (const each of [...line.urgent, ...line.normal]) each.waited = true
            await sleep(Math.min(LOOK_AGAIN_MS, Math.max(1, slot.wait_ms)), undefined, { signal: stopping }).catch(
              () => undefined,
            )
          }
        }
      }
    } catch (error) {
      for (const each of [...line.urgent.splice(0), ...line.normal.splice(0)]) each.reject(error)
    } finally {
      line.running = false
    }
  }

  return {
    turn(systemId, perMinute, urgent) {
      return new Promise((resolve, reject) => {
        const line = lines.get(systemId) ?? { urgent: [], normal: [], running: false }
        lines.set(systemId, line)
        ;(urgent ? line.urgent : line.normal).push({ perMinute, resolve, reject, waited: false })
        if (line.running) return
        line.running = true
        void run(systemId, line)
      })
    },
  }
}
