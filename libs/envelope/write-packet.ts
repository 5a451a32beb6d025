import { BusError } from '../errors/index.ts'
import type { AttachmentEntry, BusinessAction, Envelope } from '../model/index.ts'
import { PacketText } from './packet-text.ts'
import { bareContentId, QCVN_102 } from './wire-names.ts'
import { dateText, writeBusiness, writeDocumentLink, writeParty } from './write-header-parts.ts'

type Required = 'sender' | 'recipients' | 'documentId' | 'number' | 'notation' | 'subject'
type Optional =
  | 'place'
  | 'promulgationDate'
  | 'documentType'
  | 'content'
  | 'signer'
  | 'dueDate'
  | 'toPlaces'
  | 'priority'
  | 'steeringType'
  | 'taskCode'
  | 'applicationType'
  | 'replies'
  | 'business'
  | 'trace'

/** A document packet to be written; what is left out is absent, a new document, or priority 0. */
export interface PacketDraft extends Pick<Envelope, Required>, Partial<Pick<Envelope, Optional>> {
  readonly attachments?: readonly DraftAttachment[]
}

/** With `bytes` the attachment travels inside the packet; without, it is only listed and travels beside it. */
export interface DraftAttachment extends AttachmentEntry {
  readonly bytes?: Uint8Array
}

const NEW_DOCUMENT: BusinessAction = { type: 'new', paper: false, receivers: [], replaces: [] }

/**
 * Writes an unsigned document packet in canonical D1 form, elements in the order of QCVN 102:2016. It is valid against our
 * schema and reads back as the same facts. Whether the facts are admissible is for `checkBusinessRules` to say.
 * @throws BusError LT_ENV_DRAFT_INVALID
 */
export function writePacket(draft: PacketDraft): Buffer {
  const attachments = checkedAttachments(draft.attachments ?? [])
  const out = new PacketText()
  out.group('edXML:edXMLHeader', () => {
    out.group('edXML:MessageHeader', () => writeMessageHeader(out, draft))
    out.group('edXML:TraceHeaderList', () => {
      for (const entry of draft.trace ?? []) writeTrace(out, entry)
      writeBusiness(out, draft.business ?? NEW_DOCUMENT)
    })
  })
  out.group('edXML:edXMLBody', () => {
    out.open('edXML:edXMLManifest', ' version="1.0"')
    for (const attachment of attachments) writeReference(out, attachment)
    out.close()
  })
  out.close()
  if (attachments.some(({ bytes }) => bytes !== undefined)) {
    out.group('AttachmentEncoded', () => {
      for (const attachment of attachments) writeAttachment(out, attachment)
    })
  }
  return out.finish()
}

function writeMessageHeader(out: PacketText, draft: PacketDraft): void {
  writeParty(out, 'edXML:From', draft.sender)
  for (const recipient of draft.recipients) writeParty(out, 'edXML:To', recipient)
  out.group('edXML:Code', () => {
    out.leaf('edXML:CodeNumber', draft.number)
    out.leaf('edXML:CodeNotation', draft.notation)
  })
  out.group('edXML:PromulgationInfo', () => {
    out.leaf('edXML:Place', draft.place)
    out.leaf('edXML:PromulgationDate', dateText('PromulgationDate', draft.promulgationDate))
  })
  out.group('edXML:DocumentType', () => {
    out.leaf('edXML:Type', draft.documentType?.type)
    out.leaf('edXML:TypeDetail', draft.documentType?.detail)
    out.leaf('edXML:TypeName', draft.documentType?.name)
  })
  out.leaf('edXML:Subject', draft.subject)
  out.leaf('edXML:Content', draft.content)
  out.group('edXML:SignerInfo', () => {
    out.leaf('edXML:Competence', draft.signer?.competence)
    out.leaf('edXML:Position', draft.signer?.position)
    out.leaf('edXML:FullName', draft.signer?.fullName)
  })
  out.leaf('edXML:DueDate', dateText('DueDate', draft.dueDate))
  const places = draft.toPlaces ?? []
  if (places.length > 0) {
    out.group('edXML:ToPlaces', () => {
      for (const place of places) out.leaf('edXML:Place', place)
    })
  }
  const priority = wholeNumber('Priority', draft.priority ?? 0)
  out.group('edXML:OtherInfo', () => out.leaf('edXML:Priority', priority))
  for (const link of draft.replies ?? []) writeDocumentLink(out, link)
  out.leaf('edXML:SteeringType', wholeNumber('SteeringType', draft.steeringType))
  out.leaf('edXML:DocumentId', draft.documentId)
  if (draft.taskCode !== undefined) {
    out.group('edXML:ResponseForTask', () => out.leaf('edXML:TaskCode', draft.taskCode))
  }
  out.leaf('edXML:ApplicationType', draft.applicationType)
}

function writeTrace(out: PacketText, entry: Envelope['trace'][number]): void {
  out.group('edXML:TraceHeader', () => {
    out.leaf('edXML:OrganId', entry.agency)
    out.leaf('edXML:Timestamp', entry.timestamp)
  })
}

function writeReference(out: PacketText, attachment: DraftAttachment): void {
  out.group('edXML:Reference', () => {
    out.leaf('edXML:ContentId', `cid:${attachment.contentId}`)
    out.leaf('edXML:ContentType', attachment.mediaType)
    out.leaf('edXML:Description', attachment.description)
    out.leaf('edXML:AttachmentName', attachment.name)
  })
}

function writeAttachment(out: PacketText, attachment: DraftAttachment): void {
  const { bytes } = attachment
  if (!bytes) return
  out.group('Attachment', () => {
    out.leaf('ContentId', `cid:${attachment.contentId}`)
    out.leaf('AttachmentName', attachment.name)
    out.leaf('Description', attachment.description)
    out.leaf('ContentType', attachment.mediaType)
    out.base64('edXML:ContentTransferEncoded', bytes, ` xmlns:edXML="${QCVN_102}"`)
  })
}

/** Clients fail on text where they expect a number. */
function wholeNumber(field: string, value: string | number | undefined): string | undefined {
  if (value === undefined) return undefined
  if (!/^\d{1,4}$/.test(String(value))) throw new BusError('LT_ENV_DRAFT_INVALID', { field })
  return String(value)
}

/** All attachments inside or all beside, each with its own id and a name. */
function checkedAttachments(attachments: readonly DraftAttachment[]): DraftAttachment[] {
  const bare = attachments.map((each) => ({ ...each, contentId: bareContentId(each.contentId) }))
  const ids = new Set(bare.map(({ contentId }) => contentId))
  const inside = bare.filter(({ bytes }) => bytes !== undefined).length
  const nameless = bare.some(({ contentId, name }) => contentId === '' || name.trim() === '')
  if (ids.size < bare.length || nameless || (inside > 0 && inside < bare.length)) {
    throw new BusError('LT_ENV_DRAFT_INVALID', { field: 'attachments' })
  }
  return bare
}
