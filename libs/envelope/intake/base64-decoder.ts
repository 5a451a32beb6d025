import { classOf, DATA, findRun, OTHER, PAD, type Run, SPACE } from './base64-run.ts'

/**
 * `length`: characters left over or missing; `padding`: too much `=`; `data-after-padding`; `trailing-bits`: unused bits that
 * are not zero, so that other characters would decode to the same bytes.
 */
export type Base64Fault = 'length' | 'padding' | 'data-after-padding' | 'trailing-bits'

const PIECE = 64 * 1024
const VALUES = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Decodes Base64 with white space in it as it streams by, strictly. After a fault nothing more is decoded. */
export class Base64Decoder {
  readonly #sink: (bytes: Uint8Array) => void
  readonly #target = Buffer.allocUnsafeSlow(PIECE)
  readonly #run: Run = { end: 0, spaces: 0 }
  /** Up to three characters that wait for their group of four. */
  #carry = ''
  #padding = 0
  #fault: Base64Fault | undefined
  #size = 0

  /** `sink` gets decoded bytes that are only good during the call. */
  constructor(sink: (bytes: Uint8Array) => void) {
    this.#sink = sink
  }

  /** Number of bytes decoded so far. */
  get size(): number {
    return this.#size
  }

  /** Takes `bytes` from `from` to `to`; gives the index of the first byte that cannot stand in Base64 text, or `to`. */
  push(bytes: Buffer, from: number, to: number): number {
    const run = this.#run
    let at = from
    while (at < to) {
      if (this.#padding === 0 || this.#fault) {
        findRun(bytes, at, Math.min(to, at + PIECE - 4), run)
        if (!this.#fault) this.#decode(bytes, at, run.end, run.spaces)
        if (run.end > at) {
          at = run.end
          continue
        }
      }
      const kind = classOf[bytes[at] as number]
      if (kind === OTHER) return at
      if (kind === PAD) {
        this.#padding += 1
        if (this.#padding > 2) this.#fault ??= 'padding'
      } else if (kind === DATA) this.#fault ??= 'data-after-padding'
      at += 1
    }
    return at
  }

  /** Ends the text; what is wrong with it, if anything. */
  end(): Base64Fault | undefined {
    if (this.#fault) return this.#fault
    const { length } = this.#carry
    if (length + this.#padding !== (length === 0 ? 0 : 4) || length === 1)
      return this.#padding > 0 ? 'padding' : 'length'
    if (length === 0) return undefined
    const unused = VALUES.indexOf(this.#carry.charAt(length - 1)) & (length === 2 ? 0x0f : 0x03)
    this.#write(this.#carry, length - 1)
    return unused === 0 ? undefined : 'trailing-bits'
  }

  #decode(bytes: Buffer, from: number, to: number, spaces: number): void {
    const characters = this.#carry.length + to - from - spaces
    if (characters < 4) {
      this.#carry += significant(bytes, from, to)
      return
    }
    // The last one to three characters of an unfinished group wait for the next piece.
    let cut = to
    for (let rest = characters & 3; rest > 0; ) {
      cut -= 1
      if (classOf[bytes[cut] as number] === DATA) rest -= 1
    }
    const text = this.#carry + bytes.toString('latin1', from, cut)
    this.#carry = significant(bytes, cut, to)
    this.#write(text, (characters >>> 2) * 3)
  }

  #write(text: string, expected: number): void {
    const written = this.#target.write(text, 'base64')
    if (written !== expected) throw new Error(`Base64: ${written} bytes decoded where ${expected} were due`)
    this.#size += written
    this.#sink(this.#target.subarray(0, written))
  }
}

function significant(bytes: Buffer, from: number, to: number): string {
  let text = ''
  for (let at = from; at < to; at++) {
    if (classOf[bytes[at] as number] !== SPACE) text += String.fromCharCode(bytes[at] as number)
  }
  return text
}
