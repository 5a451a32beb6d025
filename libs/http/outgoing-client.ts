import { Agent, type Dispatcher } from 'undici'
import { BusError } from '../errors/index.ts'
import { createConnector, type OutgoingTls } from './outgoing-connector.ts'
import { createNetworkRule } from './outgoing-networks.ts'

/** How long the beginning of an answer's body is waited for: the status has said what matters. */
const ANSWER_BODY_MS = 2_000
const MAX_ANSWER_HEADER_BYTES = 16 * 1024

export interface OutgoingOptions {
  /** Networks an operator opened beside the public ones, in CIDR form. */
  readonly allowedNetworks: readonly string[]
  readonly connectTimeoutMs: number
  /** Bytes of an answer that are read at most; the rest is cut off. */
  readonly maxAnswerBytes: number
  readonly tls?: OutgoingTls
}

export interface OutgoingRequest {
  readonly method: 'POST'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** Exactly `size` bytes. */
  readonly body: AsyncIterable<Uint8Array>
  readonly size: number
  /** From the first step to the answer's status. */
  readonly timeoutMs: number
  /** Aborted: given up at once. */
  readonly signal?: AbortSignal
}

export interface OutgoingAnswer {
  readonly status: number
  readonly retryAfter: string | undefined
  /** The beginning of the body. */
  readonly text: string
}

/** A question whose answer is wanted whole. */
export interface OutgoingQuestion extends Omit<OutgoingRequest, 'method' | 'body' | 'size'> {
  readonly method: 'GET' | 'POST'
  /** Exactly `size` bytes; none, and no size, with GET. */
  readonly body?: AsyncIterable<Uint8Array>
  readonly size?: number
  /** From the answer's status to its last byte. */
  readonly bodyTimeoutMs: number
  /** Bytes of the answer's body; more is LT_DLV_ANSWER_TOO_LARGE. */
  readonly maxBytes: number
}

export interface OpenOutgoingAnswer {
  readonly status: number
  header(name: string): string | undefined
  /** As it comes, and whole: reading it throws when it breaks off, takes too long or is too large. */
  readonly body: AsyncIterable<Buffer>
}

/** The one way in which the axis calls others: bounded in time and size, to allowed networks only, following no redirect. */
export interface OutgoingClient {
  /**
   * Any answer is a result, whatever its status.
   * @throws BusError LT_DLV_ADDRESS_REFUSED, LT_DLV_NOT_HTTPS, LT_DLV_UNREACHABLE: nothing left the house;
   * LT_DLV_NO_ANSWER, LT_DLV_INTERRUPTED: the other side may have it all; and what reading the body throws
   */
  send(request: OutgoingRequest): Promise<OutgoingAnswer>
  /**
   * Hands any answer, whatever its status, to `use`, whose end is the end of the exchange. @throws what `send` throws, and
   * LT_DLV_ANSWER_TOO_LARGE
   */
  receive<T>(question: OutgoingQuestion, use: (answer: OpenOutgoingAnswer) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** @throws BusError LT_CONF_INVALID for a network that is none */
export function openOutgoing(options: OutgoingOptions): OutgoingClient {
  const connect = createConnector(
    createNetworkRule(options.allowedNetworks),
    options.connectTimeoutMs,
    options.tls ?? {},
  )
  const agent = new Agent({ connect, headersTimeout: 0, bodyTimeout: 0, maxHeaderSize: MAX_ANSWER_HEADER_BYTES })
  return {
    close: () => agent.destroy(),
    async send(request) {
      return await ask(request, async ({ statusCode, headers, body }) => {
        const retryAfter = headers['retry-after']
        return {
          status: statusCode,
          retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
          text: await readBeginning(body, options.maxAnswerBytes),
        }
      })
    },
    receive: (question, use) =>
      ask(question, async ({ statusCode, headers, body }) => {
        const header = (name: string): string | undefined => {
          const value = headers[name]
          return typeof value === 'string' ? value : undefined
        }
        try {
          return await use({ status: statusCode, header, body: readWhole(body, question) })
        } finally {
          body.on('error', () => undefined).destroy()
        }
      }),
  }

  async function ask<T>(
    { method, url, headers, timeoutMs, signal, ...request }: OutgoingRequest | OutgoingQuestion,
    use: (answer: Dispatcher.ResponseData) => Promise<T>,
  ): Promise<T> {
    const time = new AbortController()
    const timer = setTimeout(() => time.abort(), timeoutMs)
    const watched = watch(request.body)
    let answer: Dispatcher.ResponseData
    try {
      answer = await agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method,
        headers: {
          'user-agent': 'lienthong',
          ...headers,
          ...(request.size === undefined ? {} : { 'content-length': String(request.size) }),
        },
        ...(request.body ? { body: watched.body as unknown as Dispatcher.DispatchOptions['body'] & Uint8Array } : {}),
        signal: signal ? AbortSignal.any([time.signal, signal]) : time.signal,
      })
    } catch (cause) {
      if (watched.error !== undefined) throw watched.error
      if (cause instanceof BusError) throw cause
      if (signal?.aborted && watched.begun) throw new BusError('LT_DLV_INTERRUPTED', {}, { cause })
      const reason = time.signal.aborted ? `${timeoutMs} ms` : reasonOf(cause)
      throw new BusError(watched.begun ? 'LT_DLV_NO_ANSWER' : 'LT_DLV_UNREACHABLE', { reason }, { cause })
    } finally {
      clearTimeout(timer)
    }
    return await use(answer)
  }
}

/** A body is asked for its first bytes once the connection stands: from then on nobody knows what the other side has. */
function watch(source: AsyncIterable<Uint8Array> | undefined): {
  readonly body: AsyncIterable<Uint8Array>
  begun: boolean
  error: unknown
} {
  const state = { body: read(), begun: false, error: undefined as unknown }
  async function* read(): AsyncGenerator<Uint8Array, void, undefined> {
    state.begun = true
    try {
      if (source) yield* source
    } catch (error) {
      state.error = error
      throw error
    }
  }
  return state
}

async function* readWhole(
  body: Dispatcher.ResponseData['body'],
  { bodyTimeoutMs, maxBytes }: Pick<OutgoingQuestion, 'bodyTimeoutMs' | 'maxBytes'>,
): AsyncGenerator<Buffer, void, undefined> {
  let late = false
  const timer = setTimeout(() => {
    late = true
    body.destroy()
  }, bodyTimeoutMs)
  let size = 0
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > maxBytes) throw new BusError('LT_DLV_ANSWER_TOO_LARGE', { limit: maxBytes })
      yield chunk
    }
    // A destroyed body may end as if it were whole.
    if (late) throw new Error('late')
  } catch (cause) {
    if (cause instanceof BusError) throw cause
    throw new BusError('LT_DLV_NO_ANSWER', { reason: late ? `${bodyTimeoutMs} ms` : reasonOf(cause) }, { cause })
  } finally {
    clearTimeout(timer)
  }
}

async function readBeginning(body: Dispatcher.ResponseData['body'], limit: number): Promise<string> {
  const timer = setTimeout(() => body.destroy(), ANSWER_BODY_MS)
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk.subarray(0, limit - size))
      size += chunk.length
      if (size >= limit) break
    }
  } catch {
    // The status came: an answer that breaks off afterwards is still that answer.
    body.destroy()
  } finally {
    clearTimeout(timer)
  }
  return Buffer.concat(chunks).toString()
}

/** A short name of what went wrong, without addresses or content. */
function reasonOf(cause: unknown): string {
  const code = (cause as { code?: unknown } | null)?.code
  if (typeof code === 'string') return code.slice(0, 60)
  return cause instanceof Error ? cause.name.slice(0, 60) : 'unknown'
}
