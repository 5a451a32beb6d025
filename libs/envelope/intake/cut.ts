import { randomBytes } from 'node:crypto'
import type { Base64Fault } from './base64-decoder.ts'

/** One long text that was cut out of a packet. The token stands in its place in the skeleton, as the whole text of its element. */
export interface Cut {
  /** 40 letters and digits nobody could guess before the packet was sent. */
  readonly token: string
  /** The text in the packet as received: bytes `start` to `end` (exclusive), everything between start tag and end tag. */
  readonly start: number
  readonly end: number
  /** SHA-256 and length of what the Base64 decodes to. Of no meaning when `fault` is set, except for `trailing-bits`. */
  readonly decodedSha256: Buffer
  readonly decodedSize: number
  /** Why the text is not strict Base64 (RFC 4648 section 4, white space between characters allowed). */
  readonly fault?: Base64Fault
}

/** The whole text of an element that stayed in the skeleton and has the form of Base64. */
export interface ShortText {
  /** As in `Cut`. */
  readonly start: number
  readonly end: number
  /** Characters that are no white space. */
  readonly letters: number
}

/** What made a packet need the whole-tree path, in words fit for an error text. */
export type Construct = 'reference' | 'CDATA' | 'comment' | 'processing-instruction' | 'child-element' | 'not-Base64'

export interface Unusual {
  readonly construct: Construct
  /** Where it stands in the packet as received, to within a few bytes. */
  readonly offset: number
}

export interface ScanResult {
  /** The packet with a token in place of every cut text; empty when `unusual` is set. */
  readonly skeleton: Buffer
  /** In the order of the packet. */
  readonly cuts: readonly Cut[]
  /** Length of the packet in bytes. */
  readonly size: number
  /** In the order of the packet, a bounded number; absent when the packet was not cut while streaming. */
  readonly shortTexts?: readonly ShortText[]
  /** Set when the packet cannot be cut while streaming: give its bytes to `scanWhole`. */
  readonly unusual?: Unusual
}

/** A new token: random, so that no packet can hold it beforehand. */
export function newToken(): string {
  return `LTCUT${randomBytes(18).toString('hex').slice(0, 35)}`
}
