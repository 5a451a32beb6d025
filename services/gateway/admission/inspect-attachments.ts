import type { BlobStore, StagedBlob } from '../../../libs/blobs/index.ts'
import { decodeCut, unwrapAttachment } from '../../../libs/envelope/index.ts'
import type { KnownAttachment, ReceivedPart, Submission } from './submission.ts'

/** What all zips of one submission may expand to together; the largest single one may have half of it. */
const MAX_EXPANDED_BYTES = 1024 * 1024 * 1024
const MAX_ONE_BYTES = MAX_EXPANDED_BYTES / 2

/**
 * Looks at each attachment by its bytes: media type, a zip that a client library put round the file, damage, bombs. What a label
 * gets wrong is told; a broken or exploding zip refuses the packet. Content is never changed.
 * @throws BusError LT_ATT_EMPTY, LT_ATT_BROKEN_ZIP, LT_ATT_ZIP_BOMB
 */
export async function inspectAttachments(submission: Submission, blobs: BlobStore): Promise<void> {
  let left = MAX_EXPANDED_BYTES
  for (const attachment of submission.attachments ?? []) {
    const limits = { maxExpandedBytes: Math.min(left, MAX_ONE_BYTES) }
    const label = { name: attachment.name, declaredType: attachment.mediaType, limits }
    await withBytes(submission, attachment, blobs, async (source) => {
      const { warnings, expandedBytes } = await unwrapAttachment(source, label)
      submission.warnings.push(...warnings)
      left -= expandedBytes
    })
  }
}

/** What is looked at of a file that is no zip. */
const HEAD_BYTES = 4096

type Look = (source: Uint8Array | string) => Promise<void>

async function withBytes(
  submission: Submission,
  attachment: KnownAttachment,
  blobs: BlobStore,
  look: Look,
): Promise<void> {
  if (attachment.part) return look(await sourceOf(attachment.part.staged))
  if (attachment.inline?.bytes) return look(attachment.inline.bytes)
  const packet = submission.parts[0] as ReceivedPart
  const decoded = (): AsyncIterable<Uint8Array> => decodeCut(packet.staged.read(attachment.inline), attachment.name)
  const head = await readHead(decoded())
  if (!isZip(head)) return look(head)
  const scratch = blobs.stage()
  try {
    for await (const chunk of decoded()) await scratch.write(chunk)
    await look(await sourceOf(scratch))
  } finally {
    await scratch.discard()
  }
}

/** A zip is read from its end and needs the whole file; everything else is told by its first bytes. */
const isZip = (head: Buffer): boolean => head.subarray(0, 2).toString('latin1') === 'PK'

async function readHead(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of stream) {
    chunks.push(chunk)
    size += chunk.length
    if (size >= HEAD_BYTES) break
  }
  return Buffer.concat(chunks)
}

/** Small parts lie in memory, others in a file of the store. */
async function sourceOf(staged: StagedBlob): Promise<Uint8Array | string> {
  const { bytes } = await staged.finish()
  return bytes ?? staged.file()
}
