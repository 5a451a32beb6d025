import type { PacketRequest } from '../../../libs/client/index.ts'
import { documentTypes } from '../../../libs/envelope/index.ts'
import type { DocumentLink } from '../../../libs/model/index.ts'
import type { Call } from '../command.ts'
import { UsageError } from '../command.ts'
import { listed, required, wholeNumber } from '../command-line.ts'
import type { Profile } from '../profile.ts'
import { BUSINESS_OPTIONS, readBusiness } from './read-business.ts'

/** What a document says, as options. */
export const SEND_OPTIONS = {
  from: { type: 'string' },
  to: { type: 'string', multiple: true },
  number: { type: 'string' },
  notation: { type: 'string' },
  date: { type: 'string' },
  type: { type: 'string' },
  signer: { type: 'string' },
  position: { type: 'string' },
  competence: { type: 'string' },
  subject: { type: 'string' },
  place: { type: 'string' },
  priority: { type: 'string' },
  due: { type: 'string' },
  'reply-to': { type: 'string', multiple: true },
  'document-id': { type: 'string' },
  ...BUSINESS_OPTIONS,
} as const

/** The facts of a document from the command line. @throws UsageError naming what is missing or wrong */
export function readFacts(call: Call, profile: Profile): PacketRequest['facts'] {
  const { output, values } = call
  const from = values.from ?? profile.agency ?? required(call, 'from')
  const recipients = listed(call, 'to').map((code) => ({ code }))
  if (recipients.length === 0) throw new UsageError(output.t('usage.missing', { what: '--to' }))
  const [number, notation, date] = [required(call, 'number'), required(call, 'notation'), required(call, 'date')]
  const { position, competence, place, due } = values
  const name = profile.agency === from ? profile.agencyName : undefined
  return {
    sender: { code: from, ...(name === undefined ? {} : { name }) },
    recipients,
    documentId: values['document-id'] ?? values.recall ?? `${from},${date.replaceAll('-', '/')},${number}/${notation}`,
    number,
    notation,
    promulgationDate: date,
    subject: required(call, 'subject'),
    documentType: readType(call, required(call, 'type')),
    signer: {
      fullName: required(call, 'signer'),
      ...(position === undefined ? {} : { position }),
      ...(competence === undefined ? {} : { competence }),
    },
    priority: wholeNumber(call, 'priority', 0, [0, 4]),
    business: readBusiness(call, recipients),
    replies: (call.lists['reply-to'] ?? []).map((text) => readLink(call, text)),
    ...(place === undefined ? {} : { place }),
    ...(due === undefined ? {} : { dueDate: due }),
  }
}

/** `2/18`, or the name of a type as the list has it, in any case. */
function readType(call: Call, text: string): { type: string; detail: string; name?: string } {
  const groups = documentTypes()
  const [type = '', detail = ''] = text.split('/')
  const wanted = text.normalize('NFC').toLowerCase()
  for (const group of groups) {
    for (const each of group.details) {
      const named = each.name.normalize('NFC').toLowerCase() === wanted
      const numbered = String(group.type) === type && String(each.detail) === detail
      if (named || numbered) return { type: String(group.type), detail: String(each.detail), name: each.name }
    }
  }
  const choices = groups.flatMap((group) => group.details.map(({ detail: at, name }) => `${group.type}/${at} ${name}`))
  throw new UsageError(call.output.t('usage.choice', { what: '--type', choices: choices.join('; ') }))
}

/** `AGENCY,yyyy/mm/dd,number/notation`, the usual form of a document id: everything about the answered document is in it. */
export function readLink(call: Call, text: string): DocumentLink {
  const [agency = '', date = '', ...rest] = text.split(',')
  const code = rest.join(',')
  if (agency === '' || code === '' || !/^\d{4}[/-]\d\d[/-]\d\d$/.test(date)) {
    throw new UsageError(call.output.t('usage.wrong', { detail: `"${text}": AGENCY,yyyy/mm/dd,NUMBER/NOTATION` }))
  }
  return { agency, code, documentId: text, promulgationDate: date.replaceAll('/', '-') }
}
