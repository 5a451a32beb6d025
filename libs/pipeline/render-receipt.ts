import { createHash } from 'node:crypto'
import { BusError } from '../errors/index.ts'
import {
  CONTENT_HASH_VERSION,
  type ConsignmentId,
  type DispatchId,
  type EntryId,
  EVENTS,
  type EventName,
  newReceiptId,
  type PacketForm,
} from '../model/index.ts'
import type { Evidence, EvidenceReceiverSignature, EvidenceSigner } from '../signature/index.ts'
import {
  type ContentPart,
  type DispatchView,
  type EntryWithDetails,
  findDispatch,
  findEntry,
  findReceiptXml,
  keepReceipt,
  listParts,
  type Pool,
} from '../store/index.ts'

/** Events a receipt can be had of. */
export const RECEIPT_EVENTS: readonly EventName[] = [
  EVENTS.submissionAccepted,
  EVENTS.available,
  EVENTS.handedOver,
  EVENTS.acknowledged,
  EVENTS.refused,
  EVENTS.expired,
  EVENTS.deadLettered,
  EVENTS.recalled,
]

export interface RenderOptions {
  readonly pool: Pool
  readonly signer: EvidenceSigner
  readonly axis: Evidence['axis']
  /** Name of the sending system by its id, as it stood then. */
  readonly systemCode: (systemId: string) => string
}

/**
 * The receipt of one committed fact: the kept one, or one that is rendered, signed and kept now. Event time and signing time
 * both stand in it. @throws BusError LT_SUB_NOT_FOUND when the entry is none of this dispatch
 */
export async function renderReceipt(options: RenderOptions, dispatchId: string, entryId: string): Promise<Buffer> {
  const entry = await findEntry(options.pool, entryId)
  if (!entry || entry.dispatch_id !== dispatchId || !RECEIPT_EVENTS.includes(entry.event as EventName)) {
    throw new BusError('LT_SUB_NOT_FOUND')
  }
  const kept = await findReceiptXml(options.pool, entryId)
  if (kept) return kept
  const dispatch = await findDispatch(options.pool, dispatchId)
  if (!dispatch) throw new BusError('LT_SUB_NOT_FOUND')
  const evidence = describe(options, dispatch, entry, await listParts(options.pool, dispatchId))
  const signingTime = new Date()
  return keepReceipt(options.pool, {
    id: evidence.id,
    entryId,
    dispatchId,
    consignmentId: entry.consignment_id,
    event: entry.event,
    eventTime: entry.event_time,
    signingTime,
    xml: options.signer.sign(evidence, signingTime),
  })
}

function describe(
  options: RenderOptions,
  dispatch: DispatchView,
  entry: EntryWithDetails,
  parts: readonly ContentPart[],
): Evidence {
  const signature = dispatch.signature as {
    verdict?: string
    signer?: { fingerprint?: string }
    signerIs?: 'agency' | 'ancestor' | 'system'
  }
  const details = JSON.parse(entry.details ?? '{}') as {
    agency?: string
    reason?: string
    text?: string
    receiverSignature?: EvidenceReceiverSignature
    composed?: { sha256: string; size: number }
  }
  // A re-sent consignment has an id of its own; its recipient is found by the agency.
  const recipients = dispatch.recipients.filter(
    ({ agency, consignment }) =>
      entry.consignment_id === null || consignment === entry.consignment_id || agency === details.agency,
  )
  return {
    id: newReceiptId(),
    kind: entry.event as EventName,
    origin: entry.origin,
    eventTime: entry.event_time,
    entryId: entry.id as EntryId,
    axis: options.axis,
    dispatchId: dispatch.id as DispatchId,
    ...(entry.consignment_id === null ? {} : { consignmentId: entry.consignment_id as ConsignmentId }),
    sender: { agency: dispatch.sender_code, system: options.systemCode(dispatch.system_id) },
    recipients: recipients.map(({ agency, asWritten, consignment }) => ({
      agency,
      asWritten,
      consignmentId: (entry.consignment_id ?? consignment) as ConsignmentId,
    })),
    document: {
      documentId: dispatch.document_id,
      number: dispatch.number,
      notation: dispatch.notation,
      ...(dispatch.promulgation_date === null ? {} : { promulgationDate: dispatch.promulgation_date }),
      subjectDigest: createHash('sha256').update(dispatch.subject).digest('hex'),
    },
    contentHash: { hex: dispatch.content_hash.toString('hex'), version: CONTENT_HASH_VERSION },
    size: dispatch.content_size,
    form: dispatch.form as PacketForm,
    parts: [
      ...parts.map((part) => ({
        role: part.role,
        ...(part.content_id === null ? {} : { contentId: part.content_id }),
        sha256: part.sha256.toString('hex'),
        size: part.size,
      })),
      // The form in which a receiver at the compatible door got it, where that is not the one in which it was received.
      ...(details.composed ? [{ role: 'packet' as const, ...details.composed }] : []),
    ],
    signature: {
      verdict: signature.verdict ?? 'absent',
      ...(signature.signer?.fingerprint === undefined ? {} : { signerFingerprint: signature.signer.fingerprint }),
      ...(signature.signerIs === undefined ? {} : { signerIs: signature.signerIs }),
    },
    warnings: [],
    ...(details.reason === undefined ? {} : { reason: { code: details.reason, text: details.text ?? '' } }),
    ...(details.receiverSignature === undefined ? {} : { receiverSignature: details.receiverSignature }),
  }
}
