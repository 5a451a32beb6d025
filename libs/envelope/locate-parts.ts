import { BusError } from '../errors/index.ts'
import { prefixOf } from '../xml/index.ts'
import { type Branch, isBlank } from './read-branch.ts'
import { clip, type Reading } from './reading.ts'
import { BKAV_NAMESPACES, EDXML_NAMESPACES, QCVN_102, SOAP_NAMESPACES } from './wire-names.ts'

/** The places of a packet, found whatever the dialect. */
export interface PacketParts {
  readonly envelope: Branch
  /** `MessageHeader`, or `Status` in the D6 fork, or the envelope itself in the flat form. */
  readonly header: Branch
  readonly statusRoot: boolean
  readonly traceList: Branch | undefined
  readonly manifest: Branch | undefined
  /** Attachment elements with content, in order. */
  readonly attachments: readonly Branch[]
  readonly dialect: 'D1' | 'D1h' | 'D2' | 'D3' | 'D5' | 'D6'
}

const STRUCTURE: ReadonlySet<string> = new Set(['edxmlenvelope', 'edxmlheader', 'messageheader'])
const MAX_DEPTH_OF_REPORT = 4

/**
 * Finds the parts of an edXML packet.
 * @throws BusError LT_ENV_DIALECT_2803, LT_ENV_DIALECT_SOAP, LT_ENV_NOT_A_DOCUMENT, LT_ENV_NOT_EDXML, LT_ENV_NAMESPACE,
 * LT_ENV_AMBIGUOUS
 */
export function locateParts(root: Branch, reading: Reading): PacketParts {
  refuseSoap(root)
  const report = findReport(root, MAX_DEPTH_OF_REPORT)
  if (report) throw new BusError('LT_ENV_NOT_A_DOCUMENT', { element: report })
  const envelope = isNamed(root, 'edxmlenvelope') ? root : (structural(root, 'edxmlenvelope') ?? flatEnvelope(root))
  if (!envelope) throw new BusError('LT_ENV_NOT_EDXML', { element: 'edXMLEnvelope' })
  reading.home = envelope.namespace
  reading.requireKnownNamespace(root)
  reading.requireKnownNamespace(envelope)
  refuseSecondStructure(root)

  const outer = structural(envelope, 'edxmlheader') ?? envelope
  const header = findHeader(outer)
  if (!header) throw new BusError('LT_ENV_NOT_EDXML', { element: 'MessageHeader' })
  for (const part of [outer, header]) reading.requireKnownNamespace(part)
  const body = reading.one(envelope, 'edXMLBody', 'Body', 'EdXMLBody') ?? envelope
  const manifest = reading.one(body, 'edXMLManifest', 'Manifest', 'EdXMLManifest')
  const traceList = reading.one(outer, 'TraceHeaderList') ?? reading.one(header, 'TraceHeaderList')
  const inside = reading.one(envelope, 'edXMLAttachments')
  return {
    envelope,
    header,
    statusRoot: header.name === 'Status',
    traceList,
    manifest,
    attachments: findAttachments(reading, root, inside, manifest),
    dialect: dialectOf(root, envelope, header, inside, manifest, traceList),
  }
}

function isNamed(branch: Branch, lowerName: string): boolean {
  return branch.name.toLowerCase() === lowerName
}

/** Structure is found in any case: builders spell it `edXML…` and `EdXML…`. */
function structural(parent: Branch, lowerName: string): Branch | undefined {
  return parent.children.find((child) => isNamed(child, lowerName))
}

function flatEnvelope(root: Branch): Branch | undefined {
  return isNamed(root, 'edxml') && (structural(root, 'edxmlheader') || findHeader(root)) ? root : undefined
}

function findHeader(outer: Branch): Branch | undefined {
  const found = outer.children.filter((child) => child.name === 'MessageHeader' || child.name === 'Status')
  if (found.length > 1) throw new BusError('LT_ENV_AMBIGUOUS', { element: 'MessageHeader' })
  return found[0] ?? (outer.children.some((child) => child.name === 'From') ? outer : undefined)
}

/** A second envelope or header anywhere, even inside a signature, would be what another reader takes for the first. */
function refuseSecondStructure(root: Branch): void {
  const seen = new Set<string>()
  const visit = (branch: Branch): void => {
    const name = branch.name.toLowerCase()
    if (STRUCTURE.has(name)) {
      if (seen.has(name)) throw new BusError('LT_ENV_AMBIGUOUS', { element: branch.name })
      seen.add(name)
    }
    branch.children.forEach(visit)
  }
  visit(root)
}

function refuseSoap(root: Branch): void {
  if (!SOAP_NAMESPACES.has(root.namespace)) return
  const namespaces = new Set<string>()
  let disguised = prefixOf(root.element) === 'edXML'
  const visit = (branch: Branch, depth: number): void => {
    namespaces.add(branch.namespace)
    disguised ||= SOAP_NAMESPACES.has(branch.namespace) && prefixOf(branch.element) === 'edXML'
    if (depth > 0) for (const child of branch.children) visit(child, depth - 1)
  }
  visit(root, 3)
  const bkav = [...namespaces].find((namespace) => BKAV_NAMESPACES.has(namespace))
  if (bkav) throw new BusError('LT_ENV_DIALECT_SOAP', { namespace: bkav })
  if (disguised || [...namespaces].some((namespace) => EDXML_NAMESPACES.has(namespace))) {
    throw new BusError('LT_ENV_DIALECT_2803')
  }
  const other = [...namespaces].find((namespace) => !SOAP_NAMESPACES.has(namespace)) ?? root.namespace
  throw new BusError('LT_ENV_DIALECT_SOAP', { namespace: clip(other) })
}

/** Clients of the security centre send antivirus reports in the same envelope. */
function findReport(branch: Branch, depth: number): string | undefined {
  if (/^AV_?Report/i.test(branch.name)) return clip(branch.name)
  if (depth === 0) return undefined
  for (const child of branch.children) {
    const found = findReport(child, depth - 1)
    if (found) return found
  }
  return undefined
}

function findAttachments(
  reading: Reading,
  root: Branch,
  inside: Branch | undefined,
  manifest: Branch | undefined,
): readonly Branch[] {
  const beside = reading.all(root, 'AttachmentEncoded')
  const withContent = manifest ? reading.all(manifest, 'Attachment').filter(hasContent) : []
  const places = [beside.length > 0, inside !== undefined && !isBlank(inside), withContent.length > 0].filter(Boolean)
  if (places.length > 1 || beside.length > 1) throw new BusError('LT_ENV_AMBIGUOUS', { element: 'AttachmentEncoded' })
  if (beside[0]) return reading.all(beside[0], 'Attachment')
  return inside ? reading.all(inside, 'Attachment', 'edXMLAttachment') : withContent
}

function hasContent(attachment: Branch): boolean {
  return attachment.children.some((child) => child.name === 'Content' || child.name === 'ContentTransferEncoded')
}

function dialectOf(
  root: Branch,
  envelope: Branch,
  header: Branch,
  inside: Branch | undefined,
  manifest: Branch | undefined,
  traceList: Branch | undefined,
): PacketParts['dialect'] {
  if (envelope.namespace !== QCVN_102 || envelope === root || header === envelope) return 'D3'
  if (inside) return 'D5'
  if (header.name === 'Status' || traceList?.children.some((child) => child.name === 'Business')) return 'D6'
  if (manifest?.name === 'Manifest') return 'D2'
  const encoded = root.children.find((child) => child.name === 'AttachmentEncoded')
  return encoded && prefixOf(encoded.element) !== '' ? 'D1h' : 'D1'
}
