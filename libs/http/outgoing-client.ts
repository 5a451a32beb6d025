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

/** The one way in which the axis calls others: bounded in time and size, to allowed networks only, following no redirect. */
export interface OutgoingClient {
  /**
   * Any answer is a result, whatever its status.
   * @throws BusError LT_DLV_ADDRESS_REFUSED, LT_DLV_NOT_HTTPS, LT_DLV_UNREACHABLE: nothing left the house;
   * LT_DLV_NO_ANSWER, LT_DLV_INTERRUPTED: the other side may have it all; and what reading the body throws
   */
  send(request: OutgoingRequest): Promise<OutgoingAnswer>
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
    async send({ method, url, headers, size, timeoutMs, signal, ...request }) {
      const time = new AbortController()
      const timer = setTimeout(() => time.abort(), timeoutMs)
      const watched = watch(request.body)
      try {
        const {
          statusCode,
          headers: said,
          body,
        } = await agent.request({
          origin: url.origin,
          path: url.pathname + url.search,
          method,
          headers: { 'user-agent': 'lienthong', ...headers, 'content-length': String(size) },
          body: watched.body as unknown as Dispatcher.DispatchOptions['body'] & Uint8Array,
          signal: signal ? AbortSignal.any([time.signal, signal]) : time.signal,
        })
        const retryAfter = said['retry-after']
        return {
          status: statusCode,
          retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
          text: await readBeginning(body, options.maxAnswerBytes),
        }
      } catch (cause) {
        if (watched.error !== undefined) throw watched.error
        if (cause instanceof BusError) throw cause
        if (signal?.aborted && watched.begun) throw new BusError('LT_DLV_INTERRUPTED', {}, { cause })
        const reason = time.signal.aborted ? `${timeoutMs} ms` : reasonOf(cause)
        throw new BusError(watched.begun ? 'LT_DLV_NO_ANSWER' : 'LT_DLV_UNREACHABLE', { reason }, { cause })
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

/** A body is asked for its first bytes once the connection stands: from then on nobody knows what the other side has. */
function watch(source: AsyncIterable<Uint8Array>): {
  readonly body: AsyncIterable<Uint8Array>
  begun: boolean
  error: unknown
} {
  const state = { body: read(), begun: false, error: undefined as unknown }
  async function* read(): AsyncGenerator<Uint8Array, void, undefined> {
    state.begun = true
    try {
      yield* source
    } catch (error) {
      state.error = error
      throw error
    }
  }
  return state
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
