import type { BlobStore, StagedBlob } from '../../../libs/blobs/index.ts'
import { type AttachmentLabel, decodeCut, mayBeZip, Turns, unwrapAttachment } from '../../../libs/envelope/index.ts'
import type { Examiner } from '../examine/open-examiner.ts'
import { refuseMark } from './check-envelope.ts'
import type { KnownAttachment, ReceivedPart, Submission } from './submission.ts'

/** What all zips of one submission may expand to together; the largest single one may have half of it. */
const MAX_EXPANDED_BYTES = 1024 * 1024 * 1024
const MAX_ONE_BYTES = MAX_EXPANDED_BYTES / 2

/** Zips above this many bytes may take long to expand; smaller ones stay under 32 MB of it. */
const COSTLY_BYTES = 128 * 1024
const expanding = new Turns({ slots: 2, maxWaiting: 1000, maxWaitingOfOne: 200 })

interface InspectOptions {
  readonly blobs: BlobStore
  readonly examiner: Pick<Examiner, 'markIn'>
}

/**
 * Looks at each attachment by its bytes: media type, a zip that a client library put round the file, damage, bombs. What a label
 * gets wrong is told; a broken or exploding zip refuses the packet, and so does a secrecy mark in the name of a wrapped file.
 * Content is never changed. Nothing is looked at further once the sender has gone.
 * @throws BusError LT_ATT_EMPTY, LT_ATT_BROKEN_ZIP, LT_ATT_ZIP_BOMB, LT_BUS_SECRECY_MARK, LT_SUB_BUSY; the reason of an abort
 */
export async function inspectAttachments(submission: Submission, { blobs, examiner }: InspectOptions): Promise<void> {
  let left = MAX_EXPANDED_BYTES
  for (const attachment of submission.attachments ?? []) {
    submission.signal?.throwIfAborted()
    const limits = { maxExpandedBytes: Math.min(left, MAX_ONE_BYTES) }
    const label = { name: attachment.name, declaredType: attachment.mediaType, limits }
    const look = async (source: Uint8Array | string): Promise<void> => {
      const { warnings, expandedBytes, entryName } = await unwrapAttachment(source, label, submission.signal)
      submission.warnings.push(...warnings)
      left -= expandedBytes
      if (entryName !== undefined) refuseMark(examiner.markIn([entryName]))
    }
    await withBytes(submission, attachment, blobs, label, (source) =>
      attachment.size > COSTLY_BYTES
        ? expanding.run(submission.system.id, submission.signal, () => look(source))
        : look(source),
    )
  }
}

/** What is looked at of a file that is no zip. */
const HEAD_BYTES = 4096

type Look = (source: Uint8Array | string) => Promise<void>

async function withBytes(
  submission: Submission,
  attachment: KnownAttachment,
  blobs: BlobStore,
  label: AttachmentLabel,
  look: Look,
): Promise<void> {
  if (attachment.part) return look(await sourceOf(attachment.part.staged))
  if (attachment.inline?.bytes) return look(attachment.inline.bytes)
  const packet = submission.parts[0] as ReceivedPart
  const { start = 0, end = 0 } = attachment.inline ?? {}
  const decoded = (): AsyncIterable<Uint8Array> => decodeCut(packet.staged.read({ start, end }), attachment.name)
  const head = await readHead(decoded())
  if (!mayBeZip(head, label)) return look(head)
  const scratch = blobs.stage()
  try {
    for await (const chunk of decoded()) await scratch.write(chunk)
    await look(await sourceOf(scratch))
  } finally {
    await scratch.discard()
  }
}

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
