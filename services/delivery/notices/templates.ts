import { readFile } from 'node:fs/promises'
import { BusError } from '../../../libs/errors/index.ts'

export const NOTICE_KINDS = [
  'sent-late',
  'urgent-waiting',
  'same-day-receipt',
  'uncollected',
  'expired',
  'due-soon',
  'overdue',
  'due-escalated',
  'system-silent',
  'system-back',
] as const
export type NoticeKind = (typeof NOTICE_KINDS)[number]
export type NoticeLanguage = 'vi' | 'en'

/**
 * What a notice may say: numbers, names of agencies and posts, dates and counts. Never a subject, content or a name of a person: mail
 * leaves the house unprotected. The table `notice` refuses facts of any other name.
 */
export const FACT_NAMES = [
  'post',
  'agency',
  'sender',
  'receiver',
  'number',
  'notation',
  'date',
  'deadline',
  'since',
  'days',
  'minutes',
  'system',
] as const
export type FactName = (typeof FACT_NAMES)[number]
export type NoticeFacts = Readonly<Partial<Record<FactName, string>>>

const PLACEHOLDERS: ReadonlySet<string> = new Set([...FACT_NAMES, 'count'])
const FRAME_TEXTS = ['greeting', 'operators', 'post', 'digest', 'digestText', 'more', 'closing', 'sms'] as const
const KIND_TEXTS = ['subject', 'text', 'sms'] as const

type Texts<N extends string> = Readonly<Record<NoticeLanguage, Readonly<Record<N, string>>>>

export interface NoticeTemplates {
  readonly frame: Texts<(typeof FRAME_TEXTS)[number]>
  readonly kinds: Readonly<Record<NoticeKind, Texts<(typeof KIND_TEXTS)[number]>>>
}

const SHIPPED = new URL('../../../schemas/data/notice-templates.json', import.meta.url)

/** Reads the shipped texts, or an operator's. @throws BusError LT_CONF_FILE_UNREADABLE, LT_CONF_INVALID */
export async function loadTemplates(path?: string): Promise<NoticeTemplates> {
  try {
    return checkTemplates(JSON.parse(await readFile(path ?? SHIPPED, 'utf8')))
  } catch (cause) {
    if (cause instanceof BusError) throw cause
    throw new BusError('LT_CONF_FILE_UNREADABLE', { path: path ?? SHIPPED.pathname }, { cause })
  }
}

/** Every text there, in both languages, with allowed placeholders only. @throws BusError LT_CONF_INVALID with every problem */
export function checkTemplates(value: unknown): NoticeTemplates {
  const { frame, kinds } = (value ?? {}) as { frame?: unknown; kinds?: Record<string, unknown> }
  const problems = [
    ...problemsOf('frame', frame, FRAME_TEXTS),
    ...NOTICE_KINDS.flatMap((kind) => problemsOf(kind, kinds?.[kind], KIND_TEXTS)),
  ]
  if (problems.length > 0) throw new BusError('LT_CONF_INVALID', { problems: problems.slice(0, 20).join('\n  ') })
  return value as NoticeTemplates
}

function problemsOf(where: string, value: unknown, names: readonly string[]): string[] {
  return (['vi', 'en'] as const).flatMap((language) =>
    names.flatMap((name) => {
      const text = (value as Record<string, Record<string, unknown> | undefined> | undefined)?.[language]?.[name]
      const at = `notice template ${where}.${language}.${name}`
      if (typeof text !== 'string' || text === '') return [`${at} is missing`]
      return [...text.matchAll(/\{([^}]*)\}/g)]
        .filter(([, placeholder]) => !PLACEHOLDERS.has(placeholder ?? ''))
        .map(([whole]) => `${at}: ${whole} is not allowed`)
    }),
  )
}

/** Fills the placeholders of a text; what is not known is left out. */
export function fillText(text: string, facts: Readonly<Record<string, string | undefined>>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => facts[name] ?? '')
}
