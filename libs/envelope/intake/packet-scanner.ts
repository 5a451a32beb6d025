import { BusError } from '../../errors/index.ts'
import { startOfXml } from '../recognise-start.ts'
import { classOf, OTHER, SPACE } from './base64-run.ts'
import type { Construct, Cut, ScanResult, ShortText, Unusual } from './cut.ts'
import { CutText } from './cut-text.ts'
import { Skeleton } from './skeleton.ts'
import {
  AMPERSAND,
  APOSTROPHE,
  BANG,
  BRACKET,
  DASH,
  GREATER,
  isNameStart,
  LESS,
  QUESTION,
  QUOTE,
  SLASH,
} from './xml-bytes.ts'

export interface ScanOptions {
  /** Base64 texts longer than this many bytes are cut out. Default 64 KB. */
  readonly cutOver?: number
  /** Most bytes that may be left after cutting. Default 4 MB: what the parser takes. */
  readonly maxSkeletonBytes?: number
  /** Most bytes of the packet as received. Default 50 MB. */
  readonly maxBytes?: number
  /** Most texts cut out of one packet. Default 100. */
  readonly maxCuts?: number
}

/** Real packets have a few dozen such texts, most of them codes; what is not noted is found by reading the packet again. */
const MAX_SHORT_TEXTS = 4096

/** Where the scanner stands. RUN: text right after a start tag, which may turn out long; CUT: one that has. */
type State =
  | 'text'
  | 'run'
  | 'cut'
  | 'markup'
  | 'tag'
  | 'double-quoted'
  | 'single-quoted'
  | 'end-tag'
  | 'instruction'
  | 'declaration'
  | 'comment'
  | 'cdata'
  | 'verbatim'

/**
 * Cuts long Base64 texts out of an edXML packet while it streams by, so that they never enter the tree. It follows XML's
 * tokens only; whether the packet is well-formed is found out when the skeleton is parsed, because a packet that misleads this
 * scanner is malformed at a place that is still in the skeleton.
 * @throws BusError LT_ENV_TOO_LARGE, LT_ENV_DTD, LT_ENV_ENCODING, LT_ENV_TOO_MANY_NODES from `push` and `end`; for large packets
 * that are no XML LT_ENV_DIALECT_2803, LT_ENV_DIALECT_SOAP, LT_ENV_JUNK_BEFORE_PROLOG
 */
export class PacketScanner {
  readonly #limits: Required<ScanOptions>
  #skeleton = new Skeleton()
  #cuts: Cut[] = []
  #size = 0
  #unusual: Unusual | undefined
  #state: State = 'text'
  #open: CutText | undefined
  /** First byte of the current chunk that is not yet in the skeleton. */
  #from = 0
  /** Offset in the packet of the current chunk's first byte. */
  #base = 0
  /** Repeats of `-`, `]`, `?` or `/` right before this byte. */
  #repeat = 0
  /** What followed `<!` so far. */
  #declaration = ''
  /** The run's first byte, in the packet. */
  #runStart = 0
  /** Length of the text since the last tag, and the first thing in it that keeps it from being cut. */
  #textLength = 0
  #textConstruct: Unusual | undefined
  #culprit: Unusual | undefined
  /** Where a run ended right before a `<`, in the packet, and its characters without white space. */
  #runEnd = -1
  #runLetters = 0
  #shortTexts: ShortText[] = []

  constructor(options: ScanOptions = {}) {
    const { cutOver = 65536, maxSkeletonBytes = 4 << 20, maxBytes = 50 << 20, maxCuts = 100 } = options
    this.#limits = { cutOver, maxSkeletonBytes, maxBytes, maxCuts }
  }

  /** Bytes of the packet that are held at the moment. */
  get heldBytes(): number {
    return this.#skeleton.length
  }

  /** Takes the next bytes; nothing of them is referred to afterwards. Chunks of up to 256 KB keep the event loop free. */
  push(chunk: Uint8Array): void {
    this.#base = this.#size
    this.#size += chunk.length
    if (this.#size > this.#limits.maxBytes) {
      throw new BusError('LT_ENV_TOO_LARGE', { limit: this.#limits.maxBytes, construct: 'packet' })
    }
    if (this.#unusual) return
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    this.#from = 0
    for (let at = 0; at < bytes.length && !this.#unusual; ) at = this.#step(bytes, at)
    if (this.#unusual) return
    if (this.#state !== 'cut') this.#keep(bytes, bytes.length)
  }

  /** No more bytes. */
  end(): ScanResult {
    this.#noteText()
    if (!this.#unusual && this.#skeleton.length > this.#limits.maxSkeletonBytes) this.#overflow()
    if (this.#unusual) return { skeleton: Buffer.alloc(0), cuts: [], size: this.#size, unusual: this.#unusual }
    return {
      skeleton: this.#skeleton.take(),
      cuts: this.#cuts,
      size: this.#size,
      shortTexts: this.#shortTexts,
    }
  }

  /** Goes on from `at` in the present state; gives where it stopped. */
  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case 'text':
        return this.#text(bytes, at)
      case 'run':
        return this.#run(bytes, at)
      case 'cut':
        return this.#cut(bytes, at)
      case 'markup':
        return this.#markup(bytes[at] as number, at)
      case 'tag':
        return this.#tag(bytes, at)
      case 'double-quoted':
        return this.#until(bytes, at, QUOTE, 'tag')
      case 'single-quoted':
        return this.#until(bytes, at, APOSTROPHE, 'tag')
      case 'end-tag':
        return this.#until(bytes, at, GREATER, 'text')
      case 'instruction':
        return this.#untilRepeated(bytes, at, QUESTION, 1)
      case 'comment':
        return this.#untilRepeated(bytes, at, DASH, 2)
      case 'cdata':
        return this.#untilRepeated(bytes, at, BRACKET, 2)
      case 'declaration':
        return this.#declare(bytes[at] as number, at)
      case 'verbatim':
        return bytes.length
    }
  }

  #text(bytes: Buffer, from: number): number {
    let at = from
    for (; at < bytes.length; at++) {
      const byte = bytes[at]
      if (byte === LESS) break
      if (byte === AMPERSAND) this.#noteConstruct('reference', at)
    }
    this.#textLength += at - from
    return at < bytes.length ? this.#enter('markup', at + 1) : at
  }

  #run(bytes: Buffer, from: number): number {
    const last = Math.min(bytes.length, from + this.#limits.cutOver + 1 - this.#textLength)
    let at = from
    for (; at < last; at++) {
      const kind = classOf[bytes[at] as number]
      if (kind === OTHER) break
      if (kind !== SPACE) this.#runLetters += 1
    }
    this.#textLength += at - from
    if (at < last) {
      this.#state = 'text'
      if (bytes[at] === LESS) this.#runEnd = this.#base + at
    } else if (this.#textLength > this.#limits.cutOver) {
      if (this.#runLetters > 0) this.#startCut(bytes, at)
      else this.#state = 'text'
    }
    return at
  }

  #startCut(bytes: Buffer, at: number): void {
    if (this.#cuts.length === this.#limits.maxCuts) {
      throw new BusError('LT_ENV_TOO_MANY_NODES', { what: 'attachments', limit: this.#limits.maxCuts })
    }
    this.#keep(bytes, at)
    if (this.#unusual) return
    this.#open = new CutText()
    const head = this.#skeleton.cutBack(this.#skeleton.length - this.#textLength)
    this.#open.push(head, 0, head.length)
    const token = Buffer.from(this.#open.token)
    this.#skeleton.append(token, 0, token.length)
    this.#state = 'cut'
  }

  #cut(bytes: Buffer, from: number): number {
    const at = (this.#open as CutText).push(bytes, from, bytes.length)
    if (at === bytes.length) return at
    const byte = bytes[at]
    if (byte !== LESS) return this.#giveUp(byte === AMPERSAND ? 'reference' : 'not-Base64', at)
    this.#from = at
    return this.#enter('markup', at + 1)
  }

  /** The byte after `<`. */
  #markup(byte: number, at: number): number {
    if (byte === BANG) {
      this.#declaration = ''
      return this.#enter('declaration', at + 1)
    }
    if (byte === QUESTION) return this.#enter('instruction', at + 1, 'processing-instruction')
    this.#noteText()
    if (byte === SLASH) {
      // The text ended at the `<`, one byte before `at`.
      if (this.#open) this.#cuts.push(this.#open.finish(this.#runStart, this.#base + at - 1))
      else this.#noteShort(this.#base + at - 1)
      this.#open = undefined
      return this.#enter('end-tag', at + 1)
    }
    if (byte === 0) throw new BusError('LT_ENV_ENCODING', { encoding: 'UTF-16' })
    const named = isNameStart(byte)
    if (this.#open) return this.#giveUp(named ? 'child-element' : 'not-Base64', at)
    return this.#enter(named ? 'tag' : 'verbatim', at)
  }

  /** The whole text of an element ends at `end`: it is worth noting when it may be Base64. */
  #noteShort(end: number): void {
    const letters = this.#runLetters
    if (this.#runEnd !== end || letters === 0 || letters % 4 !== 0) return
    if (this.#shortTexts.length < MAX_SHORT_TEXTS) this.#shortTexts.push({ start: this.#runStart, end, letters })
  }

  #tag(bytes: Buffer, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at]
      if (byte === QUOTE) return this.#enter('double-quoted', at + 1)
      if (byte === APOSTROPHE) return this.#enter('single-quoted', at + 1)
      if (byte === GREATER) return this.#afterStartTag(at)
      this.#repeat = byte === SLASH ? 1 : 0
    }
    return bytes.length
  }

  #afterStartTag(at: number): number {
    if (this.#repeat === 1) return this.#enter('text', at + 1)
    this.#runStart = this.#base + at + 1
    this.#runLetters = 0
    this.#runEnd = -1
    return this.#enter('run', at + 1)
  }

  #declare(byte: number, at: number): number {
    this.#declaration += String.fromCharCode(byte)
    if (this.#declaration === '--') return this.#enter('comment', at + 1, 'comment')
    if (this.#declaration === '[CDATA[') return this.#enter('cdata', at + 1, 'CDATA')
    if (/^d/i.test(this.#declaration)) throw new BusError('LT_ENV_DTD')
    if ('--'.startsWith(this.#declaration) || '[CDATA['.startsWith(this.#declaration)) return at + 1
    return this.#open ? this.#giveUp('not-Base64', at) : this.#enter('verbatim', at + 1)
  }

  #until(bytes: Buffer, from: number, byte: number, next: State): number {
    const at = bytes.indexOf(byte, from)
    return at < 0 ? bytes.length : this.#enter(next, at + 1)
  }

  /** Ends at `>` after at least `times` times `byte`. */
  #untilRepeated(bytes: Buffer, from: number, byte: number, times: number): number {
    for (let at = from; at < bytes.length; at++) {
      if (bytes[at] === GREATER && this.#repeat >= times) {
        if (this.#state === 'cdata') this.#textLength += at - from
        return this.#enter('text', at + 1)
      }
      this.#repeat = bytes[at] === byte ? this.#repeat + 1 : 0
    }
    if (this.#state === 'cdata') this.#textLength += bytes.length - from
    return bytes.length
  }

  /** Changes state. `construct` is what begins here when it is something that must not stand in a text that is cut. */
  #enter(state: State, at: number, construct?: Construct): number {
    if (construct && this.#open) return this.#giveUp(construct, at)
    if (construct) this.#noteConstruct(construct, at)
    this.#state = state
    this.#repeat = 0
    return at
  }

  #noteConstruct(construct: Construct, at: number): void {
    this.#textConstruct ??= { construct, offset: this.#base + at }
  }

  /** At every tag: a text that could not be cut and is long is why the skeleton may turn out too large. */
  #noteText(): void {
    if (this.#textConstruct && this.#textLength > this.#limits.cutOver) this.#culprit ??= this.#textConstruct
    this.#textLength = 0
    this.#textConstruct = undefined
  }

  #keep(bytes: Buffer, to: number): void {
    this.#skeleton.append(bytes, this.#from, to)
    this.#from = to
    const { maxSkeletonBytes, cutOver } = this.#limits
    // A run that may still be cut is in the skeleton for the time being.
    if (this.#skeleton.length > maxSkeletonBytes + cutOver) {
      if (this.#textConstruct && this.#textLength > cutOver) this.#culprit ??= this.#textConstruct
      this.#overflow()
    }
  }

  #overflow(): void {
    const limit = this.#limits.maxSkeletonBytes
    // What is no XML at all is named before its size is blamed.
    startOfXml(this.#skeleton.take())
    if (!this.#culprit) throw new BusError('LT_ENV_TOO_LARGE', { limit, construct: 'XML without attachments' })
    this.#leave(this.#culprit)
  }

  #giveUp(construct: Construct, at: number): number {
    this.#leave({ construct, offset: this.#base + at })
    return at
  }

  #leave(unusual: Unusual): void {
    this.#unusual = unusual
    this.#skeleton = new Skeleton()
    this.#cuts = []
    this.#open = undefined
  }
}
