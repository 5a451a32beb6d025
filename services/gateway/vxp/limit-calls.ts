import { BusError } from '../../../libs/errors/index.ts'
import { createLimitStore, type LimitRedis } from '../../../libs/http/index.ts'

const MINUTE_MS = 60_000
/** So many times what one claimed system may fail from an address, all that fail from there together may: a bad neighbour locks out nobody. */
const ADDRESS_FACTOR = 10
const MAX_CLAIM = 64

const keysOf = (address: string, claimed: string): (readonly [key: string, factor: number])[] => [
  [`door-failure:${address} ${claimed.slice(0, MAX_CLAIM)}`, 1],
  [`door-failure-address:${address}`, ADDRESS_FACTOR],
]

export interface CallLimits {
  /** Counts a call of a system. @throws BusError LT_HTTP_TOO_MANY_REQUESTS */
  count(systemCode: string): Promise<void>
  /** Counts a call that proved nothing, for the address with the system it claimed to be, and for the address. */
  countFailure(address: string, claimed: string): Promise<void>
  /** @throws BusError LT_HTTP_TOO_MANY_REQUESTS when too many of either proved nothing */
  checkFailures(address: string, claimed: string): Promise<void>
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
    async countFailure(address, claimed) {
      await Promise.all(keysOf(address, claimed).map(([key]) => ask('incr', key)))
    },
    async checkFailures(address, claimed) {
      for (const [key, factor] of keysOf(address, claimed)) {
        const { current, ttl } = await ask('read', key)
        if (current >= most.failuresPerMinute * factor) refuse(ttl)
      }
    },
  }
}
