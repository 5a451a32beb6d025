import { createHash } from 'node:crypto'
import { decodeBase64Strict, type InlineAttachment, matchAttachments } from '../../../libs/envelope/index.ts'
import { BusError } from '../../../libs/errors/index.ts'
import { detachedContentHash } from '../../../libs/model/index.ts'
import { doorOf, settle } from './check-envelope.ts'
import type { KnownAttachment, ReceivedPart, Submission } from './submission.ts'

/**
 * Brings together what the manifest lists and what really came, inside the packet or beside it, one to one, in envelope order.
 * @throws BusError LT_ATT_BAD_BASE64, LT_ATT_MISSING, LT_ATT_UNLISTED
 */
export function collectAttachments(submission: Submission): void {
  const { envelope, inlineAttachments } = submission.opened
  const arrived = [
    ...inlineAttachments.map((attachment) => describeInline(submission, attachment)),
    ...submission.parts.filter(({ role }) => role === 'attachment').map(describeDetached),
  ]
  const { matches, problems, warnings } = matchAttachments(envelope, arrived, doorOf(submission))
  settle(submission, problems)
  submission.warnings.push(...warnings)
  submission.attachments = matches.map(({ entry, attachment }) => {
    const mediaType = attachment.mediaType ?? entry.mediaType
    return {
      ...attachment,
      contentId: entry.contentId,
      name: entry.name,
      ...(mediaType === undefined ? {} : { mediaType }),
    }
  })
}

function describeInline(submission: Submission, attachment: InlineAttachment): KnownAttachment {
  const { contentId, name, mediaType } = attachment
  const facts = { contentId, name, ...(mediaType === undefined ? {} : { mediaType }) }
  if (attachment.token === undefined) {
    const bytes = decodeBase64Strict(attachment.text ?? '', name)
    return { ...facts, sha256: createHash('sha256').update(bytes).digest(), size: bytes.length, inline: { bytes } }
  }
  const cut = submission.scan.cuts.find(({ token }) => token === attachment.token)
  if (!cut || cut.fault !== undefined)
    throw new BusError('LT_ATT_BAD_BASE64', { name, contentId, reason: cut?.fault ?? '' })
  return { ...facts, sha256: cut.decodedSha256, size: cut.decodedSize, inline: { start: cut.start, end: cut.end } }
}

function describeDetached(part: ReceivedPart): KnownAttachment {
  return {
    contentId: part.contentId ?? '',
    name: part.name ?? '',
    ...(part.mediaType === undefined ? {} : { mediaType: part.mediaType }),
    sha256: part.sha256,
    size: part.size,
    part,
  }
}

/** The identity of the submission's bytes; for a detached packet in the order of the envelope's manifest. */
export function contentHashOf(submission: Submission): Buffer {
  const packet = submission.parts[0] as ReceivedPart
  if (submission.form === 'inline') return packet.sha256
  const order = new Map(submission.opened.envelope.attachments.map(({ contentId }, position) => [contentId, position]))
  const place = (part: ReceivedPart): number => order.get(part.contentId ?? '') ?? order.size
  const parts = submission.parts.slice(1).sort((a, b) => place(a) - place(b))
  return detachedContentHash(
    packet.sha256,
    parts.map(({ contentId = '', sha256, size }) => ({ contentId, sha256, size })),
  )
}
