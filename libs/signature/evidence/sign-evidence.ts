import { hash, type KeyObject, sign, X509Certificate } from 'node:crypto'
import { BusError } from '../../errors/index.ts'
import type { Evidence } from './evidence.ts'
import { writeEvidence } from './write-evidence.ts'

/** Namespace of XML signatures. */
export const DS_NAMESPACE = 'http://www.w3.org/2000/09/xmldsig#'
/** Namespace of XAdES properties. */
export const XADES_NAMESPACE = 'http://uri.etsi.org/01903/v1.3.2#'
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#'
const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256'
const ECDSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256'

export interface EvidenceSignerOptions {
  /** ECDSA P-256 private key, used for receipts only. */
  readonly key: KeyObject
  /** Certificate of that key, PEM or DER. */
  readonly certificate: string | Uint8Array
  /** Certificates between it and the root, leaf's issuer first, so that a verifier needs the root alone. */
  readonly chain?: readonly (string | Uint8Array)[]
}

/** Signs receipts. Synchronous: about 50 µs each. */
export interface EvidenceSigner {
  readonly certificate: X509Certificate
  /** The signed receipt, UTF-8 XML. `signingTime` stands in it beside the event's own time. */
  sign(evidence: Evidence, signingTime: Date): Buffer
}

/**
 * A signer of receipts as XAdES baseline B (ETSI EN 319 132-1): enveloped, exclusive C14N, ECDSA P-256 with SHA-256, the signing
 * certificate bound by its digest. The bytes are written in canonical form from the start, so nothing is parsed or canonicalized.
 * @throws BusError `LT_EVD_KEY_UNFIT` when the key is not P-256 or does not belong to the certificate
 */
export function createEvidenceSigner({ key, certificate, chain = [] }: EvidenceSignerOptions): EvidenceSigner {
  const leaf = new X509Certificate(certificate)
  const curve = key.asymmetricKeyDetails?.namedCurve
  if (
    key.type !== 'private' ||
    key.asymmetricKeyType !== 'ec' ||
    curve !== 'prime256v1' ||
    !leaf.checkPrivateKey(key)
  ) {
    throw new BusError('LT_EVD_KEY_UNFIT', { key: curve ?? key.asymmetricKeyType ?? key.type })
  }
  const certificates = [leaf, ...chain.map((one) => new X509Certificate(one))]
  const keyInfo = certificates
    .map(({ raw }) => `<ds:X509Certificate>${raw.toString('base64')}</ds:X509Certificate>`)
    .join('')
  const leafDigest = digest(leaf.raw)
  const signingKey = { key, dsaEncoding: 'ieee-p1363' } as const

  return {
    certificate: leaf,
    sign(evidence, signingTime) {
      const { open, close } = writeEvidence(evidence)
      const { id } = evidence
      const properties = signedProperties(id, signingTime, leafDigest)
      const info = signedInfo(id, digest(open + close), digest(properties))
      const value = sign('sha256', Buffer.from(info), signingKey).toString('base64')
      return Buffer.from(
        `<?xml version="1.0" encoding="UTF-8"?>\n${open}` +
          `<ds:Signature xmlns:ds="${DS_NAMESPACE}" Id="sig-${id}">${info}<ds:SignatureValue>${value}</ds:SignatureValue>` +
          `<ds:KeyInfo><ds:X509Data>${keyInfo}</ds:X509Data></ds:KeyInfo>` +
          `<ds:Object><xades:QualifyingProperties xmlns:xades="${XADES_NAMESPACE}" Target="#sig-${id}">${properties}` +
          `</xades:QualifyingProperties></ds:Object></ds:Signature>${close}\n`,
      )
    },
  }
}

function digest(data: string | Uint8Array): string {
  return hash('sha256', data, 'base64')
}

// Each of the two parts below repeats the namespace declarations that its canonical form carries: written once, hashed as written.
function signedInfo(id: string, evidenceDigest: string, propertiesDigest: string): string {
  const method = `<ds:DigestMethod Algorithm="${SHA256}"></ds:DigestMethod>`
  const transform = (algorithm: string): string => `<ds:Transform Algorithm="${algorithm}"></ds:Transform>`
  return (
    `<ds:SignedInfo xmlns:ds="${DS_NAMESPACE}"><ds:CanonicalizationMethod Algorithm="${EXCLUSIVE}"></ds:CanonicalizationMethod>` +
    `<ds:SignatureMethod Algorithm="${ECDSA_SHA256}"></ds:SignatureMethod>` +
    `<ds:Reference Id="ref-${id}" URI=""><ds:Transforms>${transform(`${DS_NAMESPACE}enveloped-signature`)}${transform(EXCLUSIVE)}</ds:Transforms>` +
    `${method}<ds:DigestValue>${evidenceDigest}</ds:DigestValue></ds:Reference>` +
    `<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#xades-${id}"><ds:Transforms>${transform(EXCLUSIVE)}` +
    `</ds:Transforms>${method}<ds:DigestValue>${propertiesDigest}</ds:DigestValue></ds:Reference></ds:SignedInfo>`
  )
}

function signedProperties(id: string, signingTime: Date, leafDigest: string): string {
  return (
    `<xades:SignedProperties xmlns:xades="${XADES_NAMESPACE}" Id="xades-${id}"><xades:SignedSignatureProperties>` +
    `<xades:SigningTime>${signingTime.toISOString()}</xades:SigningTime><xades:SigningCertificateV2><xades:Cert><xades:CertDigest>` +
    `<ds:DigestMethod xmlns:ds="${DS_NAMESPACE}" Algorithm="${SHA256}"></ds:DigestMethod>` +
    `<ds:DigestValue xmlns:ds="${DS_NAMESPACE}">${leafDigest}</ds:DigestValue>` +
    `</xades:CertDigest></xades:Cert></xades:SigningCertificateV2></xades:SignedSignatureProperties>` +
    `<xades:SignedDataObjectProperties><xades:DataObjectFormat ObjectReference="#ref-${id}"><xades:MimeType>application/xml` +
    `</xades:MimeType></xades:DataObjectFormat></xades:SignedDataObjectProperties></xades:SignedProperties>`
  )
}
