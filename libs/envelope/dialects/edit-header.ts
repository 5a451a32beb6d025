import { localPart } from '../../signature/index.ts'
import { parentOf, type XmlElement } from '../../xml/index.ts'
import type { PacketParts } from '../locate-parts.ts'
import { wireTimestamp } from '../write-status-packet.ts'
import type { Dialect } from './dialect.ts'
import type { Edit } from './edits.ts'
import type { TagPair } from './pair-tags.ts'

/** Changes of a header, and the local names of the elements they add. */
export interface HeaderEdits {
  readonly edits: readonly Edit[]
  readonly added: readonly string[]
}

/** What `traces` and `bussiness` ask of a document's trace list; the list itself where the packet has none. */
export function editHeader(
  parts: PacketParts,
  tags: ReadonlyMap<XmlElement, TagPair>,
  { parts: wanted, hop }: Dialect,
): HeaderEdits {
  const { traceList } = parts
  const told = traceList?.children.some(({ name }) => name === 'Bussiness' || name === 'Business') ?? false
  const added: string[] = []
  const place = traceList ? tags.get(traceList.element) : outerTags(parts, tags)
  if (!place) return { edits: [], added }
  const own = place.open.name.slice(0, -localPart(place.open.name).length)
  const prefix = wanted.has('prefix') ? 'edXML:' : own
  const element = (name: string, content: string): string => {
    added.push(name)
    return `<${prefix}${name}>${content}</${prefix}${name}>`
  }
  const first =
    wanted.has('bussiness') && !told
      ? element('Bussiness', element('BussinessDocType', '0') + element('Paper', '0'))
      : ''
  const organ = hop.agency === undefined ? '' : escapeText(hop.agency)
  const last = wanted.has('traces')
    ? element(
        'TraceHeader',
        (organ === '' ? '' : element('OrganId', organ)) + element('Timestamp', wireTimestamp(hop.at)),
      )
    : ''
  if (first + last === '') return { edits: [], added }
  if (!traceList) {
    const at = place.close?.start ?? place.open.end
    return { edits: [{ at, remove: 0, insert: element('TraceHeaderList', first + last) }], added }
  }
  const { open, close } = place
  if (!close) {
    const insert = `>${first}${last}</${prefix}${localPart(open.name)}>`
    return { edits: [{ at: open.end - 2, remove: 2, insert }], added }
  }
  const edits = [
    { at: open.end, remove: 0, insert: first },
    { at: close.start, remove: 0, insert: last },
  ]
  return { edits: edits.filter(({ insert }) => insert !== ''), added }
}

/** The element in which a trace list belongs: the one round the header, in the flat form the header itself. */
function outerTags({ header, envelope }: PacketParts, tags: ReadonlyMap<XmlElement, TagPair>): TagPair | undefined {
  const nested = header !== envelope && (header.name === 'MessageHeader' || header.name === 'Status')
  const outer = nested ? parentOf(header.element) : header.element
  return outer && tags.get(outer)
}

function escapeText(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
}
