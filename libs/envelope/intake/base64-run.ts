/** What a byte is inside a Base64 text. */
export const DATA = 0
export const SPACE = 1
export const PAD = 2
export const OTHER = 3

/** Class of each byte value: Base64 alphabet (RFC 4648 section 4), XML white space, `=`, anything else. */
export const classOf: Uint8Array = new Uint8Array(256).fill(OTHER)
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
  classOf[char.charCodeAt(0)] = DATA
for (const char of ' \t\r\n') classOf[char.charCodeAt(0)] = SPACE
classOf[0x3d] = PAD

const STOP = 8192
/** Per pair of bytes: how many are white space, plus STOP when one is neither alphabet nor white space. Two bytes a step is what makes the scan fast. */
const pairs = new Uint16Array(65536)
for (let pair = 0; pair < 65536; pair++) {
  const low = classOf[pair & 255] as number
  const high = classOf[pair >>> 8] as number
  pairs[pair] = low > SPACE || high > SPACE ? STOP : low + high
}

/** In bytes; the number of white space characters in one block must stay under STOP. */
const BLOCK = 4096
/** Below this a view over the bytes costs more than it saves. */
const SHORT = 64

/** A stretch of alphabet and white space. */
export interface Run {
  /** The first byte that is neither, or the end of what was looked at. */
  end: number
  spaces: number
}

/** Finds how far alphabet and white space go in `bytes` from `from`, at most to `to`, and counts the white space. */
export function findRun(bytes: Uint8Array, from: number, to: number, run: Run): void {
  run.spaces = 0
  if (to - from < SHORT) {
    findByBytes(bytes, from, to, run)
    return
  }
  const aligned = from + ((4 - ((bytes.byteOffset + from) & 3)) & 3)
  let at = findByBytes(bytes, from, aligned, run)
  if (at < aligned) return
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + at, (to - at) >>> 2)
  for (let word = 0; word < words.length; ) {
    const last = Math.min(words.length, word + BLOCK / 4)
    const sum = sumOf(words, word, last)
    if (sum >= STOP) {
      findByBytes(bytes, at, to, run)
      return
    }
    run.spaces += sum
    at += (last - word) * 4
    word = last
  }
  findByBytes(bytes, at, to, run)
}

function sumOf(words: Uint32Array, from: number, to: number): number {
  let sum = 0
  for (let at = from; at < to; at++) {
    const word = (words[at] as number) | 0
    sum += (pairs[word & 0xffff] as number) + (pairs[word >>> 16] as number)
  }
  return sum
}

function findByBytes(bytes: Uint8Array, from: number, to: number, run: Run): number {
  let at = from
  for (; at < to; at++) {
    const kind = classOf[bytes[at] as number] as number
    if (kind > SPACE) break
    run.spaces += kind
  }
  run.end = at
  return at
}
