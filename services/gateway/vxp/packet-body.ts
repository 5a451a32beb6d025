import { createHash } from 'node:crypto'
import { decodeCut } from '../../../libs/envelope/index.ts'
import { BusError, isBusError } from '../../../libs/errors/index.ts'
import { sabotaged } from '../../../libs/runtime/index.ts'

/** Two bytes that every client writes after the packet: the end of a multipart form it never made. */
const TAIL = Buffer.from('\r\n')
/** Bytes by which a packet is told from Base64 text. */
const HEAD_BYTES = 64

/**
 * The packet in the body of a send, as it streams by: without the stray line end where the announced hash is that of the bytes before it,
 * with it where it is that of all of them; decoded where it came as Base64 text. The hash is judged at the end, before the last bytes go on.
 * @param announced SHA-256 in hex, each byte with or without its leading zero
 * @throws BusError LT_DOOR_HASH_MISMATCH, LT_ENV_NOT_EDXML (Base64 that is none)
 */
export async function* packetBody(
  body: AsyncIterable<Buffer>,
  announced: string,
): AsyncGenerator<Buffer, void, undefined> {
  const checked = withoutTail(body, announced)
  const head: Buffer[] = []
  let size = 0
  while (size < HEAD_BYTES) {
    const { done, value } = await checked.next()
    if (done) break
    head.push(value)
    size += value.length
  }
  const start = Buffer.concat(head)
  if (!isBase64(start)) {
    if (start.length > 0) yield start
    yield* checked
    return
  }
  try {
    for await (const bytes of decodeCut(joined(start, checked), '')) yield Buffer.from(bytes)
  } catch (error) {
    if (isBusError(error, 'LT_ATT_BAD_BASE64')) throw new BusError('LT_ENV_NOT_EDXML', {}, { cause: error })
    throw error
  }
}

async function* joined(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  yield first
  yield* rest
}

/** Neither XML nor MIME (`--`, `Content-`): all of it could stand in Base64 text. */
function isBase64(head: Buffer): boolean {
  const text = head.subarray(0, HEAD_BYTES).toString('latin1')
  return /^[A-Za-z0-9+/=\s]+$/.test(text) && text.trim() !== ''
}

async function* withoutTail(body: AsyncIterable<Buffer>, announced: string): AsyncGenerator<Buffer, void, undefined> {
  const hash = createHash('sha256')
  let kept: Buffer = Buffer.alloc(0)
  for await (const chunk of body) {
    const all = kept.length === 0 ? chunk : Buffer.concat([kept, chunk])
    const cut = Math.max(0, all.length - TAIL.length)
    kept = Buffer.from(all.subarray(cut))
    if (cut === 0) continue
    const passed = all.subarray(0, cut)
    hash.update(passed)
    yield passed
  }
  const whole = hash.copy().update(kept).digest()
  if (kept.equals(TAIL) && isHash(announced, hash.digest()) && !sabotaged('kept-line-end')) return
  if (!isHash(announced, whole)) throw new BusError('LT_DOOR_HASH_MISMATCH')
  if (kept.length > 0) yield kept
}

/** The clients write each byte of a hash without its leading zero. */
export function isHash(announced: string, digest: Buffer): boolean {
  const said = announced.trim().toLowerCase()
  return said === digest.toString('hex') || said === [...digest].map((byte) => byte.toString(16)).join('')
}
