import { BusError } from '../../errors/index.ts'
import { Base64Decoder } from './base64-decoder.ts'
import { ElementText } from './element-text.ts'

const PIECE = 64 * 1024

async function* piecesOf(read: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of read) {
    for (let at = 0; at < chunk.length; at += PIECE) {
      yield Buffer.from(chunk.buffer, chunk.byteOffset + at, Math.min(PIECE, chunk.length - at))
    }
  }
}

/**
 * The canonical form of a cut text, to be put in its token's place in the canonical form of the skeleton. `read` gives the
 * packet's bytes from the cut's `start` to its `end`. Chunks without line ends to change are passed on, not copied.
 */
export async function* canonicalText(read: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const text = new ElementText(true)
  for await (const piece of piecesOf(read)) {
    const bytes = text.push(piece)
    if (bytes.length > 0) yield bytes
  }
  text.end()
}

/**
 * The bytes a cut text stands for; `read` as for `canonicalText`, `name` is what errors call the attachment.
 * @throws BusError LT_ATT_BAD_BASE64 at the end or in the middle: nothing is known to be right before the last byte
 */
export async function* decodeCut(
  read: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const text = new ElementText(false)
  let decoded: Buffer[] = []
  const decoder = new Base64Decoder((bytes) => decoded.push(Buffer.from(bytes)))
  for await (const piece of piecesOf(read)) {
    const bytes = text.push(piece)
    if (decoder.push(bytes, 0, bytes.length) < bytes.length) throw new BusError('LT_ATT_BAD_BASE64', { name })
    yield* decoded
    decoded = []
  }
  text.end()
  if (decoder.end()) throw new BusError('LT_ATT_BAD_BASE64', { name })
  yield* decoded
}
