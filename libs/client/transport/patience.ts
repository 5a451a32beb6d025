/** Ends a request on which nothing moves for too long, however long it takes altogether; or when its caller gives up. */
export class Patience {
  readonly #ended = new AbortController()
  readonly #ms: number
  readonly #caller: AbortSignal | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(ms: number, caller: AbortSignal | undefined) {
    this.#ms = ms
    this.#caller = caller
    caller?.addEventListener('abort', this.#giveUp)
    if (caller?.aborted) this.#giveUp()
    this.progress()
  }

  /** Aborts when patience ended. */
  get signal(): AbortSignal {
    return this.#ended.signal
  }

  /** Something moved. */
  readonly progress = (): void => {
    clearTimeout(this.#timer)
    // An upload may still move a little after its answer was read.
    if (this.signal.aborted) return
    this.#timer = setTimeout(() => this.#ended.abort(new Error(`nothing moved for ${this.#ms} ms`)), this.#ms)
  }

  /** Also lets go of an answer that was not read to its end. */
  end(): void {
    clearTimeout(this.#timer)
    this.#caller?.removeEventListener('abort', this.#giveUp)
    this.#ended.abort(new Error('ended'))
  }

  readonly #giveUp = (): void => {
    this.#ended.abort(this.#caller?.reason)
  }
}
