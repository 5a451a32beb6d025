import { createHash } from 'node:crypto'
import { decodeBase64Strict, decodeCut, type InlineAttachment, type ShortText } from '../../../libs/envelope/index.ts'
import { BusError } from '../../../libs/errors/index.ts'
import { settle } from './check-envelope.ts'
import type { Arrival, InlineContent, KnownAttachment, ReceivedPart, Submission } from './submission.ts'

/**
 * The facts of every attachment that came, in envelope order. Content id, name and media type are the manifest's: what stands
 * beside the bytes is signed by nobody.
 * @throws BusError LT_ATT_BAD_BASE64, LT_ATT_MISSING, LT_ATT_UNLISTED
 */
export async function collectAttachments(submission: Submission): Promise<void> {
  const { arrivals } = submission
  if (!arrivals) throw new TypeError('attachments are collected after they were matched')
  const contents = new Map<Arrival, Content>()
  const places = openPlaces(submission)
  for (const arrival of arrivals.matches.map(({ attachment }) => attachment).sort(inPacketOrder(submission))) {
    contents.set(arrival, await readContent(submission, arrival, places))
  }
  settle(submission, arrivals.problems)
  submission.warnings.push(...arrivals.warnings)
  submission.attachments = arrivals.matches.map(({ entry, attachment }): KnownAttachment => {
    const mediaType = entry.mediaType ?? attachment.mediaType
    return {
      contentId: entry.contentId,
      name: entry.name,
      ...(mediaType === undefined ? {} : { mediaType }),
      ...(contents.get(attachment) as Content),
    }
  })
}

type Content = Pick<KnownAttachment, 'sha256' | 'size' | 'inline' | 'part'>

function inPacketOrder(submission: Submission): (a: Arrival, b: Arrival) => number {
  const order = new Map(submission.opened.inlineAttachments.map((inline, position) => [inline, position]))
  const place = ({ inline }: Arrival): number => (inline ? (order.get(inline) ?? 0) : order.size)
  return (a, b) => place(a) - place(b)
}

async function readContent(submission: Submission, { inline, part }: Arrival, places: Places): Promise<Content> {
  if (part) return { sha256: part.sha256, size: part.size, part }
  const { contentId, name, text, token } = inline as InlineAttachment
  if (token === undefined) {
    const bytes = decodeBase64Strict(text ?? '', name)
    const content = { sha256: sha256(bytes), size: bytes.length }
    return { ...content, inline: { bytes, ...(await places.find(text ?? '', content.sha256)) } }
  }
  const cut = submission.scan.cuts.find((each) => each.token === token)
  if (!cut || cut.fault !== undefined)
    throw new BusError('LT_ATT_BAD_BASE64', { name, contentId, reason: cut?.fault ?? '' })
  return { sha256: cut.decodedSha256, size: cut.decodedSize, inline: { start: cut.start, end: cut.end } }
}

interface Places {
  /** Where a short text stands in the packet as received; nothing when that is not known. Asked in the packet's order. */
  find(text: string, digest: Buffer): Promise<Pick<InlineContent, 'start' | 'end'>>
}

/**
 * Places of short attachments, so that fetching one needs no second reading of the packet. The scanner noted what may be one;
 * that a place holds these very bytes is proved here.
 */
function openPlaces({ scan, parts }: Submission): Places {
  const packet = parts[0] as ReceivedPart
  const noted = scan.shortTexts ?? []
  let next = 0
  /** Texts that only look alike are many in hostile packets alone. */
  let proofs = 0
  return {
    async find(text, digest) {
      const letters = text.replace(/[ \t\r\n]+/g, '').length
      for (let at = next; at < noted.length && proofs < MAX_PROOFS; at++) {
        const place = noted[at] as ShortText
        if (place.letters !== letters) continue
        proofs += 1
        if (!(await holds(packet, place, digest))) continue
        next = at + 1
        return { start: place.start, end: place.end }
      }
      return {}
    },
  }
}

const MAX_PROOFS = 500

async function holds(packet: ReceivedPart, { start, end }: ShortText, digest: Buffer): Promise<boolean> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of decodeCut(packet.staged.read({ start, end }), '')) hash.update(chunk)
  } catch (error) {
    if (error instanceof BusError && error.code === 'LT_ATT_BAD_BASE64') return false
    throw error
  }
  return hash.digest().equals(digest)
}

const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest()
