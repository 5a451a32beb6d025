import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Calls `sweep` again and again until `signal` is aborted: at once while it finds work, otherwise after `idleMs` or when woken.
 * With `gather` it rests so long after a sweep that found less than a full batch: what comes meanwhile goes together.
 * A sweep that fails is reported and tried again after the pause: the sweeper never stops by itself.
 */
export function startSweeper(options: {
  readonly sweep: () => Promise<number>
  readonly idleMs: number
  readonly gather?: { readonly ms: number; readonly fullBatch: number }
  readonly signal: AbortSignal
  readonly onError: (error: unknown) => void
}): { readonly done: Promise<void>; wake(): void } {
  let wake: () => void = () => undefined
  let woken = false

  async function pause(): Promise<void> {
    if (woken || options.signal.aborted) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, options.idleMs)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async function rest(found: number): Promise<void> {
    const { gather, signal } = options
    if (gather && found < gather.fullBatch && !signal.aborted) await sleep(gather.ms)
  }

  async function run(): Promise<void> {
    while (!options.signal.aborted) {
      woken = false
      let found = 0
      try {
        found = await options.sweep()
      } catch (error) {
        options.onError(error)
      }
      if (found === 0) await pause()
      else await rest(found)
    }
  }

  options.signal.addEventListener('abort', () => wake(), { once: true })
  return {
    done: run(),
    wake: () => {
      woken = true
      wake()
    },
  }
}
