import { BusError } from '../../../libs/errors/index.ts'
import { createLimitStore, type LimitRedis } from '../../../libs/http/index.ts'

const MINUTE_MS = 60_000

export interface CallLimits {
  /** Counts a call of a system. @throws BusError LT_HTTP_TOO_MANY_REQUESTS */
  count(systemCode: string): Promise<void>
  /**
   * Counts a call that proved nothing. Only such calls are refused for their number: whoever proves a secret is not locked out by a
   * neighbour behind the same address. @throws BusError LT_HTTP_TOO_MANY_REQUESTS
   */
  countFailure(address: string): Promise<void>
}

/** How many calls a minute may bring, over all processes. */
export function limitCalls(
  redis: LimitRedis,
  most: { readonly callsPerMinute: number; readonly failuresPerMinute: number },
): CallLimits {
  const store = createLimitStore(redis)
  const count = async (key: string, max: number): Promise<void> => {
    const { current, ttl } = await new Promise<{ current: number; ttl: number }>((resolve) =>
      store.incr(key, (_, counted) => resolve(counted), MINUTE_MS),
    )
    if (current > max) throw new BusError('LT_HTTP_TOO_MANY_REQUESTS', { retryAfterS: Math.ceil(ttl / 1000) })
  }
  return {
    count: (systemCode) => count(`door:${systemCode}`, most.callsPerMinute),
    countFailure: (address) => count(`door-failure:${address}`, most.failuresPerMinute),
  }
}
