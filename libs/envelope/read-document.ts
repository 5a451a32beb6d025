import { BusError } from '../errors/index.ts'
import type { AttachmentEntry, Envelope, Party } from '../model/index.ts'
import type { PacketParts } from './locate-parts.ts'
import { type Branch, isBlank } from './read-branch.ts'
import { readBusiness, readTrace } from './read-business.ts'
import { readDocumentLink, readParty } from './read-party.ts'
import { clip, given, type Reading } from './reading.ts'

const NOBODY: Party = { code: '' }

/**
 * Reads a document packet (QCVN 102:2016, 1.1 to 1.14 and 2.x). What is missing is left empty: whether it may be is
 * for the business rules to say.
 * @throws BusError LT_ENV_AMBIGUOUS, LT_ENV_NAMESPACE, LT_BUS_TYPE_UNKNOWN, LT_BUS_PRIORITY_RANGE
 */
export function readDocument(reading: Reading, parts: PacketParts, attachments: readonly AttachmentEntry[]): Envelope {
  const { header } = parts
  const from = reading.one(header, 'From')
  const code = reading.one(header, 'Code')
  const promulgation = reading.one(header, 'PromulgationInfo')
  const other = reading.one(header, 'OtherInfo')
  const task = reading.one(header, 'ResponseForTask')
  const places = reading.one(header, 'ToPlaces')
  const business = readBusiness(reading, parts.traceList)
  return {
    kind: 'document',
    dialect: parts.dialect,
    sender: from ? readParty(reading, from) : NOBODY,
    recipients: reading.all(header, 'To').map((to) => readParty(reading, to)),
    documentId: reading.text(header, 'DocumentId') ?? '',
    number: (code && reading.text(code, 'CodeNumber')) ?? '',
    notation: (code && reading.text(code, 'CodeNotation')) ?? '',
    ...given('place', promulgation && reading.text(promulgation, 'Place', 'Promulgator')),
    ...given('promulgationDate', promulgation && reading.date(promulgation, 'PromulgationDate')),
    documentType: readDocumentType(reading, header),
    subject: reading.text(header, 'Subject') ?? '',
    ...given('content', reading.text(header, 'Content')),
    signer: readSigner(reading, header),
    ...given('dueDate', reading.date(header, 'DueDate')),
    toPlaces: places ? texts(reading, places, 'Place') : [],
    priority: readPriority(other && reading.text(other, 'Priority')),
    ...given('steeringType', readSteeringType(reading, header)),
    ...given('taskCode', task && reading.text(task, 'TaskCode')),
    ...given('applicationType', reading.text(header, 'ApplicationType')),
    replies: readReplies(reading, header),
    business,
    trace: readTrace(reading, parts.traceList),
    attachments,
    warnings: reading.warnings,
  }
}

/** 1.5: a group, or plain text in older builders. */
function readDocumentType(reading: Reading, header: Branch): Envelope['documentType'] {
  const type = reading.one(header, 'DocumentType')
  if (!type) return {}
  if (type.text !== '' && type.children.length === 0) {
    reading.warn('ENV_DOCUMENT_TYPE_TEXT')
    return given('name', reading.textOf(type, header))
  }
  return {
    ...given('type', reading.text(type, 'Type')),
    ...given('detail', reading.text(type, 'TypeDetail')),
    ...given('name', reading.text(type, 'TypeName')),
  }
}

function readSigner(reading: Reading, header: Branch): Envelope['signer'] {
  const signer = reading.one(header, 'SignerInfo')
  if (!signer) return {}
  return {
    ...given('competence', reading.text(signer, 'Competence', 'SignerCompetence')),
    ...given('position', reading.text(signer, 'Position', 'SignerPosition')),
    ...given('fullName', reading.text(signer, 'FullName', 'Signer', 'SignerFullName')),
  }
}

function readPriority(text: string | undefined): number {
  if (text === undefined) return 0
  if (!/^\d{1,4}$/.test(text)) throw new BusError('LT_BUS_PRIORITY_RANGE', { value: clip(text) })
  return Number(text)
}

function readSteeringType(reading: Reading, header: Branch): string | undefined {
  const text = reading.text(header, 'SteeringType')
  if (text !== undefined && !/^\d{1,4}$/.test(text)) reading.warn('ENV_STEERING_TYPE_TEXT', { value: text })
  return text
}

function readReplies(reading: Reading, header: Branch): Envelope['replies'] {
  const written = reading.all(header, 'ResponseFor')
  const meant = written.filter((link) => !isBlank(link))
  if (meant.length < written.length) reading.warn('ENV_REPLY_EMPTY')
  return meant.map((link) => readDocumentLink(reading, link))
}

function texts(reading: Reading, parent: Branch, name: string): string[] {
  return reading
    .all(parent, name)
    .map((leaf) => reading.textOf(leaf, parent))
    .filter((text) => text !== undefined)
}
