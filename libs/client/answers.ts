import type { Actor, ErrorParams, RetryAdvice } from '../errors/index.ts'
import type { EnvelopeWarning, RefusalReason } from '../model/index.ts'
import type { FaultText } from './transport/client-error.ts'

/** Verdict on the signature of a packet, as the axis found it. */
export interface SignatureVerdictView {
  /** valid, invalid, untrusted, unverifiable, sample or absent. */
  readonly verdict: string
  readonly reason?: string
  readonly signer?: { readonly subject: string; readonly fingerprint: string }
  /** agency, ancestor or system. */
  readonly signerIs?: string
}

/** Answer to a submission. */
export interface SubmissionAnswer {
  readonly dispatch: string
  readonly state: string
  /** The same bytes had been accepted before; the receipt is the first one. */
  readonly repeated: boolean
  readonly receipt: { readonly id: string; readonly xml: string }
  /** Hex. */
  readonly contentHash: string
  readonly recipients: readonly {
    readonly agency: string
    readonly consignment: string
    readonly asWritten: readonly string[]
  }[]
  readonly signature: SignatureVerdictView
  readonly warnings: readonly EnvelopeWarning[]
}

/** Answer to a pre-flight check. */
export interface CheckAnswer {
  readonly accepted: true
  readonly repeatOf?: string
  readonly recipients: readonly { readonly agency: string; readonly asWritten: readonly string[] }[]
  readonly signature?: SignatureVerdictView
  readonly warnings: readonly EnvelopeWarning[]
}

/** A business status as the sender of the document sees it. Times are RFC 3339 in UTC unless said otherwise. */
export interface StatusView {
  readonly dispatch: string
  readonly reporter: string
  readonly code: string
  readonly description?: string
  /** As the reporter wrote it. */
  readonly statedAt?: string
  readonly reportedAt: string
  /** Does not follow from what was said before, or answers nothing. */
  readonly flagged?: true
  /** The same statement, of the same time, came before. */
  readonly repeated?: true
}

/** Something that one dispatch asks about another, of one receiver. */
export interface BusinessRequestView {
  readonly dispatch: string
  readonly about: string
  readonly consignment: string
  readonly agency: string
  /** recall, update, replace or remove. */
  readonly action: string
  /** withdrawn, pending, agreed, declined, superseded or void. */
  readonly outcome: string
  readonly openedAt: string
  readonly settledAt?: string
}

/** Where a document stands with one recipient in business. */
export interface BusinessView {
  /** 01 to 06; absent until the receiver has said something. */
  readonly code?: string
  readonly name?: { readonly vi: string; readonly en: string }
  readonly since?: string
  readonly flagged: boolean
  /** A request that waits for status 15 or 16. */
  readonly pending?: string
  /** recalled, updated or replaced. */
  readonly done?: string
  readonly requests: readonly BusinessRequestView[]
}

/** One recipient of a dispatch. */
export interface RecipientView {
  readonly consignment: string
  readonly agency: string
  readonly asWritten: readonly string[]
  readonly state: string
  readonly previous?: string
  readonly availableAt?: string
  readonly handedOverAt?: string
  readonly endedAt?: string
  readonly refusal?: { readonly reason: string; readonly text?: string }
  readonly business?: BusinessView
  readonly statuses: readonly StatusView[]
}

/** The whole state of an own dispatch. */
export interface DispatchAnswer {
  readonly dispatch: string
  readonly state: string
  readonly kind: string
  readonly lane: string
  readonly sender: string
  readonly documentId: string
  readonly number: string
  readonly notation: string
  readonly subject: string
  readonly business: string
  readonly form: string
  readonly contentHash: string
  readonly contentSize: number
  readonly acceptedAt: string
  readonly closedAt?: string
  readonly signature: SignatureVerdictView
  readonly warnings: readonly EnvelopeWarning[]
  readonly recipients: readonly RecipientView[]
  readonly unmatchedStatuses: readonly StatusView[]
  /** What this dispatch asks of documents sent before. */
  readonly asks?: readonly BusinessRequestView[]
  readonly receipts: readonly ReceiptFact[]
  /** Only in an answer with the first receipts: there are more, after this position. */
  readonly receiptsAfter?: string
  readonly thread: readonly ThreadEntry[]
}

/** Evidence that can be fetched, signed. */
export interface ReceiptFact {
  readonly entry: string
  readonly event: string
  readonly eventTime: string
  readonly consignment?: string
  readonly href: string
}

export interface ReceiptPage {
  readonly items: readonly ReceiptFact[]
  /** Position of the next page. */
  readonly next?: string
}

/** The signed receipts of one of many dispatches, or why they cannot be had: the members of a problem. */
export interface FetchedReceipts {
  readonly dispatch: string
  readonly ok: boolean
  readonly receipts?: readonly (ReceiptFact & { readonly xml: string })[]
  /** There are more than one answer takes: position for `receipts`. */
  readonly next?: string
  readonly code?: string
  readonly title?: string
}

/** A dispatch that answers this one, or that this one answers. */
export interface ThreadEntry {
  readonly dispatch: string
  readonly direction: string
  readonly sender: string
  readonly documentId: string
  readonly number: string
  readonly notation: string
  readonly subject: string
}

/** A waiting consignment as its receiver sees it. */
export interface ConsignmentView {
  readonly consignment: string
  readonly dispatch: string
  readonly state: string
  readonly agency: string
  readonly asWritten: readonly string[]
  /** document or status. */
  readonly kind: string
  readonly lane: string
  readonly availableAt: string
  readonly leased: boolean
  readonly sender: string
  readonly documentId: string
  readonly number: string
  readonly notation: string
  readonly subject: string
  readonly business: string
  /** inline or detached. */
  readonly form: string
  readonly contentHash: string
  readonly contentSize: number
  /** Its sender asks for it back: answer with status 15 or 16. */
  readonly recallPending?: true
  /** A status about a document that the axis did not carry to its reporter. */
  readonly unmatched?: true
}

export interface MailboxPage {
  readonly items: readonly ConsignmentView[]
  /** Position of the next page. */
  readonly next?: string
}

export interface LeasedConsignment {
  /** The token that fetching and ending need. */
  readonly lease: string
  readonly leasedUntil: string
  readonly item: ConsignmentView
}

/** One part of a consignment's content. */
export interface PartView {
  readonly ordinal: number
  /** packet, envelope or attachment. */
  readonly role: string
  readonly contentId?: string
  readonly name?: string
  readonly mediaType?: string
  readonly size: number
  /** Hex. */
  readonly sha256: string
  /** The attachment stands inside part 0; fetching it apart decodes it. */
  readonly inside: boolean
}

/** What became of one consignment that was to be ended; of a refused one all that a problem says. */
export interface EndedItem {
  readonly consignment: string
  readonly ok: boolean
  readonly repeated?: boolean
  /** Why not. */
  readonly code?: string
  readonly status?: number
  /** Who has to act. */
  readonly actor?: Actor
  /** Whether asking for the same again can help. */
  readonly retry?: RetryAdvice
  /** What is wrong and what to do, in Vietnamese; both languages stand in `texts`. */
  readonly title?: string
  readonly advice?: string
  readonly detail?: string
  readonly params?: ErrorParams
  readonly texts?: { readonly vi: FaultText; readonly en: FaultText }
}

/** The receiver's own signature over a consignment, see `signReceipt`. */
export interface ReceiverSignature {
  readonly time: string
  readonly fingerprint: string
  readonly value: string
}

export interface Acknowledgement {
  readonly consignment: string
  readonly lease: string
  readonly signature?: ReceiverSignature
}

export interface Refusal extends Acknowledgement {
  readonly reason: RefusalReason
  readonly text?: string
}

export interface AgencyView {
  readonly code: string
  readonly name: string
  readonly parent?: string
  readonly closedOn?: string
  readonly successor?: string
  /** Whether a document can be sent to it now. */
  readonly reachable: boolean
}
