import { BusError } from '../../../libs/errors/index.ts'
import { createRateLimit, type FastifyRequest, type HttpServer } from '../../../libs/http/index.ts'
import { type Clock, systemClock } from '../../../libs/runtime/index.ts'
import type { Queryable } from '../../../libs/store/index.ts'
import { createAccessTokens } from './access-token.ts'
import { addressesAt } from './addresses.ts'
import { prepareNobodysKeys } from './assertion-keys.ts'
import type { AuthDirectory } from './auth-directory.ts'
import { CALLER, type Caller, callerFor, callerOf } from './caller.ts'
import { claimedSystem } from './claimed-system.ts'
import { clientFingerprint, systemByCertificate } from './client-certificate.ts'
import { createFailureLimit } from './failure-limit.ts'
import { issueToken } from './issue-token.ts'
import type { TokenKey } from './token-key.ts'

export interface AuthOptions {
  readonly directory: AuthDirectory
  /** With the rights of the gateway; used only where a token is asked for. */
  readonly database: Queryable
  readonly tokenKey: TokenKey
  /** Base address at which agencies reach the native API, without a path. */
  readonly publicUrl: string
  /** Requests of one system within a minute. */
  readonly systemRequestsPerMinute: number
  /** Attempts with credentials that prove nothing, from one address for one claimed system within a minute. */
  readonly failuresPerMinute: number
  /** Access tokens of one system within a minute; each is a row until its assertion cannot be used again. */
  readonly tokensPerMinute: number
  readonly clock?: Clock
}

/** Who calls, and for whom. */
export interface Auth {
  /** @throws BusError LT_AUTH_REQUIRED, LT_AUTH_TOKEN_…, LT_AUTH_CERTIFICATE_UNKNOWN, LT_AUTH_SUSPENDED, LT_HTTP_TOO_MANY_REQUESTS */
  authenticate(request: FastifyRequest): Promise<Caller>
  /** `onRequest` hook of every route of the API: authenticates before the body is looked at, and counts the system's pace. */
  requireSystem(request: FastifyRequest): Promise<void>
  /** @throws BusError LT_AUTH_FOREIGN_AGENCY unless the caller's system fronts the agency (canonical code) */
  actsFor(caller: Caller, agencyCode: string): void
  /** Exchanges a client assertion for an access token; the token route. @throws BusError */
  issueToken(request: FastifyRequest, assertion: string, clientId: string | undefined): Promise<string>
}

/** Makes the authentication of one listener; call before its routes are added. */
export function createAuth(server: HttpServer, options: AuthOptions): Auth {
  const { directory, database, tokenKey, publicUrl, clock = systemClock } = options
  const addresses = addressesAt(publicUrl)
  const tokens = createAccessTokens(tokenKey, addresses, clock)
  const guarded = createFailureLimit(server, options.failuresPerMinute)
  const pace = createRateLimit(server, {
    name: 'system',
    max: options.systemRequestsPerMinute,
    windowMs: 60_000,
    keyOf: (request) => callerOf(request).systemCode,
  })
  const assertedBy = new WeakMap<FastifyRequest, string>()
  const tokenPace = createRateLimit(server, {
    name: 'token',
    max: options.tokensPerMinute,
    windowMs: 60_000,
    keyOf: (request) => assertedBy.get(request) ?? '',
  })
  prepareNobodysKeys()
  server.decorateRequest(CALLER, null)

  async function authenticate(request: FastifyRequest): Promise<Caller> {
    const header = request.headers.authorization
    if (header === undefined) {
      const fingerprint = clientFingerprint(request.raw.socket)
      if (fingerprint === undefined) throw new BusError('LT_AUTH_REQUIRED')
      const known = systemByCertificate(directory, fingerprint, clock.now())
      return callerFor(
        directory,
        known ??
          (await guarded(request, fingerprint, () => Promise.reject(new BusError('LT_AUTH_CERTIFICATE_UNKNOWN')))),
        { via: 'mtls', fingerprint },
      )
    }
    if (header.slice(0, 7).toLowerCase() !== 'bearer ') throw new BusError('LT_AUTH_REQUIRED')
    const token = header.slice(7)
    const known = tokens.known(token) ?? (await guarded(request, claimedSystem(token), () => tokens.verify(token)))
    return callerFor(directory, known.systemCode, { via: 'token', expiresAt: known.expiresAt })
  }

  return {
    authenticate,
    async requireSystem(request) {
      request.setDecorator(CALLER, await authenticate(request))
      await pace.count(request)
    },
    actsFor(caller, agencyCode) {
      if (!directory.fronts(caller.systemCode, agencyCode))
        throw new BusError('LT_AUTH_FOREIGN_AGENCY', { agency: agencyCode })
    },
    issueToken: (request, assertion, clientId) =>
      guarded(request, claimedSystem(assertion), () => {
        const countSystem = (systemCode: string): Promise<void> => {
          assertedBy.set(request, systemCode)
          return tokenPace.count(request)
        }
        return issueToken({ directory, database, addresses, tokens, clock, countSystem }, assertion, clientId)
      }),
  }
}
