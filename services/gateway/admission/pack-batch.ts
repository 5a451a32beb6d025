import type { StoredBlob } from '../../../libs/blobs/index.ts'
import { type EntryId, EVENTS, laneOf, newConsignmentId } from '../../../libs/model/index.ts'
import { type SealedEntry, sealEntry } from '../../../libs/pipeline/index.ts'
import type { Evidence, EvidenceSigner } from '../../../libs/signature/index.ts'
import type { AcceptanceBatch, ContentRow, DispatchRow, ReceiptRow } from '../../../libs/store/index.ts'
import type { AcceptableSubmission } from './acceptable-submission.ts'
import { describeEvidence } from './describe-evidence.ts'

/** A submission whose content is on disk, ready to be committed. `stored` stands beside `submission.parts`. */
export interface PreparedSubmission {
  readonly submission: AcceptableSubmission
  readonly stored: readonly StoredBlob[]
}

export interface SigningContext {
  readonly signer: EvidenceSigner
  readonly axis: Evidence['axis']
  /** Origin line of the log's present epoch. */
  readonly origin: string
}

/** What the caller is answered with once the batch is committed. */
export interface PackedReceipt {
  readonly receiptId: string
  readonly xml: Buffer
  readonly consignments: readonly string[]
}

export interface PackedBatch extends AcceptanceBatch {
  /** By dispatch id. */
  readonly packed: ReadonlyMap<string, PackedReceipt>
}

/** Pause before an accepted dispatch that nobody routed is published again. */
const FIRST_SWEEP_MS = 10_000

/** Turns submissions into the rows of one acceptance statement: one event time for rows, log entries and receipts. */
export function packBatch(batch: readonly PreparedSubmission[], eventTime: Date, context: SigningContext): PackedBatch {
  const dispatches: DispatchRow[] = []
  const contents: ContentRow[] = []
  const receipts: ReceiptRow[] = []
  const entries: (SealedEntry & { owner: string })[] = []
  const packed = new Map<string, PackedReceipt>()
  const chunks: Uint8Array[] = []
  let end = 0
  const place = (bytes: Uint8Array): { offset: number; length: number } => {
    chunks.push(bytes)
    end += bytes.length
    return { offset: end - bytes.length, length: bytes.length }
  }

  for (const { submission, stored } of batch) {
    const { dispatchId } = submission
    const consignments = submission.recipients.map(() => newConsignmentId(eventTime.getTime()))
    const entry = sealEntry({ event: EVENTS.submissionAccepted, dispatchId, details: detailsOf(submission) }, eventTime)
    const evidence = describeEvidence(submission, { ...context, eventTime, entryId: entry.id as EntryId, consignments })
    const xml = context.signer.sign(evidence, eventTime)
    const time = eventTime.toISOString()
    receipts.push({
      id: evidence.id,
      entry_id: entry.id,
      dispatch_id: dispatchId,
      consignment_id: null,
      event: evidence.kind,
      event_time: time,
      signing_time: time,
      ...place(xml),
    })
    dispatches.push(dispatchRow(submission, consignments, eventTime))
    contents.push(...contentRows(submission, stored, place))
    entries.push({ owner: dispatchId, ...entry })
    packed.set(dispatchId, { receiptId: evidence.id, xml, consignments })
  }
  return { dispatches, contents, receipts, entries, bytes: Buffer.concat(chunks, end), packed }
}

function detailsOf(submission: AcceptableSubmission): { [name: string]: string | number | string[] } {
  return {
    system: submission.system.code,
    sender: submission.senderCode,
    documentId: submission.opened.envelope.documentId,
    contentHash: submission.contentHash.toString('hex'),
    recipients: submission.recipients.map(({ agencyCode }) => agencyCode),
    verdict: submission.signature.verdict,
    ...(submission.signature.signer ? { signer: submission.signature.signer.fingerprint } : {}),
  }
}

function dispatchRow(submission: AcceptableSubmission, consignments: readonly string[], eventTime: Date): DispatchRow {
  const { envelope, dialect } = submission.opened
  const { signature } = submission
  return {
    id: submission.dispatchId,
    system_id: submission.system.id,
    sender_code: submission.senderCode,
    lane: laneOf(envelope.priority),
    kind: envelope.kind,
    document_id: envelope.documentId,
    number: envelope.number,
    notation: envelope.notation,
    promulgation_date: envelope.promulgationDate ?? null,
    subject: envelope.subject,
    business_type: envelope.business.type,
    priority: envelope.priority,
    due_date: envelope.dueDate ?? null,
    task_code: envelope.taskCode ?? null,
    form: submission.form,
    content_hash: submission.contentHash.toString('hex'),
    content_size: submission.parts.reduce((sum, part) => sum + part.size, 0),
    recipients: submission.recipients.map(({ agencyCode, asWritten }, i) => ({
      agency: agencyCode,
      consignment: consignments[i] as string,
      asWritten,
    })),
    signature: { ...signature, policy: submission.system.signaturePolicy },
    facts: {
      dialect,
      warnings: submission.warnings,
      // Retention goes by it.
      ...(envelope.documentType.type === undefined ? {} : { documentType: envelope.documentType }),
      ...(envelope.status ? { status: envelope.status } : {}),
      ...(envelope.kind === 'document' ? { business: envelope.business } : {}),
      ...(submission.action ? { action: submission.action } : {}),
    },
    accepted_at: eventTime.toISOString(),
    next_publish_at: new Date(eventTime.getTime() + FIRST_SWEEP_MS).toISOString(),
    idempotency_key: submission.idempotencyKey ?? null,
    refuse_duplicate: submission.system.duplicatePolicy === 'refuse' && !submission.sentBefore,
    replies: envelope.replies.map(({ agency, documentId, code }) => ({ agency, documentId: documentId ?? null, code })),
  }
}

function contentRows(
  submission: AcceptableSubmission,
  stored: readonly StoredBlob[],
  place: (bytes: Uint8Array) => { offset: number; length: number },
): ContentRow[] {
  // What a receiver is shown of an attachment is what the envelope says, not what stood beside its bytes.
  const described = new Map(submission.attachments.flatMap((each) => (each.part ? [[each.part, each] as const] : [])))
  const rows: ContentRow[] = submission.parts.map((part, ordinal) => {
    const said = described.get(part) ?? part
    const blob = stored[ordinal] as StoredBlob
    const at = blob.bytes ? place(blob.bytes) : { offset: null, length: null }
    return {
      dispatch_id: submission.dispatchId,
      ordinal,
      role: part.role,
      content_id: said.contentId ?? null,
      name: said.name ?? null,
      media_type: said.mediaType ?? null,
      size: part.size,
      sha256: part.sha256.toString('hex'),
      path: blob.path ?? null,
      range_start: null,
      range_end: null,
      ...at,
    }
  })
  for (const attachment of submission.attachments) {
    if (!attachment.inline) continue
    rows.push({
      dispatch_id: submission.dispatchId,
      ordinal: rows.length,
      role: 'attachment',
      content_id: attachment.contentId,
      name: attachment.name,
      media_type: attachment.mediaType ?? null,
      size: attachment.size,
      sha256: attachment.sha256.toString('hex'),
      path: null,
      range_start: attachment.inline.start ?? null,
      range_end: attachment.inline.end ?? null,
      offset: null,
      length: null,
    })
  }
  return rows
}
