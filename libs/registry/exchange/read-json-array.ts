import { decodeUtf8, unreadable } from './decode-utf8.ts'

export interface JsonElement {
  /** Line of the file on which it begins, from 1. */
  readonly line: number
  readonly value: unknown
}

const MAX_ELEMENT = 100_000

/** Where the reader stands between elements; inside one it counts brackets. */
type Place = 'before' | 'first' | 'element' | 'after' | 'next' | 'end'

/**
 * Reads the objects of one JSON array (RFC 8259) one by one, however it is laid out. Streams; holds one element.
 * @throws BusError LT_REG_IMPORT_UNREADABLE naming the line
 */
export async function* readJsonArray(source: AsyncIterable<Uint8Array>): AsyncGenerator<JsonElement> {
  let place = 'before' as Place
  let line = 1
  let begun = 1
  let element = ''
  let depth = 0
  let inString = false
  let escaped = false

  for await (const text of decodeUtf8(source)) {
    let from = 0
    for (let i = 0; i < text.length; i++) {
      const c = text[i] as string
      if (c === '\n') line++
      if (place !== 'element') {
        if (c === ' ' || c === '\t' || c === '\r' || c === '\n') continue
        if (c === '{' && (place === 'first' || place === 'next')) {
          place = 'element'
          begun = line
          from = i
          depth = 1
        } else place = step(place, c, line)
        continue
      }
      if (inString) {
        if (escaped) escaped = false
        else if (c === '\\') escaped = true
        else if (c === '"') inString = false
        continue
      }
      if (c === '"') inString = true
      else if (c === '{' || c === '[') depth++
      else if ((c === '}' || c === ']') && --depth === 0) {
        yield { line: begun, value: parse(element + text.slice(from, i + 1), begun) }
        element = ''
        place = 'after'
      }
    }
    if (place === 'element') element += text.slice(from)
    if (element.length > MAX_ELEMENT) throw unreadable(begun, 'LENGTH')
  }
  if (place !== 'end') throw unreadable(line, 'JSON')
}

function step(place: Place, c: string, line: number): Place {
  if (place === 'before' && c === '[') return 'first'
  if (place === 'after' && c === ',') return 'next'
  if ((place === 'first' || place === 'after') && c === ']') return 'end'
  throw unreadable(line, 'JSON')
}

function parse(text: string, line: number): unknown {
  if (text.length > MAX_ELEMENT) throw unreadable(line, 'LENGTH')
  try {
    return JSON.parse(text)
  } catch {
    throw unreadable(line, 'JSON')
  }
}
