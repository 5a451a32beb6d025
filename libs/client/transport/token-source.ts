import { createPrivateKey, createPublicKey, KeyObject, randomUUID } from 'node:crypto'
import { calculateJwkThumbprint, type JWK, SignJWT } from 'jose'
import { localError } from './client-error.ts'
import type { Transport } from './transport.ts'

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const ASSERTION_LIFE_S = 60
/** A token is renewed so long before it ends, so that none ends on the way. */
const EARLY_MS = 30_000

/** A private key as a caller has it: PEM (PKCS#8), JWK, or already read. */
export type PrivateKeyInput = string | JWK | KeyObject

export interface TokenOptions {
  readonly systemCode: string
  readonly key: PrivateKeyInput
  /** Key id under which the public key is registered; its RFC 7638 thumbprint unless told. */
  readonly kid?: string | undefined
}

interface Token {
  readonly header: string
  readonly goodUntil: number
}

/**
 * Keeps an access token (RFC 6749 4.4 with a signed client assertion, RFC 7523): fetched when first needed, renewed before it
 * ends, one request for it at a time. @throws ClientError LT_CLIENT_KEY_UNFIT
 */
export function openTokenSource(transport: Transport, options: TokenOptions): (renew: boolean) => Promise<string> {
  const key = readPrivateKey(options.key)
  const alg = algorithmOf(key)
  const kid = options.kid ?? calculateJwkThumbprint(createPublicKey(key).export({ format: 'jwk' }) as JWK)
  let token: Token | undefined
  let asking: Promise<Token> | undefined

  async function assertion(): Promise<string> {
    const now = Math.floor(Date.now() / 1000)
    return new SignJWT({})
      .setProtectedHeader({ alg, kid: await kid, typ: 'JWT' })
      .setIssuer(options.systemCode)
      .setSubject(options.systemCode)
      .setAudience(`${transport.baseUrl}/v1/token`)
      .setIssuedAt(now)
      .setExpirationTime(now + ASSERTION_LIFE_S)
      .setJti(randomUUID())
      .sign(key)
  }

  async function ask(): Promise<Token> {
    const answer = (await transport.json({
      method: 'POST',
      path: '/v1/token',
      body: async () =>
        new URLSearchParams({
          grant_type: 'client_credentials',
          client_assertion_type: JWT_BEARER,
          client_assertion: await assertion(),
        }),
    })) as { access_token?: unknown; expires_in?: unknown }
    const { access_token: text, expires_in: life } = answer
    if (typeof text !== 'string' || typeof life !== 'number') {
      throw localError('LT_CLIENT_ANSWER_UNREADABLE', { address: transport.baseUrl, status: 200 })
    }
    return { header: `Bearer ${text}`, goodUntil: Date.now() + life * 1000 - EARLY_MS }
  }

  return async (renew) => {
    if (token && !renew && Date.now() < token.goodUntil) return token.header
    asking ??= ask().finally(() => {
      asking = undefined
    })
    token = await asking
    return token.header
  }
}

/** @throws ClientError LT_CLIENT_KEY_UNFIT */
export function readPrivateKey(key: PrivateKeyInput): KeyObject {
  if (key instanceof KeyObject) return key
  try {
    return typeof key === 'string' ? createPrivateKey(key) : createPrivateKey({ key: key as never, format: 'jwk' })
  } catch (cause) {
    throw localError('LT_CLIENT_KEY_UNFIT', { reason: 'PEM / JWK' }, { cause })
  }
}

function algorithmOf(key: KeyObject): string {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
  if (key.type === 'private' && namedCurve === 'prime256v1') return 'ES256'
  if (key.type === 'private' && key.asymmetricKeyType === 'rsa' && modulusLength >= 2048) return 'PS256'
  if (key.type === 'private' && key.asymmetricKeyType === 'ed25519') return 'EdDSA'
  throw localError('LT_CLIENT_KEY_UNFIT', { reason: namedCurve ?? key.asymmetricKeyType ?? key.type })
}
