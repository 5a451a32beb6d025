import type { ConsignmentId, DispatchId, EntryId, EventName, PacketForm, ReceiptId } from '../../model/index.ts'

/**
 * What one receipt of the axis says: a committed fact of the log, ready to be signed. It names no person and carries no
 * content, only digests. Text is taken as given; characters that XML 1.0 cannot carry become U+FFFD.
 */
export interface Evidence {
  readonly id: ReceiptId
  /** The event proved, by its ETSI EN 319 522-3 name where that standard knows it. */
  readonly kind: EventName
  /** Origin line of the log whose entry this receipt renders. */
  readonly origin: string
  /** When the event was committed, in milliseconds; never the time of signing. */
  readonly eventTime: Date
  /** The audit entry that states the fact. */
  readonly entryId?: EntryId
  readonly axis: { readonly name: string; readonly id: string }
  readonly dispatchId: DispatchId
  /** Of receipts about one recipient. */
  readonly consignmentId?: ConsignmentId
  readonly sender: { readonly agency: string; readonly system: string }
  /** Every recipient in a submission receipt, the one concerned in later receipts. */
  readonly recipients: readonly EvidenceRecipient[]
  readonly document: EvidenceDocument
  /** Content hash in hex with its rule's label (`CONTENT_HASH_VERSION`). */
  readonly contentHash: { readonly hex: string; readonly version: string }
  /** Bytes received, all parts together. */
  readonly size: number
  readonly form: PacketForm
  readonly parts: readonly EvidencePart[]
  readonly signature: EvidenceSignature
  /** Codes of the deviations that were tolerated. */
  readonly warnings: readonly string[]
  /** Why, of a refusal or a failure. */
  readonly reason?: { readonly code: string; readonly text: string }
  /** The receiver's own signature, of an acknowledgement or a refusal that carried one. */
  readonly receiverSignature?: EvidenceReceiverSignature
}

export interface EvidenceRecipient {
  /** Canonical code. */
  readonly agency: string
  /** Spellings in the packet that meant this agency. */
  readonly asWritten: readonly string[]
  readonly consignmentId?: ConsignmentId
}

export interface EvidenceDocument {
  readonly documentId: string
  readonly number: string
  readonly notation: string
  /** `yyyy-MM-dd`. */
  readonly promulgationDate?: string
  /** SHA-256 of the subject in UTF-8, hex: the subject itself may name persons. */
  readonly subjectDigest?: string
}

export interface EvidencePart {
  /** Content id of an attachment, without `cid:`. */
  readonly contentId?: string
  readonly role: 'packet' | 'envelope' | 'attachment'
  /** Hex. */
  readonly sha256: string
  /** Bytes. */
  readonly size: number
}

/** What the receiver stated under a key of its own; anyone with its certificate can check `value` over `statement`. */
export interface EvidenceReceiverSignature {
  /** SHA-256 of the receiver's certificate, hex. */
  readonly fingerprint: string
  /** RFC 3339, as the receiver stated it. */
  readonly time: string
  /** The text that was signed, UTF-8: label, verb, consignment id, content hash and time, each line ended by a line feed. */
  readonly statement: string
  /** Base64: ECDSA (IEEE P1363) or RSA PKCS #1, with SHA-256. */
  readonly value: string
}

/** What was found when the packet's own signature was checked at admission. */
export interface EvidenceSignature {
  readonly verdict: string
  /** SHA-256 of the signer's certificate, hex. */
  readonly signerFingerprint?: string
  readonly signerIs?: 'agency' | 'ancestor' | 'system'
}
