import type { Envelope } from '../model/index.ts'

export type SecrecyField = 'subject' | 'content' | 'notation' | 'fileName'

/**
 * How a secrecy mark is looked for. Patterns are words, not regular expressions, so that no pattern and no text can make
 * the search slow.
 * `phrase`: the words stand together anywhere, in any case. `upper`: the same, written in capitals.
 * `bracketed`: the words fill a pair of brackets. `mark`: the same, or they are the whole text, or stand at its beginning
 * or end in capitals, cut off by `:` or a dash between spaces.
 * `suffix`: the text ends with it, in any case.
 */
export interface SecrecyPattern {
  readonly fields: readonly SecrecyField[]
  readonly form: 'phrase' | 'upper' | 'bracketed' | 'mark' | 'suffix'
  readonly text: string
}

export interface SecrecyMark {
  readonly field: SecrecyField
  /** The pattern that was met; never the packet's own text. */
  readonly pattern: string
}

const TEXTS = ['subject', 'content', 'fileName'] as const
const ALL = ['subject', 'content', 'notation', 'fileName'] as const

/** The marks of the Law on Protection of State Secrets (mật, tối mật, tuyệt mật) as they are stamped and typed. */
export const DEFAULT_SECRECY_PATTERNS: readonly SecrecyPattern[] = [
  { fields: ALL, form: 'phrase', text: 'tuyệt mật' },
  { fields: ALL, form: 'phrase', text: 'tối mật' },
  { fields: TEXTS, form: 'upper', text: 'ĐỘ MẬT' },
  { fields: TEXTS, form: 'phrase', text: 'độ mật mật' },
  { fields: TEXTS, form: 'upper', text: 'TUYET MAT' },
  { fields: TEXTS, form: 'upper', text: 'TOI MAT' },
  { fields: ALL, form: 'mark', text: 'mật' },
  // Without accents the word also begins "mặt trận" and ends "bảo mật": only brackets make it a mark.
  { fields: TEXTS, form: 'bracketed', text: 'mat' },
  { fields: TEXTS, form: 'bracketed', text: 'tuyet mat' },
  { fields: TEXTS, form: 'bracketed', text: 'toi mat' },
  { fields: ['notation'], form: 'bracketed', text: 'tm' },
  { fields: ['notation'], form: 'suffix', text: '-TM' },
  { fields: ['notation'], form: 'suffix', text: '-MẬT' },
  { fields: ['notation'], form: 'suffix', text: '/MẬT' },
]

/**
 * The first secrecy mark met in a packet, or `undefined`. State secrets must not travel on the axis (Decision 28/2018):
 * the caller refuses with LT_BUS_SECRECY_MARK and keeps no byte of the packet.
 */
export function findSecrecyMark(
  envelope: Envelope,
  attachmentNames: readonly string[],
  patterns: readonly SecrecyPattern[] = DEFAULT_SECRECY_PATTERNS,
): SecrecyMark | undefined {
  const texts: [SecrecyField, string][] = [
    ['subject', envelope.subject],
    ['content', envelope.content ?? ''],
    ['notation', envelope.notation],
    ...[...attachmentNames, ...envelope.attachments.map(({ name }) => name)].map((name): [SecrecyField, string] => [
      'fileName',
      withoutExtension(name),
    ]),
  ]
  const prepared = prepare(patterns)
  for (const [field, raw] of texts) {
    const text = clean(raw)
    const lower = text.toLowerCase()
    let words: readonly Word[] | undefined
    for (const { pattern, words: wanted, suffix } of prepared) {
      if (!pattern.fields.includes(field)) continue
      if (suffix !== undefined) {
        if (lower.endsWith(suffix)) return { field, pattern: pattern.text }
        continue
      }
      if (!lower.includes(wanted[0] as string)) continue
      words ??= readWords(text)
      if (isMet(pattern.form, words, wanted)) return { field, pattern: pattern.text }
    }
  }
  return undefined
}

interface Prepared {
  readonly pattern: SecrecyPattern
  readonly words: readonly string[]
  readonly suffix?: string
}

const preparedLists = new WeakMap<readonly SecrecyPattern[], readonly Prepared[]>()

function prepare(patterns: readonly SecrecyPattern[]): readonly Prepared[] {
  const known = preparedLists.get(patterns)
  if (known) return known
  const list = patterns.flatMap((pattern): Prepared[] => {
    const text = clean(pattern.text).toLowerCase()
    const words = text.match(WORD) ?? []
    if (pattern.form === 'suffix') return text === '' ? [] : [{ pattern, words, suffix: text }]
    return words.length === 0 ? [] : [{ pattern, words }]
  })
  preparedLists.set(patterns, list)
  return list
}

interface Word {
  readonly written: string
  readonly lower: string
  /** What stands between the previous word and this one. */
  readonly before: string
  readonly after: string
}

const WORD = /[\p{L}\p{N}]+/gu
/** Characters that show nothing and would break a word apart. */
const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/g

function clean(text: string): string {
  return text.replace(INVISIBLE, '').normalize('NFKC').replace(/\s+/g, ' ').trim()
}

function readWords(text: string): Word[] {
  const matches = [...text.matchAll(WORD)]
  const gaps = matches.map((match, index) => {
    const previous = matches[index - 1]
    return text.slice(previous ? previous.index + previous[0].length : 0, match.index)
  })
  const last = matches[matches.length - 1]
  gaps.push(last ? text.slice(last.index + last[0].length) : '')
  return matches.map((match, index) => ({
    written: match[0],
    lower: match[0].toLowerCase(),
    before: gaps[index] as string,
    after: gaps[index + 1] as string,
  }))
}

function isMet(form: SecrecyPattern['form'], words: readonly Word[], wanted: readonly string[]): boolean {
  for (let at = 0; at + wanted.length <= words.length; at += 1) {
    if (!wanted.every((word, index) => words[at + index]?.lower === word)) continue
    const found = words.slice(at, at + wanted.length)
    if (form === 'phrase') return true
    const upper = found.every((word) => word.written === word.written.toUpperCase())
    if (form === 'upper' ? upper : isBracketed(found)) return true
    if (form === 'mark' && standsApart(found, at === 0, at + wanted.length === words.length, upper)) return true
  }
  return false
}

const OPENING = /[([{<«]\s?$/
const CLOSING = /^\s?[)\]}>»]/
const COLON = /^\s?:/
/** A dash inside a word ("BẢO-MẬT") cuts nothing off. */
const SEPARATOR = /[:–—|*]| -|- /

function isBracketed(found: readonly Word[]): boolean {
  return OPENING.test((found[0] as Word).before) && CLOSING.test((found[found.length - 1] as Word).after)
}

function standsApart(found: readonly Word[], first: boolean, last: boolean, upper: boolean): boolean {
  const before = (found[0] as Word).before
  const after = (found[found.length - 1] as Word).after
  if ((first && last) || (first && COLON.test(after))) return true
  return upper && ((first && SEPARATOR.test(after)) || (last && SEPARATOR.test(before)))
}

function withoutExtension(name: string): string {
  const dot = name.lastIndexOf('.')
  return dot > 0 ? name.slice(0, dot) : name
}
