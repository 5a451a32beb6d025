import { type BusError, isBusError } from '../errors/index.ts'
import { type Certificate, readCertificate } from './certificate.ts'
import type { ReadSignature } from './read-signature.ts'
import { SignatureFault } from './signature-fault.ts'

export interface SignerCertificates {
  readonly leaf: Certificate
  readonly others: readonly Certificate[]
}

/** Certificates read lately, by their Base64 text: agencies sign with few, and reading one costs more than using it. */
const recent = new Map<string, Certificate>()
const RECENT_MAX = 4096
const TEXT_MAX = 22_000

/** The certificate a signature claims to come from: the one of KeyInfo that issued none of the others. */
export function signerCertificate(signature: ReadSignature): SignerCertificates {
  const certificates = signature.certificates.map(readText)
  const [first] = certificates
  if (!first) throw new SignatureFault('unverifiable', 'LT_SIG_NO_CERTIFICATE')
  const ends = certificates.filter(
    (each) => !certificates.some((other) => other !== each && other.issuer === each.subject),
  )
  const leaf = ends.length === 1 ? (ends[0] as Certificate) : first
  return { leaf, others: certificates.filter((each) => each !== leaf) }
}

function readText(text: string): Certificate {
  const known = recent.get(text)
  if (known) return known
  if (text.length > TEXT_MAX) throw new SignatureFault('unverifiable', 'LT_CERT_UNREADABLE', { detail: 'too large' })
  let certificate: Certificate
  try {
    certificate = readCertificate(Buffer.from(text, 'base64'))
  } catch (error) {
    if (!isBusError(error)) throw error
    const { code, params }: BusError = error
    throw new SignatureFault('unverifiable', code, params)
  }
  if (recent.size >= RECENT_MAX) recent.delete(recent.keys().next().value as string)
  recent.set(text, certificate)
  return certificate
}
