import type { Lane } from './states.ts'
import type { StatusCode } from './status-codes.ts'

/** What a packet says, in our words, whatever dialect it was written in. Text is as written, trimmed; absent means not given. */
export interface Envelope {
  readonly kind: 'document' | 'status'
  /** Dialect the packet was recognised as (`D1`…`D6`). */
  readonly dialect: string
  readonly sender: Party
  /** As written, in order; the registry resolves them. Of a status packet: the one agency it answers. */
  readonly recipients: readonly Party[]
  /** Identifier of the document in the whole network; opaque, unique per sender. */
  readonly documentId: string
  /** Number (số) and notation (ký hiệu). */
  readonly number: string
  readonly notation: string
  readonly place?: string
  /** Issue date as `yyyy-MM-dd`. */
  readonly promulgationDate?: string
  readonly documentType: { readonly type?: string; readonly detail?: string; readonly name?: string }
  readonly subject: string
  readonly content?: string
  readonly signer: { readonly competence?: string; readonly position?: string; readonly fullName?: string }
  /** Processing deadline as `yyyy-MM-dd`. */
  readonly dueDate?: string
  /** "Nơi nhận" lines: for display and filing, never for routing. */
  readonly toPlaces: readonly string[]
  /** 0 normal, 1 urgent, 2 very urgent, 3 express, 4 express with a set hour. */
  readonly priority: number
  readonly steeringType?: string
  readonly taskCode?: string
  readonly applicationType?: string
  /** The documents this one answers. */
  readonly replies: readonly DocumentLink[]
  readonly business: BusinessAction
  readonly status?: StatusReport
  readonly trace: readonly { readonly agency: string; readonly timestamp: string }[]
  /** In the order of the manifest. */
  readonly attachments: readonly AttachmentEntry[]
  /** Deviations that were tolerated, by code (`ENV_PREFIX_UNDECLARED` …), for the receipt and the sender's report. */
  readonly warnings: readonly EnvelopeWarning[]
}

export interface Party {
  /** Identifier code as written (white space trimmed). */
  readonly code: string
  readonly name?: string
  readonly inCharge?: string
  readonly address?: string
  readonly email?: string
  readonly telephone?: string
  readonly fax?: string
  readonly website?: string
}

/** A pointer at a document by what its issuer calls it. */
export interface DocumentLink {
  readonly agency: string
  /** `number/notation` in one text. */
  readonly code: string
  readonly documentId?: string
  readonly promulgationDate?: string
}

export interface BusinessAction {
  readonly type: 'new' | 'recall' | 'update' | 'replace'
  readonly reason?: string
  /** A paper original follows. */
  readonly paper: boolean
  /** The document recalled or updated, when named apart from the packet's own id. */
  readonly targetDocumentId?: string
  /** For `update`: what changes. */
  readonly changesDocument?: boolean
  readonly changesReceivers?: boolean
  readonly receivers: readonly { readonly agency: string; readonly change: 'added' | 'removed' }[]
  /** For `replace`: which documents, for which agencies. */
  readonly replaces: readonly { readonly documentId: string; readonly agencies: readonly string[] }[]
}

export interface StatusReport {
  readonly code: StatusCode
  readonly about: DocumentLink
  readonly description?: string
  /** `yyyy/MM/dd HH:mm:ss`, Asia/Ho_Chi_Minh, as written. */
  readonly timestamp?: string
  readonly staff?: {
    readonly department?: string
    readonly name?: string
    readonly mobile?: string
    readonly email?: string
  }
}

export interface AttachmentEntry {
  /** Content id without `cid:` and angle brackets; unique inside the packet only. */
  readonly contentId: string
  readonly name: string
  readonly mediaType?: string
  readonly description?: string
}

export interface EnvelopeWarning {
  readonly code: string
  readonly params?: Readonly<Record<string, string | number>>
}

/** The lane of a document: priority 1 and above is urgent. */
export function laneOf(priority: number): Lane {
  return priority >= 1 ? 'urgent' : 'normal'
}
