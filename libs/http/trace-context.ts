import { randomFillSync } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:-.{0,200})?$/
const random = Buffer.alloc(4096)
let used = random.length

function randomHex(bytes: number): string {
  if (used + bytes > random.length) {
    randomFillSync(random)
    used = 0
  }
  used += bytes
  return random.toString('hex', used - bytes, used)
}

/** A new trace id: 32 hexadecimal digits, never all zero in practice (W3C Trace Context 3.2.2.3). */
export function newTraceId(): string {
  return randomHex(16)
}

/** The id a request is known by everywhere: of its `traceparent` when that is well-formed, otherwise a new one. */
export function traceIdOf(request: IncomingMessage): string {
  const header = request.headers.traceparent
  return (typeof header === 'string' && TRACEPARENT.exec(header)?.[1]) || newTraceId()
}

/** The `traceparent` of an answer: the caller's trace, our own span, the caller's sampling flag. */
export function traceparentOf(traceId: string, received: string | string[] | undefined): string {
  const flags = typeof received === 'string' ? TRACEPARENT.exec(received)?.[2] : undefined
  return `00-${traceId}-${randomHex(8)}-${flags === '01' ? '01' : '00'}`
}
