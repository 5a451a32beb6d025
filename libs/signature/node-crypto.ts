import { createHash, type Hash, type KeyObject, verify } from 'node:crypto'
import { DSIG_MORE, XMLENC } from './algorithms.ts'
import type { SignatureCrypto } from './signature-crypto.ts'

const digests: Readonly<Record<string, string>> = {
  [`${XMLENC}sha256`]: 'sha256',
  [`${DSIG_MORE}sha384`]: 'sha384',
  [`${XMLENC}sha512`]: 'sha512',
}
const SIGNATURE = /^(rsa|ecdsa)-(sha256|sha384|sha512)$/

/** The algorithms of `packetPolicy` on Node's OpenSSL. */
export const nodeCrypto = {
  createDigest(algorithm: string): Hash {
    const name = digests[algorithm]
    if (name === undefined) throw new Error(`digest ${algorithm} is not offered`)
    return createHash(name)
  },
  verify(algorithm: string, key: KeyObject, data: Uint8Array, value: Uint8Array): boolean {
    const [, family, hash] = SIGNATURE.exec(algorithm.slice(DSIG_MORE.length)) ?? []
    if (key.asymmetricKeyType !== (family === 'rsa' ? 'rsa' : 'ec') || hash === undefined) return false
    try {
      return verify(hash, data, { key, dsaEncoding: 'ieee-p1363' }, value)
    } catch {
      // OpenSSL throws for values it cannot even read, such as one of the wrong length.
      return false
    }
  },
} satisfies SignatureCrypto<KeyObject>
