import { BusError } from '../errors/index.ts'
import { type Envelope, readStatusCode, type StatusReport } from '../model/index.ts'
import type { PacketParts } from './locate-parts.ts'
import { type Branch, isBlank } from './read-branch.ts'
import { readTrace } from './read-business.ts'
import { isTimestamp } from './read-date.ts'
import { readDocumentLink, readParty } from './read-party.ts'
import { clip, given, type Reading } from './reading.ts'

/** Whether a packet is a status report: by its content, whatever the caller announced. */
export function isStatusPacket(parts: PacketParts): boolean {
  return parts.statusRoot || parts.header.children.some((child) => child.name === 'StatusCode')
}

/**
 * Reads a status packet (4.1). It has no `To`: its recipient is the agency named in ResponseFor.
 * @throws BusError LT_ENV_AMBIGUOUS when it also looks like a document or answers two, LT_BUS_STATUS_UNKNOWN
 */
export function readStatus(reading: Reading, parts: PacketParts): Envelope {
  const { header } = parts
  if (parts.statusRoot) reading.warn('ENV_STATUS_ROOT')
  const from = reading.one(header, 'From')
  const links = reading.all(header, 'ResponseFor').filter((link) => !isBlank(link))
  if (links.length > 1) throw new BusError('LT_ENV_AMBIGUOUS', { element: 'ResponseFor' })
  const about = links[0] ? readDocumentLink(reading, links[0]) : { agency: '', code: '' }
  refuseDocumentParts(reading, parts, about.agency)
  const staff = readStaff(reading, header)
  const code = reading.one(header, 'Code')
  const timestamp = reading.text(header, 'Timestamp')
  if (timestamp !== undefined && !isTimestamp(timestamp)) reading.warn('ENV_TIMESTAMP_UNREADABLE', { value: timestamp })
  const status: StatusReport = {
    code: readCode(reading, header),
    about,
    ...given('description', reading.text(header, 'Description')),
    ...given('timestamp', timestamp),
    ...given('staff', staff),
  }
  return {
    kind: 'status',
    dialect: parts.dialect,
    sender: from ? readParty(reading, from) : { code: '' },
    recipients: about.agency === '' ? [] : [{ code: about.agency }],
    documentId: '',
    // A status has none of the following four. What a packet says there all the same is read: it must not go unsearched.
    number: (code && reading.text(code, 'CodeNumber')) ?? '',
    notation: (code && reading.text(code, 'CodeNotation')) ?? '',
    documentType: {},
    subject: reading.text(header, 'Subject') ?? '',
    ...given('content', reading.text(header, 'Content')),
    signer: {},
    toPlaces: [],
    priority: 0,
    replies: [],
    business: { type: 'new', paper: false, receivers: [], replaces: [] },
    status,
    trace: readTrace(reading, parts.traceList),
    attachments: [],
    warnings: reading.warnings,
  }
}

/** A packet that is a status to one reader and a document to another must not pass. */
function refuseDocumentParts(reading: Reading, parts: PacketParts, agency: string): void {
  const elsewhere = reading.all(parts.header, 'To').some((to) => {
    const code = reading.text(to, 'OrganId')
    return code !== undefined && code !== agency
  })
  const files = parts.attachments.length > 0 || (parts.manifest !== undefined && !isBlank(parts.manifest))
  if (elsewhere || files) throw new BusError('LT_ENV_AMBIGUOUS', { element: 'StatusCode' })
}

function readCode(reading: Reading, header: Branch): StatusReport['code'] {
  const text = reading.text(header, 'StatusCode') ?? ''
  const read = readStatusCode(text)
  if (!read) throw new BusError('LT_BUS_STATUS_UNKNOWN', { value: clip(text) })
  if (read.code !== text) reading.warn('ENV_STATUS_CODE_FORM', { value: text, code: read.code })
  return read.code
}

function readStaff(reading: Reading, header: Branch): StatusReport['staff'] {
  const staff = reading.one(header, 'StaffInfo')
  if (!staff || isBlank(staff)) return undefined
  return {
    ...given('department', reading.text(staff, 'Department')),
    ...given('name', reading.text(staff, 'Staff')),
    ...given('mobile', reading.text(staff, 'Mobile')),
    ...given('email', reading.text(staff, 'Email')),
  }
}
