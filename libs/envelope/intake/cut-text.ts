import { createHash } from 'node:crypto'
import { Base64Decoder } from './base64-decoder.ts'
import { type Cut, newToken } from './cut.ts'

/** A text that is being cut: decoded and hashed as it goes by, never held. */
export class CutText {
  readonly token = newToken()
  readonly #hash = createHash('sha256')
  readonly #decoder = new Base64Decoder((decoded) => this.#hash.update(decoded))

  /** Takes `bytes` from `from` to `to`; gives the index of the first byte that cannot stand in Base64 text, or `to`. */
  push(bytes: Buffer, from: number, to: number): number {
    return this.#decoder.push(bytes, from, to)
  }

  /** The whole text lay in the packet from `start` to `end` (exclusive). */
  finish(start: number, end: number): Cut {
    const fault = this.#decoder.end()
    const cut = { token: this.token, start, end, decodedSha256: this.#hash.digest(), decodedSize: this.#decoder.size }
    return fault ? { ...cut, fault } : cut
  }
}
