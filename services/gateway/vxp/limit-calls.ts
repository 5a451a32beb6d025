import { BusError } from '../../../libs/errors/index.ts'
import { createLimitStore, type LimitRedis } from '../../../libs/http/index.ts'

const MINUTE_MS = 60_000

export interface CallLimits {
  /** Counts a call of a system. @throws BusError LT_HTTP_TOO_MANY_REQUESTS */
  count(systemCode: string): Promise<void>
  /** Counts a call that proved nothing. */
  countFailure(address: string): Promise<void>
  /** @throws BusError LT_HTTP_TOO_MANY_REQUESTS when too many from there proved nothing */
  checkFailures(address: string): Promise<void>
}

/** How many calls a minute may bring, over all processes. */
export function limitCalls(
  redis: LimitRedis,
  most: { readonly callsPerMinute: number; readonly failuresPerMinute: number },
): CallLimits {
  const store = createLimitStore(redis)
  const ask = (how: 'incr' | 'read', key: string): Promise<{ current: number; ttl: number }> =>
    new Promise((resolve) => store[how](key, (_, count) => resolve(count), MINUTE_MS))
  const refuse = (ttlMs: number): never => {
    throw new BusError('LT_HTTP_TOO_MANY_REQUESTS', { retryAfterS: Math.max(1, Math.ceil(ttlMs / 1000)) })
  }
  return {
    async count(systemCode) {
      const { current, ttl } = await ask('incr', `door:${systemCode}`)
      if (current > most.callsPerMinute) refuse(ttl)
    },
    async countFailure(address) {
      await ask('incr', `door-failure:${address}`)
    },
    async checkFailures(address) {
      const { current, ttl } = await ask('read', `door-failure:${address}`)
      if (current >= most.failuresPerMinute) refuse(ttl)
    },
  }
}
