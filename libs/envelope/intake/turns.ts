import { BusError } from '../../errors/index.ts'

export interface TurnLimits {
  /** Pieces of work that run at one time. */
  readonly slots: number
  /** Pieces that may wait, all together and of one owner. */
  readonly maxWaiting: number
  readonly maxWaitingOfOne: number
}

/** Bounds costly work: a few pieces run, a bounded number waits, and owners take turns, so that none can shut the others out. */
export class Turns {
  readonly #limits: TurnLimits
  /** Those who wait, by owner; the owner whose turn is next stands first. */
  readonly #waiting = new Map<string, Set<() => void>>()
  #count = 0
  #running = 0

  constructor(limits: TurnLimits) {
    this.#limits = limits
  }

  /** Runs `work` when it is its turn. @throws BusError LT_SUB_BUSY when too many wait; the reason of an abort while it waits */
  async run<T>(owner: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted()
    if (this.#running < this.#limits.slots) this.#running += 1
    else await this.#wait(owner, signal)
    try {
      return await work()
    } finally {
      this.#next()
    }
  }

  /** Resolves with the slot of the one that ended. */
  #wait(owner: string, signal: AbortSignal | undefined): Promise<void> {
    const own = this.#waiting.get(owner)
    const { maxWaiting, maxWaitingOfOne } = this.#limits
    if (this.#count >= maxWaiting || (own && own.size >= maxWaitingOfOne)) throw new BusError('LT_SUB_BUSY')
    return new Promise((resolve, reject) => {
      const start = (): void => {
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      const leave = (): void => {
        this.#remove(owner, start)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', leave, { once: true })
      if (own) own.add(start)
      else this.#waiting.set(owner, new Set([start]))
      this.#count += 1
    })
  }

  #remove(owner: string, start: () => void): void {
    const own = this.#waiting.get(owner)
    if (!own?.delete(start)) return
    this.#count -= 1
    if (own.size === 0) this.#waiting.delete(owner)
  }

  #next(): void {
    const [first] = this.#waiting
    if (!first) {
      this.#running -= 1
      return
    }
    const [owner, own] = first
    const [start] = own as Set<() => void> & Iterable<() => void>
    this.#remove(owner, start as () => void)
    // Behind the others, with what it still has.
    if (this.#waiting.delete(owner)) this.#waiting.set(owner, own)
    start?.()
  }
}
