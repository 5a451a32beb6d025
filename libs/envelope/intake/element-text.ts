import { BusError } from '../../errors/index.ts'

const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
const ESCAPES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '\r': '&#xD;' }
const OPEN = '<![CDATA['
const CLOSE = ']]>'
const REFERENCE_MAX = 12
const LEADING_ZERO = /^&#x?0$/
const CR = 0x0d
const LF = 0x0a

/** Bytes that can mean more than themselves. */
const special = new Uint8Array(256)
for (const char of '\r\n&<>]') special[char.charCodeAt(0)] = 1

/**
 * Turns the bytes between a start tag and its end tag into the text they stand for: references resolved, CDATA unwrapped.
 * `canonical` writes it as Canonical XML does (2.3, text nodes), line ends as LF; otherwise it comes plain. A chunk that is its
 * own answer is given back as it came.
 */
export class ElementText {
  readonly #canonical: boolean
  /** A CR was the last byte as written: an LF now is the second half of one line end. */
  #afterReturn = false
  /** Begun and not yet ended: a reference from `&`, the opening of CDATA from `<`, its closing from `]`. */
  #pending = ''
  #inCdata = false

  constructor(canonical: boolean) {
    this.#canonical = canonical
  }

  push(chunk: Buffer): Buffer {
    const simple = this.#pending === '' && !this.#inCdata && !chunk.includes(0x26) && !chunk.includes(0x3c)
    if (!simple || (this.#canonical && chunk.includes(0x3e))) return this.#rewrite(chunk)
    if (!this.#canonical || (!this.#afterReturn && !chunk.includes(CR))) return chunk
    return this.#joinLineEnds(chunk)
  }

  /** No more bytes. */
  end(): void {
    if (this.#pending !== '' || this.#inCdata) throw broken()
  }

  #joinLineEnds(chunk: Buffer): Buffer {
    const out = Buffer.allocUnsafe(chunk.length)
    let length = 0
    let at = this.#afterReturn && chunk[0] === LF ? 1 : 0
    for (let end = chunk.indexOf(CR, at); end >= 0; end = chunk.indexOf(CR, at)) {
      length += chunk.copy(out, length, at, end)
      out[length++] = LF
      at = chunk[end + 1] === LF ? end + 2 : end + 1
    }
    length += chunk.copy(out, length, at)
    this.#afterReturn = chunk[chunk.length - 1] === CR
    return out.subarray(0, length)
  }

  #rewrite(chunk: Buffer): Buffer {
    const out = new Output(chunk.length)
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number
      if (this.#pending === '' && special[byte] === 0) {
        this.#afterReturn = false
        out.byte(byte)
      } else this.#special(byte, out)
    }
    return out.take()
  }

  #special(byte: number, out: Output): void {
    const secondHalf = byte === LF && this.#afterReturn
    this.#afterReturn = byte === CR
    if (secondHalf) return
    const char = byte === CR ? '\n' : String.fromCharCode(byte)
    if (this.#inCdata) this.#cdata(char, out)
    else if (this.#pending !== '' || char === '&' || char === '<') this.#markup(char, out)
    else this.#character(char, out)
  }

  #character(char: string, out: Output): void {
    out.text((this.#canonical && ESCAPES[char]) || char, 'latin1')
  }

  #markup(char: string, out: Output): void {
    // A number may have any count of zeros in front (XML 1.0, 4.1).
    if (char === '0' && LEADING_ZERO.test(this.#pending)) return
    this.#pending += char
    if (this.#pending.startsWith('<')) {
      if (!OPEN.startsWith(this.#pending)) throw broken()
      if (this.#pending !== OPEN) return
      this.#inCdata = true
    } else {
      if (this.#pending.length > REFERENCE_MAX) throw broken()
      if (char !== ';') return
      const resolved = resolveReference(this.#pending.slice(1, -1))
      out.text(this.#canonical ? (ESCAPES[resolved] ?? resolved) : resolved, 'utf8')
    }
    this.#pending = ''
  }

  #cdata(char: string, out: Output): void {
    this.#pending += char
    while (this.#pending !== '' && !CLOSE.startsWith(this.#pending)) {
      this.#character(this.#pending.charAt(0), out)
      this.#pending = this.#pending.slice(1)
    }
    if (this.#pending !== CLOSE) return
    this.#pending = ''
    this.#inCdata = false
  }
}

function resolveReference(name: string): string {
  if (Object.hasOwn(NAMED, name)) return NAMED[name] as string
  const [, hex, decimal] = /^#(?:x([0-9a-fA-F]+)|([0-9]+))$/.exec(name) ?? []
  const code = hex === undefined ? Number.parseInt(decimal ?? '', 10) : Number.parseInt(hex, 16)
  if (!(code > 0 && code <= 0x10ffff)) throw broken()
  return String.fromCodePoint(code)
}

const broken = (): BusError => new BusError('LT_ENV_CONTENT_MISPLACED')

/** Collects bytes; escapes make a text longer than it was, so it grows now and then. */
class Output {
  #bytes: Buffer
  #length = 0

  constructor(expected: number) {
    this.#bytes = Buffer.allocUnsafe(expected + 16)
  }

  byte(byte: number): void {
    if (this.#length === this.#bytes.length) this.#grow()
    this.#bytes[this.#length++] = byte
  }

  text(text: string, encoding: 'latin1' | 'utf8'): void {
    if (this.#length + text.length * 4 > this.#bytes.length) this.#grow()
    this.#length += this.#bytes.write(text, this.#length, encoding)
  }

  take(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  #grow(): void {
    const larger = Buffer.allocUnsafe(this.#bytes.length * 2)
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}
