/** SQLSTATEs that decisions depend on (PostgreSQL appendix A); `LT…` are raised by our own functions. */
export const SQL_STATE = {
  uniqueViolation: '23505',
  deadlockDetected: '40P01',
  serializationFailure: '40001',
  partialSubmission: 'LT001',
  appendOnly: 'LT003',
} as const

/** The SQLSTATE of a thrown value, or `undefined` when it did not come from the server. */
export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}

/**
 * Whether an error says nothing about the statement's outcome: the connection broke, or the server is going down.
 * Class 08 connection, 57P0x shutdown, 53 resources; without SQLSTATE it is the driver or the socket.
 */
export function isConnectionLoss(error: unknown): boolean {
  const state = sqlState(error)
  return state === undefined ? !(error instanceof TypeError || error instanceof RangeError) : /^(08|57P0|53)/.test(state)
}
