import { createHash } from 'node:crypto'
import { type Edit, planDialect, withEdits } from '../../../libs/envelope/index.ts'
import { BusError } from '../../../libs/errors/index.ts'
import { uuidTimeMs } from '../../../libs/model/index.ts'
import { readStoredPart } from '../../../libs/pipeline/index.ts'
import { type Logger, metric } from '../../../libs/runtime/index.ts'
import { type AttachmentToSplice, spliceAttachments } from '../../../libs/signature/index.ts'
import { type ContentPart, listParts, type OpenConsignment, type SystemRow } from '../../../libs/store/index.ts'
import type { Gateway } from '../gateway.ts'
import { readPart } from '../mailbox/read-part.ts'

/** A packet in the one form that clients of this door take. */
export interface OpenedPacket {
  readonly size: number
  /** Of a packet that had to be composed: SHA-256 of what is handed over, hex. The evidence names it beside the original's. */
  readonly composed?: string
  content(): Promise<AsyncIterable<Uint8Array>>
}

type Source = Pick<Gateway, 'pool' | 'blobs' | 'submission' | 'config'>

export interface PacketReader {
  readonly system: Pick<SystemRow, 'code' | 'doorDialect'>
  readonly log: Logger
}

const inDialect = metric.counter({
  name: 'door_dialect_total',
  help: 'packets that a system wants in a form of its own, by what became of it',
  labels: ['outcome'],
})

/**
 * The packet as it was received; where its attachments came apart, with them spliced in as Base64 before the root's end; where its reader
 * needs more, with that and every other byte as it was. A packet that cannot bear it is handed over as it came: a form is no reason to
 * fail a fetch. A composed one is read again: its size and digest must be known before its first byte leaves.
 * @throws BusError LT_STORE_CONTENT_MISSING
 */
export async function openPacket(source: Source, row: OpenConsignment, reader: PacketReader): Promise<OpenedPacket> {
  const parts = await listParts(source.pool, row.dispatch_id)
  const [first] = parts
  if (!first) throw new BusError('LT_STORE_CONTENT_MISSING', { path: row.dispatch_id })
  const received =
    row.form === 'inline'
      ? async () => streamed(await readPart(source, row.dispatch_id, parts, first))
      : () => compose(source, row.dispatch_id, parts)
  const edits = await findEdits(source, row, received, reader)
  if (edits.length === 0) {
    return row.form === 'inline' ? { size: first.size, content: received } : measured(received)
  }
  return measured(async () => withEdits(await received(), edits))
}

/** What the reader's form asks for; nothing when it cannot be had. */
async function findEdits(
  { config }: Source,
  row: OpenConsignment,
  received: OpenedPacket['content'],
  { system, log }: PacketReader,
): Promise<readonly Edit[]> {
  if (system.doorDialect.length === 0) return []
  const agency = config.doorAxisCode
  // When the axis took it: the same at every fetch.
  const at = new Date(uuidTimeMs(row.dispatch_id))
  const hop = agency === undefined ? { at } : { agency, at }
  const plan = await planDialect(await received(), { parts: new Set(system.doorDialect), hop })
  const outcome = 'unfit' in plan ? 'unfit' : plan.edits.length === 0 ? 'as received' : 'rewritten'
  inDialect.inc({ outcome })
  if (!('unfit' in plan)) return plan.edits
  const { id: consignmentId, dispatch_id: dispatchId } = row
  log.warn(
    { consignmentId, dispatchId, dialect: system.doorDialect, because: plan.unfit },
    'a packet could not be given the form its reader needs and goes as it came',
  )
  return []
}

async function measured(content: OpenedPacket['content']): Promise<OpenedPacket> {
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
