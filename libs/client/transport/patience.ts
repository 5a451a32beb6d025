/** Ends a request on which nothing moves for too long, however long it takes altogether; or when its caller gives up. */
export class Patience {
  readonly #stalled = new AbortController()
  readonly #ms: number
  #timer: NodeJS.Timeout
  /** Aborts when patience ended. */
  readonly signal: AbortSignal

  constructor(ms: number, caller: AbortSignal | undefined) {
    this.#ms = ms
    this.#timer = this.#start()
    this.signal = caller ? AbortSignal.any([this.#stalled.signal, caller]) : this.#stalled.signal
  }

  /** Something moved. */
  readonly progress = (): void => {
    clearTimeout(this.#timer)
    this.#timer = this.#start()
  }

  /** Also lets go of an answer that was not read to its end. */
  end(): void {
    clearTimeout(this.#timer)
    this.#stalled.abort(new Error('ended'))
  }

  #start(): NodeJS.Timeout {
    return setTimeout(() => this.#stalled.abort(new Error(`nothing moved for ${this.#ms} ms`)), this.#ms)
  }
}
