import type { AttachmentEntry, Envelope, EnvelopeWarning } from '../model/index.ts'
import { type Door, type PacketProblem, problem } from './policy.ts'
import { bareContentId } from './wire-names.ts'

/** What an attachment that is there says of itself: an inline one, or a part that came after the envelope. */
export interface PresentAttachment {
  readonly contentId: string
  readonly name: string
  readonly mediaType?: string
}

export interface AttachmentMatch<A extends PresentAttachment> {
  readonly entry: AttachmentEntry
  readonly attachment: A
  readonly by: 'contentId' | 'name' | 'order' | 'unlisted'
}

export interface MatchedAttachments<A extends PresentAttachment> {
  /** In the order of the manifest; at the compatible door, attachments it does not list stand behind. */
  readonly matches: readonly AttachmentMatch<A>[]
  readonly problems: readonly PacketProblem[]
  /** Matches that the content ids did not give: `ATT_MATCHED_BY_NAME`, `ATT_MATCHED_BY_ORDER`. */
  readonly warnings: readonly EnvelopeWarning[]
}

/**
 * Matches the manifest with the attachments that are there, one to one: by content id (with or without `cid:` and
 * brackets), then by name, then by order when as many are left on both sides. A recall may leave listed files out.
 */
export function matchAttachments<A extends PresentAttachment>(
  envelope: Pick<Envelope, 'attachments' | 'business'>,
  present: readonly A[],
  door: Door,
): MatchedAttachments<A> {
  const free = new Set(present)
  const found = new Map<AttachmentEntry, AttachmentMatch<A>>()
  const take = (by: 'contentId' | 'name' | 'order', same: (entry: AttachmentEntry, attachment: A) => boolean): void => {
    for (const entry of envelope.attachments) {
      if (found.has(entry)) continue
      const attachment = [...free].find((each) => same(entry, each))
      if (!attachment) continue
      free.delete(attachment)
      found.set(entry, { entry, attachment, by })
    }
  }
  take('contentId', (entry, attachment) => bareContentId(attachment.contentId) === bareContentId(entry.contentId))
  take('name', (entry, attachment) => attachment.name !== '' && attachment.name === entry.name)
  if (envelope.attachments.length - found.size === free.size) take('order', () => true)

  const problems: PacketProblem[] = []
  const matches: AttachmentMatch<A>[] = []
  for (const entry of envelope.attachments) {
    const match = found.get(entry)
    if (match) matches.push(match)
    else if (envelope.business.type === 'recall') continue
    else problems.push(problem('LT_ATT_MISSING', door, { name: entry.name.slice(0, 200) }))
  }
  for (const [position, attachment] of [...free].entries()) {
    problems.push(problem('LT_ATT_UNLISTED', door, { name: attachment.name.slice(0, 200) }))
    if (door === 'compatible') matches.push(unlisted(attachment, position, matches))
  }
  const guessed = matches.filter(({ by }) => by === 'name' || by === 'order')
  const warnings = guessed.map(({ by, entry }) => ({
    code: by === 'name' ? 'ATT_MATCHED_BY_NAME' : 'ATT_MATCHED_BY_ORDER',
    params: { name: entry.name.slice(0, 200) },
  }))
  return { matches, problems, warnings }
}

function unlisted<A extends PresentAttachment>(
  attachment: A,
  position: number,
  matches: readonly AttachmentMatch<A>[],
): AttachmentMatch<A> {
  const id = bareContentId(attachment.contentId)
  const taken = id === '' || matches.some(({ entry }) => entry.contentId === id)
  const contentId = taken ? `unlisted-${position + 1}` : id
  const entry: AttachmentEntry = {
    contentId,
    name: attachment.name === '' ? contentId : attachment.name,
    ...(attachment.mediaType === undefined ? {} : { mediaType: attachment.mediaType }),
  }
  return { entry, attachment, by: 'unlisted' }
}
