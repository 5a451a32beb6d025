import { BusError } from '../errors/index.ts'
import { localPart, scanTags, type Tag } from './scan-tags.ts'

/** A detached attachment to be written into the packet. */
export interface AttachmentToSplice {
  /** Content id without `cid:`. */
  readonly contentId: string
  readonly name: string
  readonly mediaType?: string
  readonly description?: string
  readonly content: AsyncIterable<Uint8Array>
}

const BASE64_PIECE = 48 * 1024

/**
 * The inline form of a detached packet, for receivers that cannot take parts: the attachments as Base64 before the end
 * tag of the root, every other byte as it was, so that an `envelope-manifest` signature stays valid. Streams; holds one
 * piece of one attachment at a time.
 * @throws BusError LT_SIG_NOT_SIGNABLE when the packet has no end tag to put them before
 */
export async function* spliceAttachments(
  envelope: Uint8Array,
  attachments: Iterable<AttachmentToSplice> | AsyncIterable<AttachmentToSplice>,
): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(envelope.buffer, envelope.byteOffset, envelope.byteLength)
  const { root, rootEnd, block, blockEnd } = findPlaces(bytes)
  const prefix = root.name.slice(0, -localPart(root.name).length)
  const name = (local: string): string => prefix + local
  const at = blockEnd?.start ?? block?.start ?? rootEnd.start
  yield bytes.subarray(0, at)
  if (!blockEnd) yield Buffer.from(`<${name('AttachmentEncoded')}>`)
  for await (const attachment of attachments) {
    yield Buffer.from(openXml(attachment, name))
    yield* encode(attachment.content)
    yield Buffer.from(`</${name('ContentTransferEncoded')}></${name('Attachment')}>`)
  }
  if (!blockEnd) yield Buffer.from(`</${name('AttachmentEncoded')}>`)
  yield bytes.subarray(blockEnd ? at : (block?.end ?? at))
}

interface Places {
  readonly root: Tag
  readonly rootEnd: Tag
  /** An empty-element `AttachmentEncoded`, which is replaced. */
  readonly block: Tag | undefined
  readonly blockEnd: Tag | undefined
}

function findPlaces(bytes: Buffer): Places {
  let root: Tag | undefined
  let rootEnd: Tag | undefined
  let block: Tag | undefined
  let blockEnd: Tag | undefined
  for (const tag of scanTags(bytes)) {
    if (tag.depth === 1 && tag.kind === 'open') root = tag
    if (tag.depth === 1 && tag.kind === 'close') rootEnd = tag
    if (tag.depth !== 2 || localPart(tag.name) !== 'AttachmentEncoded') continue
    if (tag.kind === 'empty') block = tag
    if (tag.kind === 'close') blockEnd = tag
  }
  if (!root || !rootEnd) throw new BusError('LT_SIG_NOT_SIGNABLE', { detail: 'the root element is empty' })
  return { root, rootEnd, block, blockEnd }
}

function openXml(attachment: AttachmentToSplice, name: (local: string) => string): string {
  const element = (local: string, text: string | undefined): string =>
    text === undefined ? '' : `<${name(local)}>${escapeText(text)}</${name(local)}>`
  return (
    `<${name('Attachment')}>${element('ContentId', `cid:${attachment.contentId}`)}` +
    `${element('AttachmentName', attachment.name)}${element('Description', attachment.description)}` +
    `${element('ContentType', attachment.mediaType)}<${name('ContentTransferEncoded')}>`
  )
}

/** Base64 without line breaks; pieces are cut at multiples of three bytes. */
async function* encode(content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0)
  for await (const chunk of content) {
    for (let from = 0; from < chunk.length; from += BASE64_PIECE) {
      const piece = chunk.subarray(from, from + BASE64_PIECE)
      const bytes =
        rest.length > 0 ? Buffer.concat([rest, piece]) : Buffer.from(piece.buffer, piece.byteOffset, piece.length)
      const whole = bytes.length - (bytes.length % 3)
      if (whole > 0) yield Buffer.from(bytes.toString('base64', 0, whole), 'latin1')
      rest = Buffer.from(bytes.subarray(whole))
    }
  }
  if (rest.length > 0) yield Buffer.from(rest.toString('base64'), 'latin1')
}

function escapeText(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/\r/g, '&#13;')
}
