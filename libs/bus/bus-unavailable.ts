import { BusError } from '../errors/index.ts'

/** Our error for whatever the NATS library threw. */
export function busUnavailable(cause: unknown): BusError {
  if (cause instanceof BusError) return cause
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const reason =
    code === '503'
      ? 'no stream takes this subject'
      : code || (cause instanceof Error ? cause.message.slice(0, 120) : 'unknown')
  return new BusError('LT_DLV_BUS_UNAVAILABLE', { reason }, { cause })
}
