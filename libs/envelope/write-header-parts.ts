import { BusError } from '../errors/index.ts'
import type { BusinessAction, DocumentLink, Party } from '../model/index.ts'
import type { PacketText } from './packet-text.ts'
import { wireDate } from './read-date.ts'

export function writeParty(out: PacketText, name: string, party: Party): void {
  out.group(name, () => {
    out.leaf('edXML:OrganId', party.code)
    out.leaf('edXML:OrganizationInCharge', party.inCharge)
    out.leaf('edXML:OrganName', party.name)
    out.leaf('edXML:OrganAdd', party.address)
    out.leaf('edXML:Email', party.email)
    out.leaf('edXML:Telephone', party.telephone)
    out.leaf('edXML:Fax', party.fax)
    out.leaf('edXML:Website', party.website)
  })
}

export function writeDocumentLink(out: PacketText, link: DocumentLink): void {
  out.group('edXML:ResponseFor', () => {
    out.leaf('edXML:OrganId', link.agency)
    out.leaf('edXML:Code', link.code)
    out.leaf('edXML:PromulgationDate', dateText('ResponseFor/PromulgationDate', link.promulgationDate))
    out.leaf('edXML:DocumentId', link.documentId)
  })
}

/** Always written: one client library fails on packets without it. */
export function writeBusiness(out: PacketText, action: BusinessAction): void {
  out.group('edXML:Bussiness', () => {
    out.leaf('edXML:BussinessDocType', ['new', 'recall', 'update', 'replace'].indexOf(action.type))
    out.leaf('edXML:BussinessDocReason', action.reason)
    writeUpdate(out, action)
    out.leaf('edXML:DocumentId', action.targetDocumentId)
    out.leaf('edXML:Paper', action.paper ? 1 : 0)
    if (action.replaces.length === 0) return
    out.group('edXML:ReplacementInfoList', () => {
      for (const entry of action.replaces) writeReplacement(out, entry)
    })
  })
}

function writeUpdate(out: PacketText, action: BusinessAction): void {
  const { changesDocument, changesReceivers, receivers } = action
  if (changesDocument === undefined && changesReceivers === undefined && receivers.length === 0) return
  out.group('edXML:BussinessDocumentInfo', () => {
    if (changesDocument !== undefined) out.leaf('edXML:DocumentInfo', changesDocument ? 1 : 0)
    if (changesReceivers !== undefined) out.leaf('edXML:DocumentReceiver', changesReceivers ? 1 : 0)
    if (receivers.length === 0) return
    out.group('edXML:ReceiverList', () => {
      for (const receiver of receivers) {
        out.group('edXML:Receiver', () => {
          out.leaf('edXML:OrganId', receiver.agency)
          out.leaf('edXML:ReceiverType', receiver.change === 'removed' ? 0 : 1)
        })
      }
    })
  })
}

function writeReplacement(out: PacketText, entry: BusinessAction['replaces'][number]): void {
  out.group('edXML:ReplacementInfo', () => {
    out.leaf('edXML:DocumentId', entry.documentId)
    if (entry.agencies.length === 0) return
    out.group('edXML:OrganIdList', () => {
      for (const agency of entry.agencies) out.leaf('edXML:OrganId', agency)
    })
  })
}

/** @throws BusError LT_ENV_DRAFT_INVALID when the text is no date `yyyy-MM-dd` */
export function dateText(field: string, iso: string | undefined): string | undefined {
  if (iso === undefined) return undefined
  const text = wireDate(iso)
  if (text === undefined) throw new BusError('LT_ENV_DRAFT_INVALID', { field })
  return text
}
