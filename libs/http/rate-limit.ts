import rateLimit from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'
import { BusError } from '../errors/index.ts'
import type { HttpServer } from './http-server.ts'
import { createLimitStore, type LimitRedis } from './limit-store.ts'

export interface RateLimitOptions {
  /** Tells limiters apart where they share one Redis. */
  readonly name: string
  /** So many within one window. */
  readonly max: number
  readonly windowMs: number
  /** Whom to count; the caller's address unless given. */
  readonly keyOf?: (request: FastifyRequest) => string
}

export interface RateLimit {
  /** Counts one. @throws BusError LT_HTTP_TOO_MANY_REQUESTS when that was one too many */
  count(request: FastifyRequest): Promise<void>
  /** Counts nothing. @throws BusError LT_HTTP_TOO_MANY_REQUESTS when the limit has been reached */
  check(request: FastifyRequest): Promise<void>
}

/** The address a request came from as one caller: IPv6 by its /64, since one machine has all of those. */
export function callerAddress(request: FastifyRequest): string {
  return rateLimit.normalizeIP(request.ip)
}

/** Makes a limiter for one purpose; use `count` or `check` in a hook. */
export function createRateLimit(server: HttpServer, options: RateLimitOptions): RateLimit {
  const { name, max, windowMs, keyOf = callerAddress } = options
  const measure = server.createRateLimit({
    max,
    timeWindow: windowMs,
    keyGenerator: (request) => `${name}:${keyOf(request)}`,
  })
  const refuse = (ttlMs: number): never => {
    throw new BusError('LT_HTTP_TOO_MANY_REQUESTS', { retryAfterS: Math.ceil(ttlMs / 1000) })
  }
  return {
    count: async (request) => {
      const result = await measure(request)
      if (!result.isAllowed && result.isExceeded) refuse(result.ttl)
    },
    check: async (request) => {
      const result = await measure(request, { increment: false })
      if (!result.isAllowed && result.remaining === 0) refuse(result.ttl)
    },
  }
}

/** Registered once per server; counts in this process, and with a Redis over all that share it. */
export async function registerRateLimits(server: HttpServer, redis: LimitRedis | undefined): Promise<void> {
  /** The plugin makes one for the server and from it a child for each limiter. */
  class Store {
    readonly #store = createLimitStore(redis)
    readonly incr = this.#store.incr
    readonly read = this.#store.read

    child(): Store {
      return new Store()
    }
  }
  await server.register(rateLimit, { global: false, store: Store as never })
}
