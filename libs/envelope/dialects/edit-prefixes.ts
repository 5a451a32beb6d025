import { localPart, type Tag } from '../../signature/index.ts'
import { childElements, localName, namespaceUri, type XmlElement } from '../../xml/index.ts'
import type { PacketParts } from '../locate-parts.ts'
import type { Edit } from './edits.ts'
import type { TagPair } from './pair-tags.ts'

const PREFIX = 'edXML:'

/**
 * What gives every element of the envelope that stands in its namespace the literal prefix. A signature stays as it was written: it
 * covers the original, which the native door hands over.
 */
export function editPrefixes(
  { envelope }: PacketParts,
  tags: ReadonlyMap<XmlElement, TagPair>,
  declared: (envelopeTag: Tag) => boolean,
): Edit[] {
  const edits: Edit[] = []
  const visit = (element: XmlElement): void => {
    if (localName(element) === 'Signature') return
    const pair = tags.get(element)
    if (pair && namespaceUri(element) === envelope.namespace) {
      rename(pair.open, 1, edits)
      if (pair.close) rename(pair.close, 2, edits)
    }
    childElements(element).forEach(visit)
  }
  visit(envelope.element)
  const open = tags.get(envelope.element)?.open
  if (open && edits.length > 0 && !declared(open)) {
    const insert = ` xmlns:edXML="${envelope.namespace}"`
    edits.push({ at: open.start + 1 + Buffer.byteLength(open.name), remove: 0, insert })
  }
  return edits
}

function rename({ name, start }: Tag, mark: number, edits: Edit[]): void {
  const written = name.slice(0, -localPart(name).length)
  if (written !== PREFIX) edits.push({ at: start + mark, remove: Buffer.byteLength(written), insert: PREFIX })
}
