import { decodeJwt } from 'jose'

const MAX_CHARS = 8_192
const MAX_CODE = 64

/**
 * Whom unproved credentials claim to be: `sub` of a token or assertion, which in an assertion is the issuer too. Empty when
 * nothing can be read. Good for telling failures apart, for nothing else.
 */
export function claimedSystem(jwt: string): string {
  if (jwt.length > MAX_CHARS) return ''
  try {
    const { sub } = decodeJwt(jwt)
    return typeof sub === 'string' ? sub.slice(0, MAX_CODE) : ''
  } catch {
    return ''
  }
}
