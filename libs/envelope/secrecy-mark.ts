import { BusError } from '../errors/index.ts'
import type { Envelope } from '../model/index.ts'
import { boundMarks } from './bound-marks.ts'
import { DEFAULT_SECRECY_PATTERNS, type SecrecyField, type SecrecyPattern } from './secrecy-patterns.ts'

export interface SecrecyMark {
  readonly field: SecrecyField
  /** The pattern that was met; never the packet's own text. */
  readonly pattern: string
}

/** Characters of all file names together; a hundred names of the longest a file system takes are a tenth of it. */
const MAX_NAMES = 256 * 1024

/**
 * The first secrecy mark met in a packet, or `undefined`. State secrets must not travel on the axis (Decision 28/2018):
 * the caller refuses with LT_BUS_SECRECY_MARK and keeps no byte of the packet.
 * @throws BusError LT_ENV_TOO_LARGE when the file names are too long altogether
 */
export function findSecrecyMark(
  envelope: Envelope,
  attachmentNames: readonly string[],
  patterns: readonly SecrecyPattern[] = DEFAULT_SECRECY_PATTERNS,
): SecrecyMark | undefined {
  const texts: [SecrecyField, string][] = [
    ['subject', envelope.subject],
    ['content', envelope.content ?? ''],
    ['content', envelope.status?.description ?? ''],
    ['notation', envelope.notation],
  ]
  const mark = searchTexts(texts, prepare(patterns))
  return mark ?? findMarkInNames([...attachmentNames, ...envelope.attachments.map(({ name }) => name)], patterns)
}

/** The same for file names alone, each looked at once. @throws BusError LT_ENV_TOO_LARGE */
export function findMarkInNames(
  names: readonly string[],
  patterns: readonly SecrecyPattern[] = DEFAULT_SECRECY_PATTERNS,
): SecrecyMark | undefined {
  const different = [...new Set(names)]
  const length = different.reduce((sum, name) => sum + name.length, 0)
  if (length > MAX_NAMES) throw new BusError('LT_ENV_TOO_LARGE', { limit: MAX_NAMES, construct: 'AttachmentName' })
  return searchTexts(
    different.map((name) => ['fileName', withoutExtension(name)]),
    prepare(patterns),
  )
}

function searchTexts(
  texts: readonly (readonly [SecrecyField, string])[],
  prepared: readonly Prepared[],
): SecrecyMark | undefined {
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
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu
/** What is left of them after composition belongs to no letter of Vietnamese: strokes and dots laid over one. */
const LOOSE_MARKS = /\p{M}/gu

function clean(text: string): string {
  const whole = boundMarks(text.replace(INVISIBLE, '')).normalize('NFKC')
  return whole.replace(LOOSE_MARKS, '').replace(/\s+/g, ' ').trim()
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
    if (form === 'mark' && standsApart(found, words[at - 1], words[at + wanted.length], upper)) return true
  }
  return false
}

const OPENING = /[([{<«]\s?$/
const CLOSING = /^\s?[)\]}>»]/
const COLON = /^\s?:/
/** A dash inside a word ("BẢO-MẬT") cuts nothing off. */
const SEPARATOR = /[:–—|*]| -|- /
/** These also stand between the words of one name: "MẬT_KHẨU.pdf". */
const JOINT = /[_.]/
/** Words that make another word of "mật": password, cipher, honey, density; security, confidence, gall. */
const COMPOUND_AFTER: ReadonlySet<string> = new Set(
  'khẩu mã ong độ thư vụ thám danh lệnh ngữ nghị thiết hoa tông'.split(' '),
)
const COMPOUND_BEFORE: ReadonlySet<string> = new Set('bảo bí cơ túi sỏi gan ong đường mía nước trái thân'.split(' '))

function isBracketed(found: readonly Word[]): boolean {
  return OPENING.test((found[0] as Word).before) && CLOSING.test((found[found.length - 1] as Word).after)
}

function standsApart(
  found: readonly Word[],
  previous: Word | undefined,
  next: Word | undefined,
  upper: boolean,
): boolean {
  const before = (found[0] as Word).before
  const after = (found[found.length - 1] as Word).after
  if (!previous && (!next || COLON.test(after))) return true
  if (!upper || (previous && next)) return false
  const gap = next ? after : before
  if (SEPARATOR.test(gap)) return true
  return JOINT.test(gap) && !(next ? COMPOUND_AFTER.has(next.lower) : COMPOUND_BEFORE.has(previous?.lower ?? ''))
}

function withoutExtension(name: string): string {
  const dot = name.lastIndexOf('.')
  return dot > 0 ? name.slice(0, dot) : name
}
