import { BusError } from '../errors/index.ts'
import type { BusinessAction, Envelope } from '../model/index.ts'
import type { Branch } from './read-branch.ts'
import { isTimestamp } from './read-date.ts'
import { clip, given, type Reading } from './reading.ts'

const TYPES: readonly BusinessAction['type'][] = ['new', 'recall', 'update', 'replace']
const NEW_DOCUMENT: BusinessAction = { type: 'new', paper: false, receivers: [], replaces: [] }

/**
 * TraceHeaderList/Bussiness, also spelled Business (2.2). Without it the packet is a new document.
 * @throws BusError LT_BUS_TYPE_UNKNOWN
 */
export function readBusiness(reading: Reading, traceList: Branch | undefined): BusinessAction {
  const business = traceList && reading.one(traceList, 'Bussiness', 'Business')
  const type = business && reading.text(business, 'BussinessDocType', 'BusinessDocType')
  if (type === undefined) reading.warn('ENV_BUSINESS_MISSING')
  if (!business) return NEW_DOCUMENT
  if (type !== undefined && !/^0?[0-3]$/.test(type)) throw new BusError('LT_BUS_TYPE_UNKNOWN', { value: clip(type) })
  const action = TYPES[Number(type ?? 0)] as BusinessAction['type']
  const targetDocumentId = readTarget(reading, business)
  return {
    type: action,
    ...given('reason', reading.text(business, 'BussinessDocReason', 'BusinessDocReason')),
    paper: reading.text(business, 'Paper') === '1',
    // A new document has no target: real packets carry a left-over id there.
    ...(action === 'new' ? {} : given('targetDocumentId', targetDocumentId)),
    ...readUpdate(reading, business),
    replaces: readReplacements(reading, business),
  }
}

/** Real packets repeat this one element with different ids, which nothing else depends on: the first is taken. */
function readTarget(reading: Reading, business: Branch): string | undefined {
  const found = reading.all(business, 'DocumentId').filter((each) => each.text !== '')
  if (found.length > 1) reading.warn('ENV_BUSINESS_DOCUMENT_ID_TWICE')
  return found[0] && reading.textOf(found[0], business)
}

function readUpdate(
  reading: Reading,
  business: Branch,
): Pick<BusinessAction, 'changesDocument' | 'changesReceivers' | 'receivers'> {
  const info = reading.one(business, 'BussinessDocumentInfo', 'BusinessDocumentInfo')
  if (!info) return { receivers: [] }
  const list = reading.one(info, 'ReceiverList')
  const receivers = list ? reading.all(list, 'Receiver') : []
  return {
    ...given('changesDocument', flag(reading.text(info, 'DocumentInfo'))),
    ...given('changesReceivers', flag(reading.text(info, 'DocumentReceiver'))),
    receivers: receivers.map((receiver) => ({
      agency: reading.text(receiver, 'OrganId') ?? '',
      change: reading.text(receiver, 'ReceiverType') === '0' ? 'removed' : 'added',
    })),
  }
}

function readReplacements(reading: Reading, business: Branch): BusinessAction['replaces'] {
  const list = reading.one(business, 'ReplacementInfoList')
  const entries = list ? reading.all(list, 'ReplacementInfo') : []
  return entries.map((entry) => {
    const organs = reading.one(entry, 'OrganIdList')
    const agencies = organs ? reading.all(organs, 'OrganId').map((organ) => reading.textOf(organ, organs)) : []
    return {
      documentId: reading.text(entry, 'DocumentId') ?? '',
      agencies: agencies.filter((agency) => agency !== undefined),
    }
  })
}

function flag(text: string | undefined): boolean | undefined {
  return text === undefined ? undefined : text === '1' || text === 'true'
}

/** The TraceHeader entries: one per system the packet passed (2.1); real ones lack the code or hold the text `null`. */
export function readTrace(reading: Reading, traceList: Branch | undefined): Envelope['trace'] {
  const entries = traceList ? reading.all(traceList, 'TraceHeader') : []
  return entries.map((entry) => {
    const timestamp = reading.text(entry, 'Timestamp') ?? ''
    if (timestamp !== '' && !isTimestamp(timestamp)) reading.warn('ENV_TIMESTAMP_UNREADABLE', { value: timestamp })
    return { agency: reading.text(entry, 'OrganId') ?? '', timestamp }
  })
}
