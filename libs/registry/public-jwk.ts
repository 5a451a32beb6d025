import { createHash, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { BusError } from '../errors/index.ts'

/** Members that make the key, by type, in the order RFC 7638 hashes them. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
}

export interface PublicJwk {
  /** Only the members that make the key. */
  readonly jwk: Readonly<Record<string, string>>
  /** RFC 7638, base64url. */
  readonly thumbprint: string
}

/** Reads a public key as JWK (RFC 7517). @throws BusError LT_REG_BAD_KEY: not a key, private, or weaker than we take */
export function readPublicJwk(value: object): PublicJwk {
  const given = value as Readonly<Record<string, unknown>>
  const members = typeof given.kty === 'string' && Object.hasOwn(MEMBERS, given.kty) ? MEMBERS[given.kty] : undefined
  if (!members) throw bad('kty')
  if ('d' in given || 'k' in given) throw bad('private')
  const jwk: Record<string, string> = {}
  for (const member of members) {
    const text = given[member]
    if (typeof text !== 'string' || text.length > 2_000) throw bad(member)
    jwk[member] = text
  }
  if (!strongEnough(readKey(jwk))) throw bad('strength')
  return { jwk, thumbprint: createHash('sha256').update(JSON.stringify(jwk)).digest('base64url') }
}

function readKey(jwk: JsonWebKey): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch (cause) {
    throw new BusError('LT_REG_BAD_KEY', { reason: 'JWK' }, { cause })
  }
}

function strongEnough({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): boolean {
  if (type === 'ec') return details?.namedCurve === 'prime256v1' || details?.namedCurve === 'secp384r1'
  if (type === 'rsa') return (details?.modulusLength ?? 0) >= 2_048
  return type === 'ed25519'
}

const bad = (reason: string): BusError => new BusError('LT_REG_BAD_KEY', { reason })
