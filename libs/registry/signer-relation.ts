import type { Directory } from './directory.ts'

/** In which right a signer signed for the sender: as itself, as a unit above it, or as the system that fronts it. */
export type SignerRelation = 'agency' | 'ancestor' | 'system'

/** Who signed, as far as known: a certificate of the registry, or the agency code that a trusted certificate names. */
export type Signer = { readonly fingerprint: string } | { readonly agencyCode: string }

/**
 * How a signer stands to the sending agency and its system; `undefined`: not at all, or through a certificate that is revoked
 * or not meant for packets. Says nothing about trust or dates: that is the signature's verdict.
 */
export function signerRelation(
  directory: Directory,
  signer: Signer,
  senderAgency: string,
  senderSystem: string,
  today: string,
): SignerRelation | undefined {
  if ('fingerprint' in signer) {
    const certificate = directory.certificates.get(signer.fingerprint)
    if (!certificate || certificate.revokedAt || certificate.purpose !== 'packet') return undefined
    if (certificate.ownerKind === 'system') return certificate.ownerCode === senderSystem ? 'system' : undefined
    return relation(directory, certificate.ownerCode, senderAgency)
  }
  const named = directory.find(signer.agencyCode, today)
  return named && relation(directory, named.agency.code, senderAgency)
}

function relation(directory: Directory, signerAgency: string, senderAgency: string): SignerRelation | undefined {
  if (signerAgency === senderAgency) return 'agency'
  for (const ancestor of directory.agencies.ancestors(senderAgency)) {
    if (ancestor.code === signerAgency) return 'ancestor'
  }
  return undefined
}
