import type { IncomingMessage } from 'node:http'
import { BusError } from '../errors/index.ts'

export interface BodyLimits {
  /** Bytes at most; a larger declared length is refused before anything is read. */
  readonly maxBytes: number
  /** The longest pause between two chunks, in milliseconds. */
  readonly idleMs: number
}

/**
 * The raw body of a request, chunk by chunk and only as fast as it is consumed. Use this and never a pipeline over
 * `request.raw`: a pipeline that fails destroys the connection, and the caller would not get the refusal.
 * @throws BusError LT_HTTP_BODY_TOO_LARGE, LT_HTTP_BODY_INCOMPLETE (the caller went away), LT_HTTP_TIMEOUT (idle)
 */
export async function* readBody(
  request: { readonly raw: IncomingMessage },
  limits: BodyLimits,
): AsyncGenerator<Buffer, void, undefined> {
  const { raw } = request
  const tooLarge = (): BusError => new BusError('LT_HTTP_BODY_TOO_LARGE', { limit: limits.maxBytes })
  if (Number(raw.headers['content-length'] ?? 0) > limits.maxBytes) throw tooLarge()
  const chunks: AsyncIterator<Buffer> = raw.iterator({ destroyOnReturn: false })
  let size = 0
  try {
    for (;;) {
      const { done, value } = await within(chunks.next(), limits.idleMs)
      if (done) break
      size += value.length
      if (size > limits.maxBytes) throw tooLarge()
      yield value
    }
  } finally {
    // Without waiting: a read that is still pending would never let go.
    void chunks.return?.().catch(() => undefined)
  }
  if (!raw.complete) throw new BusError('LT_HTTP_BODY_INCOMPLETE')
}

function within<T>(read: Promise<T>, idleMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new BusError('LT_HTTP_TIMEOUT')), idleMs)
    read.then(
      (result) => {
        clearTimeout(timer)
        resolve(result)
      },
      (cause: unknown) => {
        clearTimeout(timer)
        reject(new BusError('LT_HTTP_BODY_INCOMPLETE', {}, { cause }))
      },
    )
  })
}
