import type { ErrorCode, ErrorParams } from '../errors/index.ts'
import type { XmlTree } from '../xml/index.ts'
import { packetPolicy } from './algorithms.ts'
import { hex } from './bytes.ts'
import type { Certificate } from './certificate.ts'
import { checkCertificatePath } from './certificate-path.ts'
import { matchAttachments, type SeenAttachment } from './match-attachments.ts'
import { nodeCrypto } from './node-crypto.ts'
import { findPacketSignature, type PacketShapeName, readPacketShape } from './packet-shape.ts'
import { readSignature } from './read-signature.ts'
import { SignatureFault, type SignatureVerdict } from './signature-fault.ts'
import { signerCertificate } from './signer-certificate.ts'
import type { Splices } from './splices.ts'
import type { TrustStore } from './trust-store.ts'
import { verifySignature } from './verify-signature.ts'

export interface PacketToVerify {
  readonly tree: XmlTree
  /** Inline Base64 that was cut out before parsing: token in the tree to the LF-normalised text that stood there. */
  readonly splices?: Splices
  /** Detached parts as received, in envelope order. */
  readonly attachments?: readonly (SeenAttachment & { readonly size: number })[]
  /** Attachments that stand in the packet, by the SHA-256 of their decoded bytes. */
  readonly inlineAttachments?: readonly SeenAttachment[]
  /** The moment certificates are judged at. */
  readonly at: Date
  readonly trust: TrustStore
}

export interface Signer {
  readonly subject: string
  readonly issuer: string
  readonly serialNumber: string
  /** SHA-256 of the certificate's DER, lower-case hex. */
  readonly fingerprint: string
  readonly notBefore: string
  readonly notAfter: string
  readonly agencyCode?: string
}

/** What was found out about a packet's signature. Facts stand in it as far as the check came. */
export interface SignatureReport {
  readonly verdict: SignatureVerdict
  /** Why the verdict is not `valid`. */
  readonly reason?: ErrorCode
  /** Fill the texts of the reason. */
  readonly params?: ErrorParams
  readonly shape?: PacketShapeName
  readonly algorithm?: string
  readonly digestAlgorithm?: string
  /**
   * Of a packet with a manifest of its attachments: whether they are what it says, whoever signed it and whether or not the
   * signature holds.
   */
  readonly manifestFits?: boolean
  /** Digest of the signed canonical form, hex. */
  readonly canonicalDigest?: string
  readonly signer?: Signer
  /** Fingerprints from the signer to the anchor. */
  readonly chain: readonly string[]
  readonly checkedAt: string
}

type Draft = { -readonly [K in keyof SignatureReport]: SignatureReport[K] }

/** Judges the signature of a packet. Whatever the packet holds ends in a verdict; only a failing splice stream throws. */
export async function verifyPacket(input: PacketToVerify): Promise<SignatureReport> {
  const draft: Draft = { verdict: 'absent', chain: [], checkedAt: input.at.toISOString() }
  try {
    await judge(input, draft)
  } catch (error) {
    if (!(error instanceof SignatureFault)) throw error
    draft.verdict = error.verdict
    draft.reason = error.reason
    draft.params = error.params
  }
  return draft
}

async function judge(input: PacketToVerify, draft: Draft): Promise<void> {
  const { tree, trust, at } = input
  const element = findPacketSignature(tree)
  if (!element) throw new SignatureFault('absent', 'LT_SIG_ABSENT')
  const signature = readSignature(element)
  draft.algorithm = signature.signatureAlgorithm
  draft.digestAlgorithm = signature.references[0]?.digestAlgorithm ?? ''
  const shape = readPacketShape(tree, signature)
  draft.shape = shape.name
  if (shape.name === 'envelope-manifest') draft.manifestFits = fits(input, shape)
  const { leaf, others } = signerCertificate(signature)
  draft.signer = describeSigner(leaf)
  draft.chain = [leaf.fingerprint]

  const checked = await verifySignature(tree, signature, {
    policy: packetPolicy,
    crypto: nodeCrypto,
    resolveKey: () => leaf.publicKey,
    ...(input.splices ? { splices: input.splices } : {}),
  })
  draft.canonicalDigest = hex(checked[0]?.digest ?? new Uint8Array())
  if (checked.some(({ element: target }, index) => target !== shape.targets[index])) {
    throw new SignatureFault('invalid', 'LT_SIG_SHAPE', { detail: 'a reference resolves to another element' })
  }
  checkAttachments(input, shape)

  const path = checkCertificatePath(leaf, others, trust, {
    at,
    purpose: 'packet',
    keyUsage: ['digitalSignature', 'nonRepudiation'],
  })
  draft.chain = path.chain.map(({ fingerprint }) => fingerprint)
  if (!path.ok) throw new SignatureFault('untrusted', path.reason, path.params)
  draft.verdict = 'valid'
}

function checkAttachments(input: PacketToVerify, shape: ReturnType<typeof readPacketShape>): void {
  const detached = input.attachments ?? []
  if (shape.name === 'root') {
    if (detached.length === 0) return
    throw new SignatureFault('unverifiable', 'LT_SIG_SHAPE', { detail: 'the detached attachments are not signed' })
  }
  const inline = input.inlineAttachments ?? []
  if (inline.length !== shape.inlineCount) {
    throw new SignatureFault('invalid', 'LT_SIG_ATTACHMENT_MISMATCH', { contentId: '(inline)' })
  }
  matchAttachments(shape.manifest, [...detached, ...inline])
}

function fits(input: PacketToVerify, shape: ReturnType<typeof readPacketShape>): boolean {
  try {
    checkAttachments(input, shape)
    return true
  } catch (error) {
    if (error instanceof SignatureFault) return false
    throw error
  }
}

function describeSigner(certificate: Certificate): Signer {
  const { subject, issuer, serialNumber, fingerprint, notBefore, notAfter, agencyCode } = certificate
  return {
    subject,
    issuer,
    serialNumber,
    fingerprint,
    notBefore: notBefore.toISOString(),
    notAfter: notAfter.toISOString(),
    ...(agencyCode === undefined ? {} : { agencyCode }),
  }
}
