import type { CanonicalMode } from '../xml/index.ts'

export const DSIG = 'http://www.w3.org/2000/09/xmldsig#'
export const DSIG_MORE = 'http://www.w3.org/2001/04/xmldsig-more#'
export const DSIG_11 = 'http://www.w3.org/2009/xmldsig11#'
export const XMLENC = 'http://www.w3.org/2001/04/xmlenc#'
export const ENVELOPED = `${DSIG}enveloped-signature`
export const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#'
export const INCLUSIVE = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315'
export const INCLUSIVE_11 = 'http://www.w3.org/2006/12/xml-c14n11'
export const MANIFEST_TYPE = `${DSIG}Manifest`
/** Namespace of the wrapper that holds the manifest of a packet's attachments. */
export const ATTACHMENTS_NAMESPACE = 'urn:lienthong:attachments:1'

export interface CanonicalAlgorithm {
  readonly mode: CanonicalMode
  readonly comments: boolean
}

/** Canonical forms the engine can write (RFC 3741, C14N 1.0 and 1.1). */
export const canonicalAlgorithms: ReadonlyMap<string, CanonicalAlgorithm> = new Map([
  [EXCLUSIVE, { mode: 'exclusive', comments: false }],
  [`${EXCLUSIVE}WithComments`, { mode: 'exclusive', comments: true }],
  [INCLUSIVE, { mode: 'inclusive', comments: false }],
  [`${INCLUSIVE}#WithComments`, { mode: 'inclusive', comments: true }],
  [INCLUSIVE_11, { mode: 'inclusive11', comments: false }],
  [`${INCLUSIVE_11}#WithComments`, { mode: 'inclusive11', comments: true }],
])

/** What a verifier accepts, by algorithm identifier. Anything else makes a signature unverifiable. */
export interface SignaturePolicy {
  readonly signatures: ReadonlySet<string>
  readonly digests: ReadonlySet<string>
  readonly canonicalizations: ReadonlySet<string>
  readonly transforms: ReadonlySet<string>
}

const packetCanonicalizations = new Set([EXCLUSIVE, INCLUSIVE])

/** The product's policy: RSA or ECDSA with SHA-256 or stronger, enveloped, canonical form without comments. */
export const packetPolicy: SignaturePolicy = {
  signatures: new Set(
    ['rsa-sha256', 'rsa-sha384', 'rsa-sha512', 'ecdsa-sha256', 'ecdsa-sha384', 'ecdsa-sha512'].map(
      (name) => DSIG_MORE + name,
    ),
  ),
  digests: new Set([`${XMLENC}sha256`, `${DSIG_MORE}sha384`, `${XMLENC}sha512`]),
  canonicalizations: packetCanonicalizations,
  transforms: new Set([ENVELOPED, ...packetCanonicalizations]),
}
