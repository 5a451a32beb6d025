import { BusError } from '../errors/index.ts'
import type { AttachmentEntry } from '../model/index.ts'
import { attribute, textOf } from '../xml/index.ts'
import type { PacketParts } from './locate-parts.ts'
import type { Branch } from './read-branch.ts'
import { clip, given, type Reading } from './reading.ts'
import { bareContentId, XLINK } from './wire-names.ts'

/** An attachment whose content travels inside the packet. */
export interface InlineAttachment {
  /** Without `cid:` and brackets, unique inside the packet; `''` when the packet gives none. */
  readonly contentId: string
  readonly name: string
  readonly mediaType?: string
  readonly description?: string
  /** The Base64 text as it stands in the tree; `undefined` when it was cut out. */
  readonly text: string | undefined
  /** The random token that stands in the place of a text that was cut out. */
  readonly token?: string
}

/** The manifest's entries in order (3.4); what lacks a content id gets `part-<position>`. */
export function readManifest(reading: Reading, parts: PacketParts): AttachmentEntry[] {
  const { manifest } = parts
  if (!manifest) return []
  const references = reading.all(manifest, 'Reference')
  const entries = references.length > 0 ? references : reading.all(manifest, 'Attachment')
  const unique = uniqueIds(reading)
  return entries.map((entry, index) => {
    const { contentId, name, ...facts } = readFacts(reading, entry)
    if (contentId === '') reading.warn('ENV_CONTENT_ID_MISSING', { position: index + 1 })
    return {
      contentId: unique(contentId || `part-${index + 1}`),
      name: name || contentId || `part-${index + 1}`,
      ...facts,
    }
  })
}

/**
 * The attachments with content, in order.
 * @throws BusError LT_ENV_CONTENT_MISPLACED when a token is not the whole text of exactly one content element
 */
export function readInlineAttachments(
  reading: Reading,
  parts: PacketParts,
  tokens: ReadonlySet<string>,
): InlineAttachment[] {
  const unique = uniqueIds(reading)
  const unused = new Set(tokens)
  const inManifest = parts.attachments.length > 0 && parts.manifest?.children.includes(parts.attachments[0] as Branch)
  const found = parts.attachments.map((attachment, index): InlineAttachment => {
    const { contentId, ...facts } = readFacts(reading, attachment)
    const id = unique(contentId || (inManifest ? `part-${index + 1}` : ''))
    const content = reading.one(attachment, 'ContentTransferEncoded', 'Content')
    if (content && (content.mixed || content.children.length > 0)) {
      throw new BusError('LT_ENV_AMBIGUOUS', { element: `Attachment/${content.name}` })
    }
    // As written: which blanks may stand round Base64 is for its decoder to say.
    const text = content ? textOf(content.element) : ''
    return unused.delete(text)
      ? { contentId: id, ...facts, text: undefined, token: text }
      : { contentId: id, ...facts, text }
  })
  // Each token stands once in the packet and cannot be guessed: one that is left over stands somewhere else.
  if (unused.size > 0) throw new BusError('LT_ENV_CONTENT_MISPLACED')
  return found
}

function readFacts(reading: Reading, entry: Branch): Omit<InlineAttachment, 'text' | 'token'> {
  const href = (): string => attribute(entry.element, 'href', XLINK) ?? ''
  const mediaType = reading.text(entry, 'ContentType') ?? reading.text(entry, 'MimeType')
  return {
    contentId: bareContentId(reading.text(entry, 'ContentId') ?? href()),
    name: reading.text(entry, 'AttachmentName', 'FileName') ?? '',
    ...given('mediaType', mediaType),
    ...given('description', reading.text(entry, 'Description')),
  }
}

/** Numbers the ids that a packet uses again (`209`, `209#2`), so that an id means one attachment. */
function uniqueIds(reading: Reading): (contentId: string) => string {
  const taken = new Set<string>()
  const next = new Map<string, number>()
  return (contentId) => {
    let id = contentId
    if (taken.has(contentId)) {
      reading.warn('ENV_CONTENT_ID_TWICE', { contentId: clip(contentId) })
      let times = next.get(contentId) ?? 2
      // The packet may have used a number of ours as an id of its own.
      while (taken.has(`${contentId}#${times}`)) times += 1
      next.set(contentId, times + 1)
      id = `${contentId}#${times}`
    }
    if (id !== '') taken.add(id)
    return id
  }
}
