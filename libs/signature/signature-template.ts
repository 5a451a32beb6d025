import { ATTACHMENTS_NAMESPACE, DSIG, ENVELOPED, EXCLUSIVE, MANIFEST_TYPE, XMLENC } from './algorithms.ts'
import { contentIdUri } from './match-attachments.ts'

/** `xml:id` given to an envelope that has none. */
export const ENVELOPE_ID = 'lt-envelope'
export const MANIFEST_ID = 'lt-attachments'

export interface SignatureParts {
  readonly algorithm: string
  /** DER, the signer's first. */
  readonly certificates: readonly Uint8Array[]
  /** Undefined: the whole packet is signed, without a manifest. */
  readonly envelopeId: string | undefined
  readonly packetDigest: Uint8Array
  readonly attachments: readonly { readonly contentId: string; readonly sha256: Uint8Array }[]
}

export interface SignatureWork {
  /** SHA-256 of the exclusive canonical form of the element at a path under the root of a document. */
  digest(document: string, path: readonly string[]): Uint8Array
  /** Signature value over the SignedInfo under the root of a document. */
  sign(document: string): Uint8Array
}

const OPEN = `<ds:Signature xmlns:ds="${DSIG}">`
const CLOSE = '</ds:Signature>'

/**
 * Writes a packet signature. It declares all it uses on itself, so that its canonical parts are the same alone and inside
 * any packet, and holds no white space.
 */
export function signatureXml(parts: SignatureParts, work: SignatureWork): string {
  const object = parts.envelopeId === undefined ? '' : objectXml(parts)
  const references = [
    referenceXml(parts.envelopeId === undefined ? '' : `#${parts.envelopeId}`, parts.packetDigest, true),
  ]
  if (object) {
    const digest = work.digest(`${OPEN}${object}${CLOSE}`, ['Object', 'Attachments', 'Manifest'])
    references.push(referenceXml(`#${MANIFEST_ID}`, digest, false))
  }
  const signedInfo =
    `<ds:SignedInfo><ds:CanonicalizationMethod Algorithm="${EXCLUSIVE}"/>` +
    `<ds:SignatureMethod Algorithm="${parts.algorithm}"/>${references.join('')}</ds:SignedInfo>`
  const value = base64(work.sign(`${OPEN}${signedInfo}${CLOSE}`))
  const certificates = parts.certificates
    .map((der) => `<ds:X509Certificate>${base64(der)}</ds:X509Certificate>`)
    .join('')
  return (
    `${OPEN}${signedInfo}<ds:SignatureValue>${value}</ds:SignatureValue>` +
    `<ds:KeyInfo><ds:X509Data>${certificates}</ds:X509Data></ds:KeyInfo>${object}${CLOSE}`
  )
}

function referenceXml(uri: string, digest: Uint8Array, packet: boolean): string {
  const type = packet ? '' : ` Type="${MANIFEST_TYPE}"`
  const enveloped = packet ? `<ds:Transform Algorithm="${ENVELOPED}"/>` : ''
  return (
    `<ds:Reference${type} URI="${escapeAttribute(uri)}"><ds:Transforms>${enveloped}<ds:Transform Algorithm="${EXCLUSIVE}"/>` +
    `</ds:Transforms>${digestXml(digest)}</ds:Reference>`
  )
}

function objectXml({ attachments }: SignatureParts): string {
  const entries = attachments.map(
    ({ contentId, sha256 }) => `<ds:Reference URI="${contentIdUri(contentId)}">${digestXml(sha256)}</ds:Reference>`,
  )
  return (
    `<ds:Object><lt:Attachments xmlns:lt="${ATTACHMENTS_NAMESPACE}"><ds:Manifest Id="${MANIFEST_ID}">` +
    `${entries.join('')}</ds:Manifest></lt:Attachments></ds:Object>`
  )
}

function digestXml(digest: Uint8Array): string {
  return `<ds:DigestMethod Algorithm="${XMLENC}sha256"/><ds:DigestValue>${base64(digest)}</ds:DigestValue>`
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

function escapeAttribute(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;')
}
