import { ClientError, localError } from './client-error.ts'
import { Patience } from './patience.ts'
import { pause, pauseBeforeRetry } from './pause-before-retry.ts'
import { parseAnswer, readBytes, readRefusal, shownAddress } from './read-answer.ts'
import { readBody } from './read-body.ts'

const MAX_JSON_BYTES = 32 * 1024 * 1024

export type Body = Uint8Array | URLSearchParams | AsyncIterable<Uint8Array>

export interface OutgoingRequest {
  readonly method: 'GET' | 'POST'
  /** Path and query below the base address. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Made anew for every try. */
  readonly body?: () => Body | Promise<Body>
  readonly signal?: AbortSignal | undefined
}

export interface TransportOptions {
  readonly baseUrl: string
  /** Longest time in which nothing moves. */
  readonly stallMs: number
  /** How long one call keeps trying while the axis is away or busy. */
  readonly retryForMs: number
  /** What proves who asks (`Authorization`); `renew` when the axis did not take the last one. Nothing when absent. */
  readonly authorise?: (renew: boolean) => Promise<string>
}

/** A good answer whose body is still to be read. */
export interface OpenAnswer extends Disposable {
  readonly response: Response
  /** Its bytes as they come; reading ends with the caller's signal, or when nothing moves for too long. */
  readonly body: AsyncIterable<Uint8Array>
}

/** Sends requests to one axis, again while trouble passes: every route of it may be repeated. @throws ClientError from every call */
export class Transport {
  readonly #options: TransportOptions

  constructor(options: TransportOptions) {
    this.#options = options
  }

  get baseUrl(): string {
    return this.#options.baseUrl
  }

  /** The JSON object of the answer. */
  async json(request: OutgoingRequest): Promise<unknown> {
    return this.#repeat(request, async (answer) => {
      return parseAnswer(answer.response, await readBytes(answer.response, answer.body, MAX_JSON_BYTES))
    })
  }

  /** The bytes of the answer, `maxBytes` at most. */
  async bytes(request: OutgoingRequest, maxBytes: number): Promise<Buffer> {
    return this.#repeat(request, ({ response, body }) => readBytes(response, body, maxBytes))
  }

  /** Hands the answer to `use` as it comes; the whole is repeated when the line breaks in the middle. */
  async streamed<T>(request: OutgoingRequest, use: (answer: OpenAnswer) => Promise<T>): Promise<T> {
    return this.#repeat(request, use)
  }

  /** One try without repetition, for streams that somebody else keeps up. */
  async open(request: OutgoingRequest): Promise<OpenAnswer> {
    return this.#send(request, false)
  }

  async #repeat<T>(request: OutgoingRequest, use: (answer: OpenAnswer) => Promise<T>): Promise<T> {
    const begun = performance.now()
    let renew = false
    for (let tries = 0; ; tries++) {
      try {
        return await this.#once(request, renew, use)
      } catch (error) {
        if (!renew && isStaleToken(error)) {
          renew = true
          continue
        }
        const wait = pauseBeforeRetry(error, tries)
        if (wait === undefined || performance.now() - begun + wait > this.#options.retryForMs) throw error
        await pause(wait, request.signal)
      }
    }
  }

  async #once<T>(request: OutgoingRequest, renew: boolean, use: (answer: OpenAnswer) => Promise<T>): Promise<T> {
    using answer = await this.#send(request, renew)
    return await this.#guard(request, () => use(answer))
  }

  async #send(request: OutgoingRequest, renew: boolean): Promise<OpenAnswer> {
    const { method, path, headers = {}, body, signal } = request
    const authorization = await this.#options.authorise?.(renew)
    const patience = new Patience(this.#options.stallMs, signal)
    try {
      const content = await body?.()
      const response = await this.#guard(request, () =>
        fetch(this.#options.baseUrl + path, {
          method,
          headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
          redirect: 'error',
          signal: patience.signal,
          ...(content === undefined
            ? {}
            : { body: bodyOf(content, patience.progress) as unknown as BodyInit, duplex: 'half' }),
        }),
      )
      patience.progress()
      const bytes = readBody(response, patience.signal, patience.progress)
      if (!response.ok) throw await this.#guard(request, () => readRefusal(response, bytes))
      return { response, body: bytes, [Symbol.dispose]: () => patience.end() }
    } catch (error) {
      patience.end()
      throw error
    }
  }

  /** Turns what the network did into our error; what the caller or its files did stays what it is. */
  async #guard<T>(request: OutgoingRequest, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (request.signal?.aborted) throw request.signal.reason
      for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
        if (cause instanceof ClientError) throw cause
      }
      throw localError('LT_CLIENT_UNREACHABLE', { address: shownAddress(this.#options.baseUrl) }, { cause: error })
    }
  }
}

function isStaleToken(error: unknown): boolean {
  return (
    error instanceof ClientError && (error.code === 'LT_AUTH_TOKEN_EXPIRED' || error.code === 'LT_AUTH_TOKEN_INVALID')
  )
}

/** `fetch` of Node also takes an async iterable, and pulls from it only as fast as the line is. */
function bodyOf(content: Body, progress: () => void): Body {
  return content instanceof Uint8Array || content instanceof URLSearchParams ? content : watched(content, progress)
}

async function* watched(content: AsyncIterable<Uint8Array>, progress: () => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    progress()
    yield chunk
  }
}
