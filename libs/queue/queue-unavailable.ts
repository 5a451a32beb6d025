import { BusError } from '../errors/index.ts'

/** Our error for whatever BullMQ or ioredis threw. */
export function queueUnavailable(cause: unknown): BusError {
  if (cause instanceof BusError) return cause
  return new BusError(
    'LT_DLV_QUEUE_UNAVAILABLE',
    { reason: cause instanceof Error ? cause.message.slice(0, 120) : 'unknown' },
    { cause },
  )
}
