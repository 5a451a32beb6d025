import { isBusError } from '../../../libs/errors/index.ts'
import { callerAddress, createRateLimit, type FastifyRequest, type HttpServer } from '../../../libs/http/index.ts'

/** So many times what one claimed system may fail from an address, all that fail from there together may. */
const ADDRESS_FACTOR = 10
const MINUTE_MS = 60_000

/** What proves nothing, or proves it again: each costs a verification or a row. */
const COUNTED: ReadonlySet<string> = new Set([
  'LT_AUTH_TOKEN_INVALID',
  'LT_AUTH_CERTIFICATE_UNKNOWN',
  'LT_AUTH_ASSERTION_MALFORMED',
  'LT_AUTH_ASSERTION_ALGORITHM',
  'LT_AUTH_ASSERTION_CLAIM',
  'LT_AUTH_ASSERTION_EXPIRED',
  'LT_AUTH_ASSERTION_REPLAYED',
  'LT_AUTH_CLIENT_UNKNOWN',
])

/** Runs a check of credentials that costs something. @throws BusError LT_HTTP_TOO_MANY_REQUESTS, and what the check throws */
export type GuardCheck = <T>(request: FastifyRequest, claimed: string, check: () => Promise<T>) => Promise<T>

/**
 * Slows down whoever fails. Failures count for the address together with the system that was claimed, so that one bad neighbour
 * behind the same proxy does not lock out the others; and for the address alone with a ceiling ten times as high, since a claim
 * costs nothing.
 */
export function createFailureLimit(server: HttpServer, failuresPerMinute: number): GuardCheck {
  const claims = new WeakMap<FastifyRequest, string>()
  const perClaim = createRateLimit(server, {
    name: 'auth-failure',
    max: failuresPerMinute,
    windowMs: MINUTE_MS,
    keyOf: (request) => `${callerAddress(request)} ${claims.get(request) ?? ''}`,
  })
  const perAddress = createRateLimit(server, {
    name: 'auth-failure-address',
    max: failuresPerMinute * ADDRESS_FACTOR,
    windowMs: MINUTE_MS,
  })
  return async (request, claimed, check) => {
    claims.set(request, claimed)
    await Promise.all([perClaim.check(request), perAddress.check(request)])
    try {
      return await check()
    } catch (error) {
      if (isBusError(error) && COUNTED.has(error.code))
        await Promise.all([perClaim.count(request), perAddress.count(request)])
      throw error
    }
  }
}
