import { matchAttachments } from '../../../libs/envelope/index.ts'
import { BusError } from '../../../libs/errors/index.ts'
import { detachedContentHash } from '../../../libs/model/index.ts'
import { doorOf } from './check-envelope.ts'
import type { Arrival, ReceivedPart, Submission } from './submission.ts'

/**
 * Brings together what the manifest lists and what came, by their names alone; whether that refuses is said later.
 * @throws BusError LT_BUS_TOO_MANY_ATTACHMENTS, before anything is matched
 */
export function matchArrivals(submission: Submission, { maxAttachments }: { readonly maxAttachments: number }): void {
  const { envelope, inlineAttachments } = submission.opened
  const detached = submission.parts.filter(({ role }) => role === 'attachment')
  const count = inlineAttachments.length + detached.length
  if (count > maxAttachments) throw new BusError('LT_BUS_TOO_MANY_ATTACHMENTS', { count, limit: maxAttachments })
  const arrivals: Arrival[] = [
    ...inlineAttachments.map((inline) => ({ ...namesOf(inline), inline })),
    ...detached.map((part) => ({ ...namesOf(part), part })),
  ]
  submission.arrivals = matchAttachments(envelope, arrivals, doorOf(submission))
}

function namesOf({ contentId = '', name = '', mediaType }: Partial<Arrival>): Arrival {
  return { contentId, name, ...(mediaType === undefined ? {} : { mediaType }) }
}

/**
 * The identity of the submission's bytes; for a detached packet each part under the content id that the envelope gives it, in
 * the envelope's order: what a receipt lists is what was hashed.
 */
export function contentHashOf(submission: Submission): Buffer {
  const packet = submission.parts[0] as ReceivedPart
  if (submission.form === 'inline') return packet.sha256
  const listed = (submission.arrivals?.matches ?? []).flatMap(({ entry, attachment: { part } }) =>
    part ? [{ contentId: entry.contentId, part }] : [],
  )
  const known = new Set(listed.map(({ part }) => part))
  const others = submission.parts
    .slice(1)
    .filter((part) => !known.has(part))
    .map((part) => ({ contentId: part.contentId ?? '', part }))
  return detachedContentHash(
    packet.sha256,
    [...listed, ...others].map(({ contentId, part: { sha256, size } }) => ({ contentId, sha256, size })),
  )
}
