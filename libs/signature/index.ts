export { ATTACHMENTS_NAMESPACE, packetPolicy, type SignaturePolicy } from './algorithms.ts'
export { type Certificate, type KeyUsage, readCertificate } from './certificate.ts'
export { checkCertificatePath, type PathAnswer, type PathQuestion } from './certificate-path.ts'
export { type CutSignature, cutSignature } from './cut-signature.ts'
export type {
  Evidence,
  EvidenceDocument,
  EvidencePart,
  EvidenceReceiverSignature,
  EvidenceRecipient,
  EvidenceSignature,
} from './evidence/evidence.ts'
export { type EvidenceView, readEvidence, readSigningTime } from './evidence/read-evidence.ts'
export { createEvidenceSigner, type EvidenceSigner, type EvidenceSignerOptions } from './evidence/sign-evidence.ts'
export { EVIDENCE_NAMESPACE } from './evidence/write-evidence.ts'
export type { SeenAttachment } from './match-attachments.ts'
export { nodeCrypto } from './node-crypto.ts'
export { findPacketSignature, type PacketShapeName } from './packet-shape.ts'
export {
  type CertificateKind,
  type CertificateRequest,
  createRoot,
  type Issued,
  type Issuer,
  issueCa,
  issueCertificate,
  type LeafRequest,
} from './pki.ts'
export { type ReadSignature, readSignature, type SignatureReference } from './read-signature.ts'
export { localPart, scanTags, type Tag } from './scan-tags.ts'
export { type PacketToSign, signPacket } from './sign-packet.ts'
export type { SignatureCrypto, StreamingDigest } from './signature-crypto.ts'
export { SignatureFault, type SignatureVerdict } from './signature-fault.ts'
export { type AttachmentToSplice, spliceAttachments } from './splice-attachments.ts'
export type { Splices } from './splices.ts'
export { type TrustAnchor, type TrustPurpose, TrustStore } from './trust-store.ts'
export { type PacketToVerify, type SignatureReport, type Signer, verifyPacket } from './verify-packet.ts'
export { type CheckedReference, type SignatureChecks, verifySignature } from './verify-signature.ts'
