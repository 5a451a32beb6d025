import { decodeUtf8, unreadable } from './decode-utf8.ts'

export interface CsvRecord {
  /** Line of the file on which it begins, from 1. */
  readonly line: number
  readonly fields: readonly string[]
}

const MAX_FIELD = 10_000
const MAX_FIELDS = 64
const QUOTE = 0x22
const COMMA = 0x2c
const LF = 0x0a
const CR = 0x0d

type State = 'start' | 'plain' | 'quoted' | 'quote' | 'return'

/**
 * Reads CSV as RFC 4180 defines it: commas, double quotes doubled inside quotes, lines ended by CRLF (or LF alone). Empty lines
 * are passed over. Streams; holds one record. @throws BusError LT_REG_IMPORT_UNREADABLE naming the line
 */
export async function* readCsv(source: AsyncIterable<Uint8Array>): AsyncGenerator<CsvRecord> {
  let state = 'start' as State
  let fields: string[] = []
  let field = ''
  let line = 1
  let begun = 1

  const endField = (rest: string): void => {
    const whole = field + rest
    if (whole.length > MAX_FIELD || fields.length === MAX_FIELDS) throw unreadable(line, 'LENGTH')
    fields.push(whole)
    field = ''
  }
  const take = (): CsvRecord | undefined => {
    const record = { line: begun, fields }
    fields = []
    state = 'start'
    begun = line
    return record.fields.length === 1 && record.fields[0] === '' ? undefined : record
  }

  for await (const text of decodeUtf8(source)) {
    let from = 0
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i)
      if (c === LF) line++
      if (state === 'quoted') {
        if (c !== QUOTE) continue
        field += text.slice(from, i)
        state = 'quote'
        continue
      }
      if (state === 'quote' && c === QUOTE) {
        from = i
        state = 'quoted'
        continue
      }
      if (state === 'start' && c === QUOTE) {
        from = i + 1
        state = 'quoted'
        continue
      }
      if (state === 'return' && c !== LF) throw unreadable(line, 'CR')
      if (c === COMMA || c === CR || c === LF) {
        if (state !== 'return') endField(state === 'plain' ? text.slice(from, i) : '')
        if (c === LF) {
          const record = take()
          if (record) yield record
        } else state = c === CR ? 'return' : 'start'
        continue
      }
      if (state === 'quote' || c === QUOTE) throw unreadable(line, 'QUOTE')
      if (state === 'start') {
        from = i
        state = 'plain'
      }
    }
    if (state === 'plain' || state === 'quoted') field += text.slice(from)
    if (field.length > MAX_FIELD) throw unreadable(line, 'LENGTH')
  }
  if (state === 'quoted') throw unreadable(begun, 'QUOTE')
  if (state === 'return') throw unreadable(line, 'CR')
  if (state === 'start' && fields.length === 0) return
  endField('')
  const record = take()
  if (record) yield record
}
