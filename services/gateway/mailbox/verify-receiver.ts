import { createPublicKey, verify, X509Certificate } from 'node:crypto'
import { BusError } from '../../../libs/errors/index.ts'
import type { Registry } from '../../../libs/registry/index.ts'
import type { OpenConsignment } from '../../../libs/store/index.ts'

/** The receiver's own statement, kept in evidence: signature over the text of {@link receiverStatement}. */
export interface ReceiverSignature {
  /** RFC 3339, as signed. */
  readonly time: string
  /** SHA-256 of the signing certificate, lower-case hex; the certificate is registered for the agency or its system. */
  readonly fingerprint: string
  /** Base64: ECDSA (IEEE P1363) or RSA PKCS #1, with SHA-256. */
  readonly value: string
}

/** What a receiver signs: four lines, each ended by a line feed. */
export function receiverStatement(row: { readonly id: string; readonly content_hash: Buffer }, time: string): Buffer {
  return Buffer.from(`lt-receipt-1\n${row.id}\n${row.content_hash.toString('hex')}\n${time}\n`)
}

/** @throws BusError LT_BOX_BAD_SIGNATURE unless a registered certificate of the agency, a unit above it or its system made it. */
export function openReceiverCheck(registry: Registry): (row: OpenConsignment, signature: ReceiverSignature, systemCode: string) => void {
  return (row, signature, systemCode) => {
    const certificate = registry.certificate(signature.fingerprint)
    const relation = certificate && registry.signerRelation({ fingerprint: signature.fingerprint }, row.agency_code, systemCode)
    if (!certificate || !relation || !isGenuine(certificate.certificatePem, row, signature)) {
      throw new BusError('LT_BOX_BAD_SIGNATURE', { consignmentId: row.id })
    }
  }
}

function isGenuine(pem: string, row: OpenConsignment, signature: ReceiverSignature): boolean {
  const leaf = new X509Certificate(pem)
  const now = Date.now()
  if (now < Date.parse(leaf.validFrom) || now > Date.parse(leaf.validTo)) return false
  const key = { key: createPublicKey(leaf.publicKey.export({ type: 'spki', format: 'pem' })), dsaEncoding: 'ieee-p1363' as const }
  return verify('sha256', receiverStatement(row, signature.time), key, Buffer.from(signature.value, 'base64'))
}
