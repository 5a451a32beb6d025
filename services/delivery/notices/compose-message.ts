import type { ClaimedNotice } from '../../../libs/store/index.ts'
import { fillText, type NoticeKind, type NoticeTemplates } from './templates.ts'

/** One message, made of one notice or of many to the same contact. */
export interface Message {
  /** Id of the claim: the same message always has the same. */
  readonly id: string
  readonly recipient: string
  readonly subject: string
  readonly text: string
}

type Notice = Pick<ClaimedNotice, 'claim_id' | 'kind' | 'recipient' | 'language' | 'facts' | 'made_at'>

/** Notices told one by one in a digest; of the others their number is told. */
const MAX_LINES = 200

/** The mail of one claim: a notice by itself, or several as a digest, oldest first. */
export function composeMail(notices: readonly Notice[], templates: NoticeTemplates): Message {
  const [first] = notices as [Notice]
  const frame = templates.frame[first.language]
  const texts = notices
    .toSorted((a, b) => a.made_at.getTime() - b.made_at.getTime())
    .map(({ kind, language, facts }) => fillText(templates.kinds[kind as NoticeKind][language].text, facts))
  const count = String(notices.length)
  const body =
    texts.length === 1
      ? texts
      : [
          fillText(frame.digestText, { count }),
          '',
          ...texts.slice(0, MAX_LINES).map((text) => `- ${text}`),
          ...(texts.length > MAX_LINES ? [fillText(frame.more, { count: String(texts.length - MAX_LINES) })] : []),
        ]
  const greeting =
    first.facts.agency === undefined ? frame.operators : fillText(frame.greeting, { post: frame.post, ...first.facts })
  return {
    id: first.claim_id,
    recipient: first.recipient,
    subject:
      notices.length === 1
        ? fillText(templates.kinds[first.kind as NoticeKind][first.language].subject, first.facts)
        : fillText(frame.digest, { count }),
    text: `${[greeting, '', ...body, '', frame.closing].join('\n')}\n`,
  }
}

/** The short message of one claim, without accents: with them it takes three times as many parts. */
export function composeShort(notices: readonly Notice[], templates: NoticeTemplates): Message {
  const [first] = notices as [Notice]
  const text =
    notices.length === 1
      ? fillText(templates.kinds[first.kind as NoticeKind][first.language].sms, first.facts)
      : fillText(templates.frame[first.language].sms, { count: String(notices.length) })
  return { id: first.claim_id, recipient: first.recipient, subject: '', text: withoutAccents(text) }
}

function withoutAccents(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').replaceAll('đ', 'd').replaceAll('Đ', 'D')
}
