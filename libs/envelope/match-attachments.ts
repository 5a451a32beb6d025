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
  const take = (by: AttachmentMatch<A>['by'], entry: AttachmentEntry, attachment: A | undefined): void => {
    if (!attachment) return
    free.delete(attachment)
    found.set(entry, { entry, attachment, by })
  }
  const takeEqual = (by: 'contentId' | 'name', keyOf: (from: PresentAttachment) => string): void => {
    const waiting = new Map<string, A[]>()
    for (const attachment of [...free].reverse()) {
      const same = waiting.get(keyOf(attachment))
      if (same) same.push(attachment)
      else waiting.set(keyOf(attachment), [attachment])
    }
    for (const entry of envelope.attachments) {
      const key = keyOf(entry)
      if (!found.has(entry) && key !== '') take(by, entry, waiting.get(key)?.pop())
    }
  }
  takeEqual('contentId', ({ contentId }) => bareContentId(contentId))
  takeEqual('name', ({ name }) => name)
  if (envelope.attachments.length - found.size === free.size) {
    const rest = [...free].reverse()
    for (const entry of envelope.attachments) if (!found.has(entry)) take('order', entry, rest.pop())
  }

  const problems: PacketProblem[] = []
  const matches: AttachmentMatch<A>[] = []
  for (const entry of envelope.attachments) {
    const match = found.get(entry)
    if (match) matches.push(match)
    else if (envelope.business.type === 'recall') continue
    else problems.push(problem('LT_ATT_MISSING', door, { name: entry.name.slice(0, 200) }))
  }
  const taken = new Set(matches.map(({ entry }) => entry.contentId))
  for (const [position, attachment] of [...free].entries()) {
    problems.push(problem('LT_ATT_UNLISTED', door, { name: attachment.name.slice(0, 200) }))
    if (door === 'compatible') matches.push(unlisted(attachment, position, taken))
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
  taken: Set<string>,
): AttachmentMatch<A> {
  const id = bareContentId(attachment.contentId)
  let contentId = id
  for (let number = position + 1; contentId === '' || taken.has(contentId); number++) contentId = `unlisted-${number}`
  taken.add(contentId)
  const entry: AttachmentEntry = {
    contentId,
    name: attachment.name === '' ? contentId : attachment.name,
    ...(attachment.mediaType === undefined ? {} : { mediaType: attachment.mediaType }),
  }
  return { entry, attachment, by: 'unlisted' }
}
