import type { StagedBlob } from '../../../libs/blobs/index.ts'
import type {
  InlineAttachment,
  MatchedAttachments,
  PresentAttachment,
  ScanResult,
} from '../../../libs/envelope/index.ts'
import type { AgencyCode, DispatchId, EnvelopeWarning, PacketForm, ResolvedAction } from '../../../libs/model/index.ts'
import type { SignerRelation } from '../../../libs/registry/index.ts'
import type { SignatureReport } from '../../../libs/signature/index.ts'
import type { SystemRow } from '../../../libs/store/index.ts'
import type { Caller } from '../auth/caller.ts'
import type { ExaminedPacket } from '../examine/examined-packet.ts'

/** One part of a submission that lies staged, hashed and complete. */
export interface ReceivedPart {
  readonly role: 'packet' | 'envelope' | 'attachment'
  readonly staged: StagedBlob
  readonly sha256: Buffer
  readonly size: number
  readonly contentId?: string
  readonly name?: string
  readonly mediaType?: string
}

/** An attachment as later steps see it, wherever its bytes lie. */
export interface KnownAttachment {
  readonly contentId: string
  readonly name: string
  readonly mediaType?: string
  /** SHA-256 and size of the decoded bytes. */
  readonly sha256: Buffer
  readonly size: number
  /** Set for an attachment inside a packet. */
  readonly inline?: InlineContent
  /** Set for a detached one. */
  readonly part?: ReceivedPart
}

/** Where an attachment's Base64 text stands in the packet's bytes, as far as that is known; its own bytes when it is short. */
export interface InlineContent {
  readonly start?: number
  readonly end?: number
  readonly bytes?: Buffer
}

/** An attachment that came, in the packet or beside it, before its bytes were looked at. */
export interface Arrival extends PresentAttachment {
  readonly inline?: InlineAttachment
  readonly part?: ReceivedPart
}

export interface ResolvedRecipient {
  readonly agencyCode: AgencyCode
  readonly asWritten: readonly string[]
}

/** A submission on its way through admission. Each check reads what the ones before it found. */
export interface Submission {
  readonly dispatchId: DispatchId
  readonly caller: Caller
  readonly system: SystemRow
  readonly form: PacketForm
  readonly idempotencyKey?: string
  /** Codes to which alone it shall go, of those the packet names. A status goes to whom it answers, whatever they say. */
  readonly onlyTo?: readonly string[]
  /** The same bytes are the same submission only for recipients that got them before. */
  readonly byRecipient?: boolean
  /** Aborted when the caller has gone away. */
  readonly signal?: AbortSignal
  /** The packet (inline) or the envelope part (detached), then the attachments in the order they came. */
  readonly parts: ReceivedPart[]
  readonly scan: ScanResult
  readonly opened: ExaminedPacket
  readonly warnings: EnvelopeWarning[]
  /** What came, brought together with what the manifest lists. */
  arrivals?: MatchedAttachments<Arrival>
  senderCode?: AgencyCode
  recipients?: readonly ResolvedRecipient[]
  /** What it asks of documents that were sent before, or which of them it is about. */
  action?: ResolvedAction
  attachments?: readonly KnownAttachment[]
  contentHash?: Buffer
  /** These very bytes were sent before, to other recipients. */
  sentBefore?: boolean
  signature?: SignatureReport & { readonly signerIs?: SignerRelation }
}
