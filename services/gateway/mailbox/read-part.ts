import { createHash } from 'node:crypto'
import { decodeBase64Strict, decodeCut, openPacket, PacketScanner, scanWhole } from '../../../libs/envelope/index.ts'
import { BusError } from '../../../libs/errors/index.ts'
import { type ContentSource, readStoredPart } from '../../../libs/pipeline/index.ts'
import { sabotaged } from '../../../libs/runtime/index.ts'
import type { ContentPart } from '../../../libs/store/index.ts'
import type { PacketLimits } from '../admission/receive-parts.ts'

export interface PartSource extends ContentSource {
  readonly submission: { readonly limits: PacketLimits }
}

/**
 * The bytes of one part: from its row, from its file, or, for an attachment inside a packet, decoded on the way out.
 * @throws BusError LT_STORE_CONTENT_MISSING; LT_ENV_UNUSUAL_REFUSED when an unusual packet cannot be read again now
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
  if (path !== null) return readShort(() => source.blobs.read(path), part, source.submission.limits)
  const row = await readRow(source, dispatchId)
  return readShort(() => rangeOf(row, { start: 0, end: row.length }), part, source.submission.limits)
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

/** A short attachment: the packet is read once more, its long texts cut out as on the way in. */
async function readShort(
  read: () => AsyncIterable<Uint8Array>,
  part: ContentPart,
  { maxSkeletonBytes }: PacketLimits,
): Promise<Buffer> {
  const scanner = new PacketScanner({ maxBytes: Number.MAX_SAFE_INTEGER, maxSkeletonBytes })
  for await (const chunk of read()) scanner.push(chunk)
  const scan = scanner.end()
  const { unusual } = scan
  const { skeleton, cuts } = unusual ? await scanWhole(read(), { ...scan, unusual }, { maxSkeletonBytes }) : scan
  using opened = openPacket(skeleton, { tokens: new Set(cuts.map(({ token }) => token)) })
  for (const { text } of opened.inlineAttachments) {
    if (text === undefined) continue
    const bytes = decodeBase64Strict(text, part.name ?? '')
    if (bytes.length === part.size && sha256(bytes).equals(part.sha256)) return bytes
  }
  throw new BusError('LT_STORE_CONTENT_MISSING', { path: `${part.content_id ?? part.ordinal}` })
}
