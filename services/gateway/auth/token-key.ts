import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BusError } from '../../../libs/errors/index.ts'

/** File of the token key in the key folder: a private EC key on P-256, PEM. */
export const TOKEN_KEY_FILE = 'token.key.pem'

/** The key that signs and verifies access tokens, and nothing else. */
export interface TokenKey {
  /** RFC 7638 thumbprint. */
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** Reads the token key. @throws BusError LT_CONF_FILE_UNREADABLE, LT_CONF_INVALID when it is not an EC key on P-256 */
export function loadTokenKey(keyDir: string): TokenKey {
  const path = join(keyDir, TOKEN_KEY_FILE)
  let pem: string
  try {
    pem = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new BusError('LT_CONF_FILE_UNREADABLE', { path }, { cause })
  }
  return tokenKeyOf(readKey(pem, path), path)
}

function readKey(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch (cause) {
    throw new BusError('LT_CONF_INVALID', { problems: `${path} is not a private key in PEM form` }, { cause })
  }
}

function tokenKeyOf(privateKey: KeyObject, path: string): TokenKey {
  if (privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new BusError('LT_CONF_INVALID', { problems: `${path} is not an EC key on P-256` })
  }
  const publicKey = createPublicKey(privateKey)
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' })
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
  return { kid, privateKey, publicKey }
}
