import { newNoticeId } from '../../../libs/model/index.ts'
import type { NoticeRow } from '../../../libs/store/index.ts'
import type { DeliveryConfig } from '../config.ts'
import type { NoticeContact } from './find-contact.ts'
import type { FactName, NoticeFacts, NoticeKind } from './templates.ts'

/** What is to be told to one contact. */
export interface Tidings {
  /** The row whose move it follows from: the notice is made only if that moves. */
  readonly owner: string
  readonly kind: NoticeKind
  readonly contact: NoticeContact
  /** What it is about, with the round: the same key is never told twice. */
  readonly about: string
  readonly agency?: string
  readonly dispatchId?: string
  readonly consignmentId?: string
  readonly facts: NoticeFacts
}

export type NoticeSettings = Pick<
  DeliveryConfig,
  'smtpUrl' | 'smsUrl' | 'smsKinds' | 'noticeLanguage' | 'noticeGatherMs'
>

/** Kinds that do not wait for company. */
const AT_ONCE: readonly NoticeKind[] = ['urgent-waiting']
/** A fact is a number, a name or a date: a sender that writes a novel into its notation does not get it mailed. */
const MAX_FACT = 120

/** The notices of some tidings, one per channel; none where the axis has no channel at all. */
export function draftNotices(tidings: Tidings, settings: NoticeSettings): NoticeRow[] {
  const { contact, kind } = tidings
  const rows: NoticeRow[] = []
  if (settings.smtpUrl !== undefined) {
    const missing = contact.mail === undefined ? 'LT_NTC_NO_CONTACT' : null
    rows.push(row(tidings, settings, 'mail', contact.mail ?? '', missing))
  }
  if (settings.smsUrl !== undefined && contact.phone !== undefined && settings.smsKinds.includes(kind))
    rows.push(row(tidings, settings, 'sms', contact.phone, null))
  return rows
}

function row(
  { owner, kind, about, contact, facts, ...rest }: Tidings,
  settings: NoticeSettings,
  channel: NoticeRow['channel'],
  recipient: string,
  code: string | null,
): NoticeRow {
  return {
    owner,
    id: newNoticeId(),
    dedupe_key: `${kind}:${about}:${channel}:${recipient.toLowerCase()}`,
    kind,
    channel,
    recipient,
    language: settings.noticeLanguage as NoticeRow['language'],
    agency_code: rest.agency ?? null,
    dispatch_id: rest.dispatchId ?? null,
    consignment_id: rest.consignmentId ?? null,
    facts: cleanFacts({
      ...facts,
      ...(contact.agencyName === undefined ? {} : { agency: contact.agencyName }),
      ...(contact.post === undefined ? {} : { post: contact.post }),
    }),
    gather_ms: AT_ONCE.includes(kind) ? 0 : settings.noticeGatherMs,
    code,
  }
}

/** One line each, bounded: number and notation are the sender's words, and end in a mail's head. */
function cleanFacts(facts: NoticeFacts): Readonly<Record<string, string>> {
  const entries = Object.entries(facts) as [FactName, string][]
  return Object.fromEntries(
    entries.map(([name, value]) => [name, value.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, MAX_FACT)]),
  )
}
