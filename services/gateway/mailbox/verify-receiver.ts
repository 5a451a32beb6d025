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

/** What the receiver does with the consignment, and says so in its statement. */
export type ReceiverVerb = 'acknowledge' | 'refuse'

/** @throws BusError LT_BOX_BAD_SIGNATURE unless a registered certificate of the agency, a unit above it or its system made it. */
export type ReceiverCheck = (
  row: OpenConsignment,
  verb: ReceiverVerb,
  signature: ReceiverSignature,
  systemCode: string,
) => void

/** RFC 3339 as XML Schema takes it too: capital letters, offsets up to 14 hours. */
const TIME = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d{1,9})?(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))$/

/** What a receiver signs: five lines, each ended by a line feed. */
export function receiverStatement(
  verb: ReceiverVerb,
  row: Pick<OpenConsignment, 'id' | 'content_hash'>,
  time: string,
): string {
  return `lt-receipt-1\n${verb}\n${row.id}\n${row.content_hash.toString('hex')}\n${time}\n`
}

/** The check of receivers' own signatures against the certificates that the registry holds now. */
export function openReceiverCheck(registry: Pick<Registry, 'certificate' | 'signerRelation'>): ReceiverCheck {
  return (row, verb, signature, systemCode) => {
    let genuine = false
    let cause: unknown
    try {
      const certificate = registry.certificate(signature.fingerprint)
      const relation =
        certificate && registry.signerRelation({ fingerprint: signature.fingerprint }, row.agency_code, systemCode)
      genuine =
        certificate !== undefined &&
        relation !== undefined &&
        isGenuine(certificate.certificatePem, verb, row, signature)
    } catch (error) {
      // A key that cannot sign this way is no better than one that did not.
      cause = error
    }
    if (!genuine) throw new BusError('LT_BOX_BAD_SIGNATURE', { consignmentId: row.id }, { cause })
  }
}

function isGenuine(pem: string, verb: ReceiverVerb, row: OpenConsignment, { time, value }: ReceiverSignature): boolean {
  const bytes = Buffer.from(value, 'base64')
  if (!isTime(time) || bytes.toString('base64') !== value) return false
  const leaf = new X509Certificate(pem)
  const now = Date.now()
  if (now < Date.parse(leaf.validFrom) || now > Date.parse(leaf.validTo)) return false
  const key = {
    key: createPublicKey(leaf.publicKey.export({ type: 'spki', format: 'pem' })),
    dsaEncoding: 'ieee-p1363' as const,
  }
  return verify('sha256', Buffer.from(receiverStatement(verb, row, time)), key, bytes)
}

/** A day that does not exist would be moved on to the next month by `Date.parse`. */
function isTime(text: string): boolean {
  const [, day = '', clock = ''] = TIME.exec(text) ?? []
  const at = new Date(`${day}T${clock}Z`)
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(`${day}T${clock}`)
}
