import { createHash, type KeyObject, sign, X509Certificate } from 'node:crypto'
import type { ReceiverSignature } from './answers.ts'
import { localError } from './transport/client-error.ts'
import { type PrivateKeyInput, readPrivateKey } from './transport/token-source.ts'

/** Who signs packets: a key and the certificates that go into the signature, the signer's own first. */
export interface PacketSigner {
  readonly key: KeyObject
  readonly chain: readonly X509Certificate[]
  /** SHA-256 of the signer's certificate, lower-case hex. */
  readonly fingerprint: string
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/**
 * A signer from its private key and a PEM text with its certificate and those above it.
 * @throws ClientError LT_CLIENT_KEY_UNFIT when the key is unreadable or not that of the first certificate
 */
export function openSigner(key: PrivateKeyInput, certificates: string): PacketSigner {
  const privateKey = readPrivateKey(key)
  const chain = (certificates.slice(0, 256_000).match(CERTIFICATE) ?? []).map(readCertificate)
  const leaf = chain[0]
  if (!leaf?.checkPrivateKey(privateKey)) throw localError('LT_CLIENT_KEY_UNFIT', { reason: 'certificate' })
  return { key: privateKey, chain, fingerprint: createHash('sha256').update(leaf.raw).digest('hex') }
}

function readCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw localError('LT_CLIENT_KEY_UNFIT', { reason: 'certificate' }, { cause })
  }
}

/**
 * The receiver's own signature for acknowledging or refusing, over five lines: label, which of the two, consignment id, content
 * hash (hex), time.
 * ECDSA (IEEE P1363) or RSA PKCS #1, with SHA-256. The certificate has to be registered for the agency or its system.
 */
export function signReceipt(
  verb: 'acknowledge' | 'refuse',
  consignment: { readonly consignment: string; readonly contentHash: string },
  signer: PacketSigner,
  at: Date = new Date(),
): ReceiverSignature {
  const time = at.toISOString()
  const statement = Buffer.from(
    `lt-receipt-1\n${verb}\n${consignment.consignment}\n${consignment.contentHash}\n${time}\n`,
  )
  const value = sign('sha256', statement, { key: signer.key, dsaEncoding: 'ieee-p1363' }).toString('base64')
  return { time, fingerprint: signer.fingerprint, value }
}
