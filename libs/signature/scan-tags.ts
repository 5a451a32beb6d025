/** One tag of a well-formed document, by byte offsets. */
export interface Tag {
  readonly kind: 'open' | 'close' | 'empty'
  /** Name as written, prefix included. */
  readonly name: string
  readonly start: number
  /** Offset after the closing `>`. */
  readonly end: number
  /** The root element's tags have depth 1. */
  readonly depth: number
}

/** The tags of a document that a parser has already found well-formed and free of a DOCTYPE, in order, with their places. */
export function* scanTags(bytes: Buffer): Generator<Tag> {
  let depth = 0
  for (let at = bytes.indexOf('<'); at >= 0; ) {
    const end = endOfMarkup(bytes, at)
    const mark = bytes[at + 1]
    if (mark === 0x2f) {
      yield { kind: 'close', name: nameAt(bytes, at + 2), start: at, end, depth }
      depth -= 1
    } else if (mark !== 0x21 && mark !== 0x3f) {
      const empty = bytes[end - 2] === 0x2f
      yield { kind: empty ? 'empty' : 'open', name: nameAt(bytes, at + 1), start: at, end, depth: depth + 1 }
      if (!empty) depth += 1
    }
    at = bytes.indexOf('<', end)
  }
}

/** Name without prefix. */
export function localPart(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}

function nameAt(bytes: Buffer, at: number): string {
  let end = at
  while (end < bytes.length && !isNameEnd(bytes[end] as number)) end += 1
  return bytes.toString('utf8', at, end)
}

function isNameEnd(byte: number): boolean {
  return byte <= 0x20 || byte === 0x3e || byte === 0x2f
}

function endOfMarkup(bytes: Buffer, at: number): number {
  const head = bytes.toString('latin1', at, at + 9)
  if (head.startsWith('<!--')) return after(bytes, '-->', at + 4)
  if (head === '<![CDATA[') return after(bytes, ']]>', at + 9)
  if (head.startsWith('<?')) return after(bytes, '?>', at + 2)
  let quote = 0
  for (let i = at + 1; i < bytes.length; i += 1) {
    const byte = bytes[i] as number
    if (quote) {
      if (byte === quote) quote = 0
    } else if (byte === 0x22 || byte === 0x27) quote = byte
    else if (byte === 0x3e) return i + 1
  }
  return bytes.length
}

function after(bytes: Buffer, mark: string, from: number): number {
  const at = bytes.indexOf(mark, from, 'latin1')
  return at < 0 ? bytes.length : at + mark.length
}
