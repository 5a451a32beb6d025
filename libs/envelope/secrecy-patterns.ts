import { BusError } from '../errors/index.ts'

const FIELDS = ['subject', 'content', 'notation', 'fileName'] as const
const FORMS = ['phrase', 'upper', 'bracketed', 'mark', 'suffix'] as const

export type SecrecyField = (typeof FIELDS)[number]

/**
 * How a secrecy mark is looked for. Patterns are words, not regular expressions, so that no pattern and no text can make
 * the search slow.
 * `phrase`: the words stand together anywhere, in any case. `upper`: the same, written in capitals.
 * `bracketed`: the words fill a pair of brackets. `mark`: the same, or they are the whole text, or stand at its beginning
 * or end in capitals, cut off by a colon, full stop, underscore or a dash between spaces.
 * `suffix`: the text ends with it, in any case.
 */
export interface SecrecyPattern {
  readonly fields: readonly SecrecyField[]
  readonly form: (typeof FORMS)[number]
  readonly text: string
}

const TEXTS = ['subject', 'content', 'fileName'] as const

/** The marks of the Law on Protection of State Secrets (mật, tối mật, tuyệt mật) as they are stamped and typed. */
export const DEFAULT_SECRECY_PATTERNS: readonly SecrecyPattern[] = [
  { fields: FIELDS, form: 'phrase', text: 'tuyệt mật' },
  { fields: FIELDS, form: 'phrase', text: 'tối mật' },
  { fields: TEXTS, form: 'upper', text: 'ĐỘ MẬT' },
  { fields: TEXTS, form: 'phrase', text: 'độ mật mật' },
  { fields: TEXTS, form: 'upper', text: 'TUYET MAT' },
  { fields: TEXTS, form: 'upper', text: 'TOI MAT' },
  { fields: FIELDS, form: 'mark', text: 'mật' },
  // Without accents the word also begins "mặt trận" and ends "bảo mật": only brackets make it a mark.
  { fields: TEXTS, form: 'bracketed', text: 'mat' },
  { fields: TEXTS, form: 'bracketed', text: 'tuyet mat' },
  { fields: TEXTS, form: 'bracketed', text: 'toi mat' },
  { fields: ['notation'], form: 'bracketed', text: 'tm' },
  { fields: ['notation'], form: 'suffix', text: '-TM' },
  { fields: ['notation'], form: 'suffix', text: '-MẬT' },
  { fields: ['notation'], form: 'suffix', text: '/MẬT' },
]

/** Patterns as settings hold them: `form:field+field:text`. */
export function writeSecrecyPatterns(patterns: readonly SecrecyPattern[]): string[] {
  return patterns.map(({ fields, form, text }) => `${form}:${fields.join('+')}:${text}`)
}

/** @throws BusError LT_CONF_INVALID for an item that is not `form:field+field:text` */
export function readSecrecyPatterns(items: readonly string[]): SecrecyPattern[] {
  return items.map((item) => {
    const [written = '', names = '', ...rest] = item.split(':')
    const form = FORMS.find((each) => each === written)
    const fields = names.split('+').map((name) => FIELDS.find((each) => each === name))
    const text = rest.join(':')
    if (!form || text.trim() === '' || fields.includes(undefined)) {
      throw new BusError('LT_CONF_INVALID', { problems: `secrecy pattern "${item.slice(0, 80)}"` })
    }
    return { fields: fields as SecrecyField[], form, text }
  })
}
