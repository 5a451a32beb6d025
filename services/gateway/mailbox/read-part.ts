import { createHash } from 'node:crypto'
import { decodeBase64Strict, decodeCut, type ScanResult, scanWhole } from '../../../libs/envelope/index.ts'
import { BusError } from '../../../libs/errors/index.ts'
import { type ContentSource, readStoredPart } from '../../../libs/pipeline/index.ts'
import { sabotaged } from '../../../libs/runtime/index.ts'
import type { ContentPart } from '../../../libs/store/index.ts'
import { type PacketLimits, scanPacket } from '../admission/receive-parts.ts'
import type { Examiner } from '../examine/open-examiner.ts'

export interface PartSource extends ContentSource {
  readonly submission: { readonly limits: PacketLimits; readonly examiner: Pick<Examiner, 'room' | 'open'> }
}

/** All fetches that have to read a packet again share the room that one system has for its submissions. */
const OWNER = 'fetch'

/**
 * The bytes of one part: from its row, from its file, or, for an attachment inside a packet, decoded on the way out.
 * @throws BusError LT_STORE_CONTENT_MISSING; LT_SUB_BUSY, LT_ENV_UNUSUAL_REFUSED when an unusual packet cannot be read again now
 */
export async function readPart(
  source: PartSource,
  dispatchId: string,
  all: readonly ContentPart[],
  part: ContentPart,
): Promise<Buffer | AsyncIterable<Uint8Array>> {
  if (part.path !== null) return readStoredPart(source, dispatchId, part)
  if (sabotaged('rewritten-packet'))
    return Buffer.from((await readRow(source, dispatchId)).toString().replaceAll('\n', '\r\n'))
  if (part.role !== 'attachment' || all[0]?.role === 'envelope') return readStoredPart(source, dispatchId, part)
  const packet = all[0] as ContentPart
  if (part.range_start !== null && part.range_end !== null) {
    const range = { start: part.range_start, end: part.range_end }
    const text =
      packet.path === null ? rangeOf(await readRow(source, dispatchId), range) : source.blobs.read(packet.path, range)
    return decodeCut(text, part.name ?? '')
  }
  const { path } = packet
  if (path !== null) return readShort(() => source.blobs.read(path), part, source.submission)
  const row = await readRow(source, dispatchId)
  return readShort(() => rangeOf(row, { start: 0, end: row.length }), part, source.submission)
}

const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest()

const readRow = (source: ContentSource, dispatchId: string): Promise<Buffer> =>
  readStoredPart(source, dispatchId, { ordinal: 0, path: null }) as Promise<Buffer>

async function* rangeOf(
  bytes: Buffer,
  { start, end }: { start: number; end: number },
): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes.subarray(start, end)
}

/**
 * A short attachment whose place is not known (its text has references or the like): the packet is read once more as on the way
 * in, long texts cut out, and where all packets are read.
 */
async function readShort(
  read: () => AsyncIterable<Uint8Array>,
  part: ContentPart,
  { limits, examiner }: PartSource['submission'],
): Promise<Buffer> {
  const { maxSkeletonBytes } = limits
  const room = examiner.room(OWNER)
  let scan: ScanResult
  try {
    const first = await scanPacket(read(), { maxPacketBytes: Number.MAX_SAFE_INTEGER, maxSkeletonBytes }, room)
    const { unusual } = first
    scan = unusual ? await scanWhole(read(), { ...first, unusual }, { maxSkeletonBytes, owner: OWNER }) : first
  } catch (error) {
    room[Symbol.dispose]()
    throw error
  }
  const tokens = scan.cuts.map(({ token }) => token)
  using opened = await examiner.open(scan.skeleton, tokens, room)
  for (const { text } of opened.inlineAttachments) {
    if (text === undefined) continue
    const bytes = decodeBase64Strict(text, part.name ?? '')
    if (bytes.length === part.size && sha256(bytes).equals(part.sha256)) return bytes
  }
  throw new BusError('LT_STORE_CONTENT_MISSING', { path: `${part.content_id ?? part.ordinal}` })
}
