import { BusError } from '../errors/index.ts'
import type { Party, StatusReport } from '../model/index.ts'
import { PacketText } from './packet-text.ts'
import { dayInVietnam, isTimestamp } from './read-date.ts'
import { writeDocumentLink, writeParty } from './write-header-parts.ts'

export interface StatusDraft {
  /** The agency that reports. */
  readonly sender: Party
  readonly status: StatusReport & { readonly timestamp: string }
}

/**
 * Writes an unsigned status packet in canonical D1 form. It is addressed to `status.about.agency`.
 * @throws BusError LT_ENV_DRAFT_INVALID
 */
export function writeStatusPacket(draft: StatusDraft): Buffer {
  const { sender, status } = draft
  if (!isTimestamp(status.timestamp)) throw new BusError('LT_ENV_DRAFT_INVALID', { field: 'Timestamp' })
  const out = new PacketText()
  out.group('edXML:edXMLHeader', () => {
    out.group('edXML:MessageHeader', () => {
      writeParty(out, 'edXML:From', sender)
      writeDocumentLink(out, status.about)
      const { staff } = status
      if (staff && Object.values(staff).some((text) => text.trim() !== '')) {
        out.group('edXML:StaffInfo', () => {
          out.leaf('edXML:Department', staff.department)
          out.leaf('edXML:Staff', staff.name)
          out.leaf('edXML:Mobile', staff.mobile)
          out.leaf('edXML:Email', staff.email)
        })
      }
      out.leaf('edXML:StatusCode', status.code)
      out.leaf('edXML:Description', status.description)
      out.leaf('edXML:Timestamp', status.timestamp)
    })
  })
  return out.finish()
}

/** An instant as packets carry it: `yyyy/MM/dd HH:mm:ss` in Asia/Ho_Chi_Minh. */
export function wireTimestamp(instant: Date): string {
  const clock = new Date(instant.getTime() + 7 * 3600_000).toISOString().slice(11, 19)
  return `${dayInVietnam(instant).replaceAll('-', '/')} ${clock}`
}
