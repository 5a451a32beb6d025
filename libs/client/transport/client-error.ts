import {
  type Actor,
  BusError,
  catalogue,
  type ErrorCode,
  type ErrorParams,
  fill,
  type RetryAdvice,
} from '../../errors/index.ts'

/** A text in both languages. */
export interface FaultText {
  readonly title: string
  readonly advice: string
}

/** What went wrong between this system and the axis: a refusal of the axis, or a failure to reach or understand it. */
export interface ClientFault {
  /** Stable; of the axis's catalogue (newer axes may have codes this SDK does not know) or `LT_CLIENT_…`. */
  readonly code: string
  /** HTTP status, also for faults that never were an answer. */
  readonly status: number
  /** Who has to act. */
  readonly actor: Actor
  /** Whether sending the same again can help. */
  readonly retry: RetryAdvice
  readonly texts: { readonly vi: FaultText; readonly en: FaultText }
  readonly params?: ErrorParams
  readonly detail?: string
  readonly traceId?: string
  /** Pause the axis asked for, in milliseconds. */
  readonly retryAfterMs?: number
}

/** The error every call of the client throws for what the axis or the way to it is to blame for. */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly fault: ClientFault

  constructor(fault: ClientFault, options?: { cause?: unknown }) {
    super(`${fault.code}: ${fault.texts.en.title}`, options)
    this.fault = fault
  }

  get code(): string {
    return this.fault.code
  }

  /** Whether a later try, unchanged, may succeed. */
  get isTemporary(): boolean {
    return this.fault.retry === 'later'
  }
}

/** A fault that this side found, in the words of the catalogue. */
export function localError(code: ErrorCode, params: ErrorParams = {}, options?: { cause?: unknown }): ClientError {
  return new ClientError(faultOfEntry(code, params), options)
}

/** What any error of this library says, whether the axis refused or this side did; `undefined` for an error of another kind. */
export function faultOf(error: unknown): ClientFault | undefined {
  if (error instanceof ClientError) return error.fault
  return error instanceof BusError ? faultOfEntry(error.code, error.params) : undefined
}

function faultOfEntry(code: ErrorCode, params: ErrorParams): ClientFault {
  const { status, actor, retry, title, advice } = catalogue[code]
  const text = (language: 'vi' | 'en'): FaultText => ({
    title: fill(title[language], params),
    advice: fill(advice[language], params),
  })
  return { code, status, actor, retry, params, texts: { vi: text('vi'), en: text('en') } }
}
