import { randomUUID } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import { BusError } from '../../../libs/errors/index.ts'
import type { Clock } from '../../../libs/runtime/index.ts'
import type { Addresses } from './addresses.ts'
import { type KnownToken, TokenCache } from './token-cache.ts'
import type { TokenKey } from './token-key.ts'

/** Seconds an access token is good for. */
export const TOKEN_TTL_S = 300
/** The one scope there is. */
export const SCOPE = 'exchange'
const MAX_TOKEN_CHARS = 2_048
const COMPACT = /^[A-Za-z0-9_-]{1,500}\.[A-Za-z0-9_-]{1,1500}\.[A-Za-z0-9_-]{1,200}$/

/** Issues and verifies access tokens: JWTs of RFC 9068, ES256. */
export interface AccessTokens {
  issue(systemCode: string): Promise<string>
  /** What a token says if it was verified here before and is still good: no signature to check. */
  known(token: string): KnownToken | undefined
  /** @throws BusError LT_AUTH_TOKEN_INVALID, LT_AUTH_TOKEN_EXPIRED */
  verify(token: string): Promise<KnownToken>
}

export function createAccessTokens(key: TokenKey, addresses: Addresses, clock: Clock): AccessTokens {
  const cache = new TokenCache()
  const options = {
    algorithms: ['ES256'],
    typ: 'at+jwt',
    issuer: addresses.issuer,
    audience: addresses.api,
    requiredClaims: ['exp', 'iat', 'jti', 'sub'],
  }
  return {
    issue(systemCode) {
      const now = Math.floor(clock.now().getTime() / 1000)
      return new SignJWT({ client_id: systemCode, scope: SCOPE })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: key.kid })
        .setIssuer(addresses.issuer)
        .setAudience(addresses.api)
        .setSubject(systemCode)
        .setIssuedAt(now)
        .setExpirationTime(now + TOKEN_TTL_S)
        .setJti(randomUUID())
        .sign(key.privateKey)
    },
    known(token) {
      if (token.length > MAX_TOKEN_CHARS) return undefined
      const known = cache.get(token)
      return known && known.expiresAt > clock.now().getTime() ? known : undefined
    },
    async verify(token) {
      if (token.length > MAX_TOKEN_CHARS || !COMPACT.test(token)) throw new BusError('LT_AUTH_TOKEN_INVALID')
      try {
        const { payload } = await jwtVerify(token, key.publicKey, { ...options, currentDate: clock.now() })
        const known = { systemCode: payload.sub as string, expiresAt: (payload.exp as number) * 1000 }
        cache.set(token, known)
        return known
      } catch (cause) {
        // jose checks the signature before any claim: an expired token is one we issued.
        throw new BusError(
          cause instanceof errors.JWTExpired ? 'LT_AUTH_TOKEN_EXPIRED' : 'LT_AUTH_TOKEN_INVALID',
          {},
          { cause },
        )
      }
    },
  }
}
