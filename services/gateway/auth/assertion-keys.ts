import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { JWK } from 'jose'

type KeyType = 'EC' | 'RSA' | 'OKP'

/** Signature algorithms a client assertion may use, with the type of key each needs. */
export const ASSERTION_ALGORITHMS: ReadonlyMap<string, KeyType> = new Map([
  ['ES256', 'EC'],
  ['PS256', 'RSA'],
  ['RS256', 'RSA'],
  ['EdDSA', 'OKP'],
  ['Ed25519', 'OKP'],
])

/** Keys tried at most when the assertion names none. */
const MAX_TRIED = 4

interface RegisteredKey {
  readonly kid: string
  readonly publicJwk: object
}

/**
 * The keys to check an assertion with: those of the system that fit the algorithm and the `kid`; when there is none, a key
 * nobody holds, so that an unknown system costs as much time as a wrong signature.
 */
export function keysFor(
  registered: readonly RegisteredKey[],
  alg: string,
  kid: string | undefined,
): readonly (JWK | KeyObject)[] {
  const type = ASSERTION_ALGORITHMS.get(alg) as KeyType
  const fitting = registered
    .filter((key) => kid === undefined || key.kid === kid)
    .map((key) => key.publicJwk as JWK)
    .filter((jwk) => jwk.kty === type && (type !== 'EC' || jwk.crv === 'P-256'))
    .slice(-MAX_TRIED)
  return fitting.length > 0 ? fitting : [nobodysKey(type)]
}

const nobodys = new Map<KeyType, KeyObject>()

function nobodysKey(type: KeyType): KeyObject {
  const known = nobodys.get(type)
  if (known) return known
  const made = makePublicKey(type)
  nobodys.set(type, made)
  return made
}

function makePublicKey(type: KeyType): KeyObject {
  if (type === 'EC') return generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
  if (type === 'OKP') return generateKeyPairSync('ed25519').publicKey
  return generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey
}

/** Makes them at the start: a first request must not be slower than the next. */
export function prepareNobodysKeys(): void {
  for (const type of ['EC', 'RSA', 'OKP'] as const) nobodysKey(type)
}
