import { BusError } from '../errors/index.ts'
import { sabotaged } from '../runtime/index.ts'
import { isConnectionLoss, isServerTrouble, SQL_STATE, sqlState, wasNeverSent } from '../store/index.ts'

/** How a committer writes one kind of work. */
export interface BatchWork<E, R> {
  /** Sends one statement that commits, and answers for every entry, in order. `eventTime` is the one time of all that the batch says. */
  write(entries: readonly E[], eventTime: Date): Promise<readonly R[]>
  /**
   * What became of an entry whose commit has an unknown outcome; `undefined` when nothing of it is there (yet). Absent where the caller
   * finds out by itself: it hears at once that the outcome is unknown.
   */
  recover?(entry: E): Promise<R | undefined>
  /** The error of an entry that failed alone, in the words of the catalogue. */
  explain(entry: E, error: unknown): Promise<Error> | Error
}

export interface CommitterOptions {
  /** Entries in one batch at most. */
  readonly maxBatch: number
  /** Entries that may wait; beyond it `submit` refuses at once. */
  readonly maxWaiting: number
  /** Weight of all entries in one batch at most (bytes, rows: whatever `weigh` counts). */
  readonly maxWeight?: number
}

export interface EntryTraits<E> {
  /** What an entry counts towards `maxWeight`; 1 unless told. */
  readonly weigh?: (entry: E) => number
  /** Entries with the same key never share a batch: the next waits for the next batch. */
  readonly keyOf?: (entry: E) => string
}

interface Waiting<E, R> {
  readonly entry: E
  readonly weight: number
  readonly resolve: (result: R) => void
  readonly reject: (error: unknown) => void
}

const DEADLOCK_RETRIES = 5
const RECOVER_TRIES = 4
const RECOVER_PAUSE_MS = 250

/**
 * Group commit: takes whatever has queued, urgent first, writes it with one statement, commits once, then answers everyone.
 * One batch is in flight at a time. A batch that fails is halved until the bad entry stands alone, so only its sender
 * hears of it.
 */
export class Committer<E, R> {
  readonly #work: BatchWork<E, R>
  readonly #options: CommitterOptions
  readonly #traits: EntryTraits<E>
  readonly #urgent: Waiting<E, R>[] = []
  readonly #normal: Waiting<E, R>[] = []
  #running: Promise<void> | undefined
  #closed = false
  #lastTime = 0

  constructor(work: BatchWork<E, R>, options: CommitterOptions, traits: EntryTraits<E> = {}) {
    this.#work = work
    this.#options = options
    this.#traits = traits
  }

  get waiting(): number {
    return this.#urgent.length + this.#normal.length
  }

  /**
   * Resolves when the entry is committed.
   * @throws BusError LT_SUB_BUSY when too many wait; LT_STORE_UNAVAILABLE when the outcome cannot be known; what `explain` makes of it.
   */
  submit(entry: E, urgent = false): Promise<R> {
    if (this.#closed || this.waiting >= this.#options.maxWaiting) return Promise.reject(new BusError('LT_SUB_BUSY'))
    return new Promise<R>((resolve, reject) => {
      const queue = urgent ? this.#urgent : this.#normal
      queue.push({ entry, weight: this.#traits.weigh?.(entry) ?? 1, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Waits for everything that was submitted; nothing is taken any more. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#running
  }

  async #run(): Promise<void> {
    // A turn of the event loop lets requests that arrived together travel together.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.waiting > 0) await this.#commit(this.#take())
    this.#running = undefined
  }

  #take(): Waiting<E, R>[] {
    const batch: Waiting<E, R>[] = []
    let weight = 0
    const maxWeight = this.#options.maxWeight ?? Number.POSITIVE_INFINITY
    const keys = new Set<string>()
    for (const queue of [this.#urgent, this.#normal]) {
      const later: Waiting<E, R>[] = []
      let count = 0
      for (const waiting of queue) {
        if (batch.length >= this.#options.maxBatch || (batch.length > 0 && weight + waiting.weight > maxWeight)) break
        count++
        const key = this.#traits.keyOf?.(waiting.entry)
        if (key !== undefined && keys.has(key)) {
          later.push(waiting)
          continue
        }
        if (key !== undefined) keys.add(key)
        batch.push(waiting)
        weight += waiting.weight
      }
      queue.splice(0, count, ...later)
    }
    return batch
  }

  async #commit(batch: Waiting<E, R>[]): Promise<void> {
    try {
      const results = await this.#write(batch)
      batch.forEach((waiting, i) => {
        waiting.resolve(results[i] as R)
      })
    } catch (error) {
      if (isConnectionLoss(error)) await Promise.all(batch.map((waiting) => this.#settleUnknown(waiting, error)))
      else if (batch.length === 1 || isServerTrouble(error) || sabotaged('whole-batch-refused')) {
        await Promise.all(batch.map((waiting) => this.#rejectAlone(waiting, error)))
      } else {
        const half = batch.length >> 1
        await this.#commit(batch.slice(0, half))
        await this.#commit(batch.slice(half))
      }
    }
  }

  async #write(batch: readonly Waiting<E, R>[]): Promise<readonly R[]> {
    const entries = batch.map((waiting) => waiting.entry)
    for (let tries = 1; ; tries++) {
      try {
        return await this.#work.write(entries, this.#eventTime())
      } catch (error) {
        const state = sqlState(error)
        const passing = state === SQL_STATE.deadlockDetected || state === SQL_STATE.serializationFailure
        if (!passing || tries >= DEADLOCK_RETRIES) throw error
      }
    }
  }

  /** The clock never runs backwards within one committer: cause would stand after effect. */
  #eventTime(): Date {
    this.#lastTime = Math.max(this.#lastTime, Date.now())
    return new Date(this.#lastTime)
  }

  async #settleUnknown(waiting: Waiting<E, R>, cause: unknown): Promise<void> {
    const { recover } = this.#work
    const tries = !recover || wasNeverSent(cause) || sabotaged('unrecovered-outcome') ? 0 : RECOVER_TRIES
    for (let i = 0; i < tries; i++) {
      try {
        const result = await recover?.call(this.#work, waiting.entry)
        if (result !== undefined) return waiting.resolve(result)
      } catch (error) {
        if (!isConnectionLoss(error)) return waiting.reject(error)
      }
      // Not found is not proof: the server may still be working on a statement whose client is gone.
      await new Promise((resolve) => setTimeout(resolve, RECOVER_PAUSE_MS))
    }
    waiting.reject(new BusError('LT_STORE_UNAVAILABLE', {}, { cause }))
  }

  async #rejectAlone(waiting: Waiting<E, R>, error: unknown): Promise<void> {
    try {
      waiting.reject(await this.#work.explain(waiting.entry, error))
    } catch (second) {
      waiting.reject(second)
    }
  }
}
