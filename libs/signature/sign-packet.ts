import { createHash, type KeyObject, sign, X509Certificate } from 'node:crypto'
import { BusError } from '../errors/index.ts'
import {
  attribute,
  childElements,
  elementsById,
  firstChild,
  localName,
  parseXml,
  XML_NAMESPACE,
  type XmlElement,
  type XmlTree,
} from '../xml/index.ts'
import { DSIG_MORE } from './algorithms.ts'
import type { PacketShapeName } from './packet-shape.ts'
import { findPacketSignature } from './packet-shape.ts'
import { localPart, scanTags, type Tag } from './scan-tags.ts'
import { SignatureFault } from './signature-fault.ts'
import { ENVELOPE_ID, MANIFEST_ID, type SignatureParts, signatureXml } from './signature-template.ts'

export interface PacketToSign {
  /** The unsigned packet; its bytes stay as they are around what is inserted. */
  readonly packet: Uint8Array
  /** Private key: RSA of at least 2048 bits, or EC P-256 or P-384. */
  readonly key: KeyObject
  /** The signer's certificate first, then the intermediate ones. */
  readonly chain: readonly (X509Certificate | string)[]
  readonly shape: PacketShapeName
  /** For `envelope-manifest`: SHA-256 of each attachment's own bytes, in envelope order. */
  readonly attachments?: readonly { readonly contentId: string; readonly sha256: Uint8Array }[]
}

const HUGE_TEXT = 9_000_000

/**
 * Signs a packet in one of the two shapes of the axis; the signature becomes the last child of the header. Plain XMLDSig
 * verifiers accept the result; attachments are bound through the manifest, which the axis checks.
 * @throws BusError LT_SIG_NOT_SIGNABLE and everything `parseXml` throws
 */
export function signPacket(input: PacketToSign): Buffer {
  const { key, shape } = input
  const chain = input.chain.map((each) => (typeof each === 'string' ? new X509Certificate(each) : each))
  if (!chain[0]?.checkPrivateKey(key)) throw notSignable('the key does not belong to the first certificate')
  const { hash, algorithm } = signatureAlgorithmOf(key)
  const bytes = Buffer.from(input.packet.buffer, input.packet.byteOffset, input.packet.byteLength)
  const places = findPlaces(bytes)
  if (!places) {
    parsePacket([bytes]).dispose()
    throw notSignable('no envelope with a header inside the root element')
  }
  const packet = shape === 'root' ? [bytes] : withEnvelopeId(bytes, places)

  using tree = parsePacket(packet)
  if (hasSignature(tree)) throw notSignable('it already carries a signature')
  const envelope = shape === 'root' ? undefined : envelopeOf(tree)
  const envelopeId = envelope && (attribute(envelope, 'id', XML_NAMESPACE) as string)
  if (
    envelope &&
    [envelopeId as string, MANIFEST_ID].some((id) =>
      (elementsById(tree).get(id) ?? []).some((each) => each !== envelope),
    )
  ) {
    throw notSignable('an id it needs is taken')
  }
  const parts: SignatureParts = {
    algorithm,
    certificates: chain.map(({ raw }) => raw),
    envelopeId,
    packetDigest: digestOf(tree, envelope),
    attachments: input.attachments ?? [],
  }
  const signature = signatureXml(parts, {
    digest: (text, path) => withElement(text, path, digestOf),
    sign: (text) =>
      withElement(text, ['SignedInfo'], (small, signedInfo) =>
        sign(hash, canonicalBytes(small, signedInfo), { key, dsaEncoding: 'ieee-p1363' }),
      ),
  })
  const moved = packet.length === 1 ? 0 : (packet[1] as Buffer).length
  const whole = Buffer.concat(packet)
  const at = places.headerEnd.start + moved
  return Buffer.concat([whole.subarray(0, at), Buffer.from(signature), whole.subarray(at)])
}

interface Places {
  readonly envelope: Tag
  readonly headerEnd: Tag
}

function findPlaces(bytes: Buffer): Places | undefined {
  let last: Tag | undefined
  for (const tag of scanTags(bytes)) {
    const isHeader = localPart(tag.name).toLowerCase() === 'edxmlheader'
    if (isHeader && tag.kind === 'close' && tag.depth === 3 && last) return { envelope: last, headerEnd: tag }
    if (tag.depth === 2 && tag.kind === 'open') last = tag
  }
  return undefined
}

/** Gives the envelope an `xml:id` unless it has one; three pieces when something was inserted. */
function withEnvelopeId(bytes: Buffer, { envelope }: Places): Buffer[] {
  const tag = bytes.toString('utf8', envelope.start, envelope.end)
  if (/\sxml:id\s*=/.test(tag)) return [bytes]
  const at = envelope.start + 1 + Buffer.byteLength(envelope.name)
  return [bytes.subarray(0, at), Buffer.from(` xml:id="${ENVELOPE_ID}"`), bytes.subarray(at)]
}

function parsePacket(pieces: readonly Buffer[]): XmlTree {
  const bytes = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
  return parseXml(bytes, { maxBytes: bytes.length, hugeText: bytes.length > HUGE_TEXT })
}

function hasSignature(tree: XmlTree): boolean {
  try {
    return findPacketSignature(tree) !== undefined
  } catch (error) {
    if (error instanceof SignatureFault) return true
    throw error
  }
}

function envelopeOf(tree: XmlTree): XmlElement {
  const isHeader = (each: XmlElement): boolean => localName(each).toLowerCase() === 'edxmlheader'
  const envelope = childElements(tree.root).find((each) => childElements(each).some(isHeader))
  if (!envelope) throw notSignable('no envelope with a header inside the root element')
  return envelope
}

function withElement<T>(text: string, path: readonly string[], use: (tree: XmlTree, element: XmlElement) => T): T {
  using tree = parseXml(Buffer.from(text))
  let element = tree.root
  for (const name of path) element = firstChild(element, name) as XmlElement
  return use(tree, element)
}

function digestOf(tree: XmlTree, target: XmlElement | undefined): Buffer {
  const hash = createHash('sha256')
  tree.canonicalize({ mode: 'exclusive', ...(target ? { target } : {}) }, (chunk) => hash.update(chunk))
  return hash.digest()
}

function canonicalBytes(tree: XmlTree, target: XmlElement): Buffer {
  const chunks: Buffer[] = []
  tree.canonicalize({ mode: 'exclusive', target }, (chunk) => chunks.push(Buffer.from(chunk)))
  return Buffer.concat(chunks)
}

function signatureAlgorithmOf(key: KeyObject): { hash: string; algorithm: string } {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'rsa' && modulusLength >= 2048)
    return { hash: 'sha256', algorithm: `${DSIG_MORE}rsa-sha256` }
  if (namedCurve === 'prime256v1') return { hash: 'sha256', algorithm: `${DSIG_MORE}ecdsa-sha256` }
  if (namedCurve === 'secp384r1') return { hash: 'sha384', algorithm: `${DSIG_MORE}ecdsa-sha384` }
  throw notSignable('the key is neither RSA of 2048 bits nor EC P-256 or P-384')
}

function notSignable(detail: string): BusError {
  return new BusError('LT_SIG_NOT_SIGNABLE', { detail })
}
