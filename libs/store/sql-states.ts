import { isBusError } from '../errors/index.ts'

/** SQLSTATEs that decisions depend on (PostgreSQL appendix A); `LT…` are raised by our own functions. */
export const SQL_STATE = {
  checkViolation: '23514',
  deadlockDetected: '40P01',
  serializationFailure: '40001',
  partialSubmission: 'LT001',
  appendOnly: 'LT003',
} as const

/** The SQLSTATE of a thrown value, or `undefined` when it is no error of the server: only those have a severity. */
export function sqlState(error: unknown): string | undefined {
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown }
  return typeof severity === 'string' && typeof code === 'string' ? code : undefined
}

/** Socket errors, and what the driver says when a connection is gone or does not answer. */
const LOST_CODES =
  /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|EHOSTDOWN|ENOTFOUND|EAI_AGAIN|ENOENT|NOT_PRIMARY)$/
const LOST_TEXTS =
  /Connection terminated|connection error|timeout exceeded when trying to connect|Query read timeout|not queryable|after calling end/i
const NEVER_SENT = /^(ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|EHOSTDOWN|ENOTFOUND|EAI_AGAIN|ENOENT)$/

/**
 * Whether an error says nothing about the statement's outcome: the connection broke, the server is going down (classes 08 and
 * 57P0x), or nobody answered. A defect of ours is none of these.
 */
export function isConnectionLoss(error: unknown): boolean {
  if (isBusError(error)) return error.code === 'LT_STORE_UNAVAILABLE'
  const state = sqlState(error)
  if (state !== undefined) return /^(08|57P0)/.test(state)
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  return (
    (typeof code === 'string' && LOST_CODES.test(code)) || (typeof message === 'string' && LOST_TEXTS.test(message))
  )
}

/**
 * Whether a lost statement cannot have reached the server: there was no connection to send it on. The same codes come from a connection
 * that stood and lost its way (`read ENETUNREACH`): then the statement may be done.
 */
export function wasNeverSent(error: unknown): boolean {
  let cause = error
  while (isBusError(cause)) cause = cause.cause
  return neverConnected(cause)
}

function neverConnected(cause: unknown): boolean {
  // One for each address of a name.
  if (cause instanceof AggregateError) return cause.errors.length > 0 && cause.errors.every(neverConnected)
  const { code, syscall, message } = (cause ?? {}) as { code?: unknown; syscall?: unknown; message?: unknown }
  if (code === 'NOT_PRIMARY' || message === 'timeout exceeded when trying to connect') return true
  return (syscall === 'connect' || syscall === 'getaddrinfo') && typeof code === 'string' && NEVER_SENT.test(code)
}

/**
 * Whether the server could not do the work at all just now, whatever was in it: out of resources (53), cancelled by a time-out
 * (57014), read-only (25006), lock not to be had (55P03), no partition for this month. Nothing was written.
 */
export function isServerTrouble(error: unknown): boolean {
  const state = sqlState(error)
  if (state === undefined) return false
  if (state === SQL_STATE.checkViolation) return /no partition of relation/.test((error as Error).message)
  return /^53/.test(state) || state === '57014' || state === '25006' || state === '55P03'
}
