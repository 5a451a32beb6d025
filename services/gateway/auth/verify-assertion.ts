import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose'
import { BusError } from '../../../libs/errors/index.ts'
import type { Clock } from '../../../libs/runtime/index.ts'
import type { Addresses } from './addresses.ts'
import { ASSERTION_ALGORITHMS, keysFor } from './assertion-keys.ts'
import type { AuthDirectory } from './auth-directory.ts'

/** How far the clock of a caller may be off. */
export const CLOCK_ALLOWANCE_S = 30
/** How far ahead an assertion may expire. */
const MAX_AHEAD_S = 300
const MAX_ASSERTION_CHARS = 8_192
const COMPACT = /^[A-Za-z0-9_-]{1,4000}\.[A-Za-z0-9_-]{1,6000}\.[A-Za-z0-9_-]{1,1400}$/
const JTI = /^[\x21-\x7e]{8,128}$/

/** What a verified assertion says. Whether it is used for the first time is not known yet. */
export interface Assertion {
  readonly systemCode: string
  readonly jti: string
  /** Until when it has to be remembered as used. */
  readonly expiresAt: Date
}

interface Context {
  readonly directory: AuthDirectory
  readonly addresses: Addresses
  readonly clock: Clock
}

/**
 * Verifies a client assertion (RFC 7523 3). The key is one registered for the system it names, never one the assertion
 * brings or points to. What is wrong with the content is told only once the signature is known to be the system's own.
 * @throws BusError LT_AUTH_ASSERTION_MALFORMED, LT_AUTH_ASSERTION_ALGORITHM, LT_AUTH_CLIENT_UNKNOWN,
 *   LT_AUTH_ASSERTION_EXPIRED, LT_AUTH_ASSERTION_CLAIM
 */
export async function verifyAssertion(text: string, context: Context): Promise<Assertion> {
  const { directory, addresses, clock } = context
  const { alg, kid, issuer } = readUnverified(text)
  const system = directory.system(issuer)
  const registered = system && system.code === issuer ? directory.keysOf(issuer) : []
  const now = clock.now()
  const options = {
    algorithms: [alg],
    issuer,
    subject: issuer,
    audience: [addresses.tokenEndpoint, addresses.issuer],
    clockTolerance: CLOCK_ALLOWANCE_S,
    currentDate: now,
    requiredClaims: ['exp', 'jti'],
  }
  for (const key of keysFor(registered, alg, kid)) {
    const payload = await jwtVerify(text, key, options).then((result) => result.payload, unlessForeignKey)
    if (payload) return readClaims(payload, issuer, Math.floor(now.getTime() / 1000))
  }
  throw new BusError('LT_AUTH_CLIENT_UNKNOWN')
}

function readUnverified(text: string): { alg: string; kid: string | undefined; issuer: string } {
  if (text.length > MAX_ASSERTION_CHARS || !COMPACT.test(text)) throw new BusError('LT_AUTH_ASSERTION_MALFORMED')
  let alg: unknown
  let kid: unknown
  let issuer: unknown
  try {
    const header = decodeProtectedHeader(text)
    alg = header.alg
    kid = header.kid
    issuer = decodeJwt(text).iss
  } catch (cause) {
    throw new BusError('LT_AUTH_ASSERTION_MALFORMED', {}, { cause })
  }
  if (typeof alg !== 'string' || !ASSERTION_ALGORITHMS.has(alg)) throw new BusError('LT_AUTH_ASSERTION_ALGORITHM')
  if (kid !== undefined && typeof kid !== 'string') throw new BusError('LT_AUTH_ASSERTION_MALFORMED')
  if (typeof issuer !== 'string' || issuer.length > 64) throw new BusError('LT_AUTH_ASSERTION_MALFORMED')
  return { alg, kid, issuer }
}

/** Passes over a signature that this key did not make; everything else is told apart. */
function unlessForeignKey(error: unknown): undefined {
  if (error instanceof errors.JWSSignatureVerificationFailed) return undefined
  if (error instanceof errors.JWTExpired) throw new BusError('LT_AUTH_ASSERTION_EXPIRED', {}, { cause: error })
  if (error instanceof errors.JWTClaimValidationFailed) throw badClaim(error.claim, error.reason, error)
  throw new BusError('LT_AUTH_ASSERTION_MALFORMED', {}, { cause: error })
}

function readClaims(payload: JWTPayload, systemCode: string, now: number): Assertion {
  const { aud, exp, iat, jti } = payload
  // One address, so that nobody the assertion was also made out to can use it here.
  if (typeof aud !== 'string' && aud?.length !== 1) throw badClaim('aud', 'names more than one audience')
  if ((exp as number) > now + MAX_AHEAD_S + CLOCK_ALLOWANCE_S) throw badClaim('exp', 'too far ahead')
  if (iat !== undefined && !(typeof iat === 'number' && iat <= now + CLOCK_ALLOWANCE_S))
    throw badClaim('iat', 'in the future')
  if (typeof jti !== 'string' || !JTI.test(jti)) throw badClaim('jti', '8 to 128 visible ASCII characters')
  return { systemCode, jti, expiresAt: new Date(((exp as number) + CLOCK_ALLOWANCE_S) * 1000) }
}

function badClaim(claim: string, detail: string, cause?: unknown): BusError {
  return new BusError('LT_AUTH_ASSERTION_CLAIM', { claim, detail }, { cause })
}
