import { BusError, type ErrorCode, type ErrorParams } from '../../libs/errors/index.ts'
import type { OutgoingAnswer } from '../../libs/http/index.ts'
import type { AttemptEnd } from '../../libs/store/index.ts'
import type { Sign } from './breaker.ts'

/** What one attempt came to. */
export interface Verdict {
  readonly outcome: NonNullable<AttemptEnd['outcome']>
  /** What was wrong, in the words of the catalogue; absent when it was delivered. */
  readonly fault?: { readonly code: ErrorCode; readonly params: ErrorParams }
  readonly status?: number
  /** The receiver asked not to be called sooner. */
  readonly retryAfterMs?: number
  /** The beginning of what the receiver said. */
  readonly said?: string
}

const BUSY: ReadonlySet<number> = new Set([408, 425, 429])
/** Says something about the endpoint and not about the document: somebody will mend it. */
const CLOSED: ReadonlySet<number> = new Set([401, 403, 404, 405, 407, 421])
const MAX_SAID = 200
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/** The meaning of a status: any 2xx is the receiver's word that it has stored the document. */
export function classifyAnswer(answer: OutgoingAnswer, now: Date): Verdict {
  const { status } = answer
  const retryAfterMs = readRetryAfter(answer.retryAfter, now)
  const seen = { status, ...(answer.text === '' ? {} : { said: printable(answer.text) }) }
  const fault = (code: ErrorCode) => ({ ...seen, fault: { code, params: { status } } })
  if (status >= 200 && status < 300) return { outcome: 'delivered', ...seen }
  if (BUSY.has(status) || (status === 503 && retryAfterMs !== undefined)) {
    return { outcome: 'busy', ...fault('LT_DLV_BUSY'), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
  }
  if (status >= 300 && status < 400) return { outcome: 'transient', ...fault('LT_DLV_REDIRECTED') }
  if (CLOSED.has(status)) return { outcome: 'transient', ...fault('LT_DLV_ENDPOINT_CLOSED') }
  if (status >= 400 && status < 500) return { outcome: 'permanent', ...fault('LT_DLV_REFUSED') }
  return { outcome: 'transient', ...fault('LT_DLV_ENDPOINT_FAILED') }
}

/** The meaning of a push without an answer: once content was sent, nobody knows what the receiver has. */
export function classifyFailure(error: unknown): Verdict {
  if (!(error instanceof BusError)) return { outcome: 'ambiguous', fault: { code: 'LT_DLV_INTERRUPTED', params: {} } }
  const ambiguous = error.code === 'LT_DLV_NO_ANSWER' || error.code === 'LT_DLV_INTERRUPTED'
  return { outcome: ambiguous ? 'ambiguous' : 'transient', fault: { code: error.code, params: error.params } }
}

/** What a verdict says about the endpoint. Content that we could not read, and what was interrupted here, says nothing of it. */
export function signOf({ outcome, fault, retryAfterMs }: Verdict, probe: boolean): Sign {
  if (outcome === 'delivered' || outcome === 'permanent') return { kind: 'works', probe }
  if (outcome === 'busy') return { kind: 'busy', probe, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
  const ours = fault?.code === 'LT_DLV_INTERRUPTED' || !fault?.code.startsWith('LT_DLV_')
  return { kind: ours ? 'unknown' : 'failed', probe }
}

/** RFC 9110 10.2.3: seconds, or a date. */
function readRetryAfter(text: string | undefined, now: Date): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const at = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime())
}

function printable(text: string): string {
  return text
    .slice(0, MAX_SAID)
    .replace(/[\p{Cc}\p{Cs}]+/gu, ' ')
    .trim()
}
