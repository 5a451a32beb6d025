import { createHash } from 'node:crypto'
import { BusError } from '../../../libs/errors/index.ts'
import { readStoredPart } from '../../../libs/pipeline/index.ts'
import { type AttachmentToSplice, spliceAttachments } from '../../../libs/signature/index.ts'
import { type ContentPart, listParts, type OpenConsignment } from '../../../libs/store/index.ts'
import type { Gateway } from '../gateway.ts'
import { readPart } from '../mailbox/read-part.ts'

/** A packet in the one form that clients of this door take. */
export interface OpenedPacket {
  readonly size: number
  /** Of a packet that had to be composed: SHA-256 of what is handed over, hex. The evidence names it beside the original's. */
  readonly composed?: string
  content(): Promise<AsyncIterable<Uint8Array>>
}

type Source = Pick<Gateway, 'pool' | 'blobs' | 'submission'>

/**
 * The packet as it was received; where its attachments came apart, with them spliced in as Base64 before the root's end, every other byte
 * as it was. A composed one is read twice: its size and digest must be known before its first byte leaves.
 * @throws BusError LT_STORE_CONTENT_MISSING
 */
export async function openPacket(source: Source, row: OpenConsignment): Promise<OpenedPacket> {
  const parts = await listParts(source.pool, row.dispatch_id)
  const [first] = parts
  if (!first) throw new BusError('LT_STORE_CONTENT_MISSING', { path: row.dispatch_id })
  if (row.form === 'inline') {
    return { size: first.size, content: async () => streamed(await readPart(source, row.dispatch_id, parts, first)) }
  }
  const content = (): Promise<AsyncIterable<Uint8Array>> => compose(source, row.dispatch_id, parts)
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of await content()) {
    hash.update(chunk)
    size += chunk.length
  }
  return { size, composed: hash.digest('hex'), content }
}

async function compose(
  source: Source,
  dispatchId: string,
  [envelope, ...attachments]: readonly ContentPart[],
): Promise<AsyncIterable<Uint8Array>> {
  const pieces: Uint8Array[] = []
  for await (const piece of streamed(await readStoredPart(source, dispatchId, envelope as ContentPart)))
    pieces.push(Buffer.from(piece))
  async function* each(): AsyncGenerator<AttachmentToSplice, void, undefined> {
    for (const part of attachments) {
      const { content_id, name, media_type } = part
      yield {
        contentId: content_id ?? '',
        name: name ?? '',
        ...(media_type === null ? {} : { mediaType: media_type }),
        content: streamed(await readStoredPart(source, dispatchId, part)),
      }
    }
  }
  return spliceAttachments(Buffer.concat(pieces), each())
}

async function* streamed(bytes: Uint8Array | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  if (bytes instanceof Uint8Array) yield bytes
  else yield* bytes
}
