import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BusError } from '../../libs/errors/index.ts'
import { createRequestSigner, type RequestSigner } from '../../libs/http/index.ts'

/** Files in the key folder. `lienthong pki` makes both for a test axis. */
export const DELIVERY_KEY_FILES = {
  key: 'delivery.key.pem',
  /** The certificate of the key, then those up to the root, the root itself left out. */
  chain: 'delivery.chain.pem',
} as const

/** A push is taken for fresh so many seconds after it was signed. */
const LIFE_S = 300

/**
 * A signer of what delivery sends; `tag` says what for. Its key id is the SHA-256 of the certificate, so that receivers see at once when the key was changed.
 * @throws BusError LT_CONF_FILE_UNREADABLE, also for a key that is not on P-256 or not that of the certificate
 */
export async function loadSigner(keyDir: string, tag: 'lt-push' | 'lt-hook'): Promise<RequestSigner> {
  const path = join(keyDir, DELIVERY_KEY_FILES.key)
  const [key, certificate] = await Promise.all([
    read(path, createPrivateKey),
    read(join(keyDir, DELIVERY_KEY_FILES.chain), (pem) => new X509Certificate(pem)),
  ])
  if (!isP256(key) || !certificate.checkPrivateKey(key)) throw new BusError('LT_CONF_FILE_UNREADABLE', { path })
  const keyId = certificate.fingerprint256.replaceAll(':', '').toLowerCase()
  return createRequestSigner({ key, keyId, tag, lifeS: LIFE_S })
}

const isP256 = (key: KeyObject): boolean => key.asymmetricKeyDetails?.namedCurve === 'prime256v1'

async function read<T>(path: string, parse: (pem: string) => T): Promise<T> {
  try {
    return parse(await readFile(path, 'utf8'))
  } catch (cause) {
    throw new BusError('LT_CONF_FILE_UNREADABLE', { path }, { cause })
  }
}
