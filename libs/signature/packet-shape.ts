import {
  attribute,
  attributes,
  childElements,
  childrenNamed,
  elementsInNamespace,
  firstChild,
  hasOuterInstructions,
  holdsOnlyElements,
  localName,
  namespaceUri,
  parentOf,
  textOf,
  XML_NAMESPACE,
  type XmlElement,
  type XmlTree,
} from '../xml/index.ts'
import { ATTACHMENTS_NAMESPACE, DSIG, DSIG_11, ENVELOPED, EXCLUSIVE, MANIFEST_TYPE, XMLENC } from './algorithms.ts'
import { type ReadSignature, readReference, type SignatureReference } from './read-signature.ts'
import { SignatureFault } from './signature-fault.ts'

/** `root`: the signature covers the whole document. `envelope-manifest`: the envelope, and a manifest of the attachments. */
export type PacketShapeName = 'root' | 'envelope-manifest'

export interface PacketShape {
  readonly name: PacketShapeName
  /** What each reference of the signature must resolve to, in order; undefined is the document. */
  readonly targets: readonly (XmlElement | undefined)[]
  readonly manifest: readonly SignatureReference[]
  /** Attachments that stand inline beside the envelope, outside the signed element. */
  readonly inlineCount: number
}

/** Digest values of the placeholder signatures that the public library and its samples carry. */
const SAMPLE_DIGESTS = new Set(['FwgIqsSYJshUS2+wlOM61L+q7Aw=', 'PrlYKdD8sksgnxFvUVtPIQ0pAqM='])
const MAX_MANIFEST = 1000
const KEY_INFO_DEPTH = 6

/**
 * Finds the one signature of a packet. Undefined when there is none (an empty placeholder element counts as none).
 * Throws SignatureFault for a second one, the library's sample, a lost namespace or a wrong place.
 */
export function findPacketSignature(tree: XmlTree): XmlElement | undefined {
  const signatures = elementsInNamespace(tree, DSIG).filter((element) => localName(element) === 'Signature')
  if (signatures.length > 1) throw new SignatureFault('invalid', 'LT_SIG_MULTIPLE', { count: signatures.length })
  const lookalikes = headersOf(tree).flatMap(lookalikesIn)
  const [signature] = signatures
  for (const element of signature ? [signature, ...lookalikes] : lookalikes) {
    if (isSample(element)) throw new SignatureFault('sample', 'LT_SIG_SAMPLE')
  }
  if (lookalikes.length > 0) {
    if (signature) throw new SignatureFault('invalid', 'LT_SIG_MULTIPLE', { count: lookalikes.length + 1 })
    throw new SignatureFault('unverifiable', 'LT_SIG_NAMESPACE')
  }
  if (!signature) return undefined
  const parent = parentOf(signature)
  if (!parent || !headersOf(tree).includes(parent)) {
    throw new SignatureFault('invalid', 'LT_SIG_MISPLACED', {
      parent: parent ? localName(parent).slice(0, 60) : '(root)',
    })
  }
  return signature
}

/** Which of the two accepted shapes a signature claims; throws SignatureFault when neither (design 2.2). */
export function readPacketShape(tree: XmlTree, signature: ReadSignature): PacketShape {
  if (signature.keyInfo) checkKeyInfo(signature.keyInfo, 0)
  const method = firstChild(signature.signedInfo, 'SignatureMethod', DSIG)
  if (method && childElements(method).length > 0) {
    throw new SignatureFault('invalid', 'LT_SIG_STRUCTURE', { detail: 'parameters of SignatureMethod' })
  }
  const [first, second, ...more] = signature.references
  if (more.length > 0 || !first) throw shapeFault('more than two references')
  if (first.transforms[0]?.algorithm !== ENVELOPED) throw shapeFault('the first reference is not enveloped')
  if (first.uri === '') {
    if (second || signature.objects.length > 0) throw shapeFault('a whole-packet signature with further parts')
    return { name: 'root', targets: [undefined], manifest: [], inlineCount: 0 }
  }
  const envelope = parentOf(parentOf(signature.element) as XmlElement) as XmlElement
  const id = attribute(envelope, 'id', XML_NAMESPACE)
  if (envelope === tree.root || id === undefined || first.uri !== `#${id}`) {
    throw shapeFault('the first reference is neither the packet nor its envelope')
  }
  if (first.transforms[1]?.algorithm !== EXCLUSIVE) throw shapeFault('the envelope is not in exclusive canonical form')
  if (!second) throw shapeFault('no manifest of attachments')
  const manifest = findManifest(signature)
  const manifestId = attribute(manifest, 'Id')
  if (second.type !== MANIFEST_TYPE || manifestId === undefined || second.uri !== `#${manifestId}`) {
    throw shapeFault('the second reference is not the manifest')
  }
  if (second.transforms.some(({ algorithm }) => algorithm === ENVELOPED)) throw shapeFault('an enveloped manifest')
  return {
    name: 'envelope-manifest',
    targets: [envelope, manifest],
    manifest: readManifest(manifest),
    inlineCount: countInline(tree, envelope),
  }
}

function findManifest(signature: ReadSignature): XmlElement {
  const [object, ...others] = signature.objects
  const wrapper = object && onlyElementIn(object)
  if (!wrapper || others.length > 0) throw shapeFault('not exactly one object with one element')
  if (localName(wrapper) !== 'Attachments' || namespaceUri(wrapper) !== ATTACHMENTS_NAMESPACE) {
    throw shapeFault('the object does not hold the attachments')
  }
  const manifest = onlyElementIn(wrapper)
  if (!manifest || localName(manifest) !== 'Manifest' || namespaceUri(manifest) !== DSIG) {
    throw shapeFault('the attachments do not hold one manifest')
  }
  return manifest
}

function readManifest(manifest: XmlElement): SignatureReference[] {
  const children = holdsOnlyElements(manifest) ? childElements(manifest) : undefined
  if (!children || children.length > MAX_MANIFEST) throw shapeFault('the manifest does not hold references only')
  return children.map((element) => {
    const reference = readReference(element)
    if (!reference.uri?.startsWith('cid:')) throw shapeFault('a manifest reference is not a content id')
    if (reference.transforms.length > 0 || reference.digestAlgorithm !== `${XMLENC}sha256`) {
      throw shapeFault('a manifest reference is not a plain SHA-256')
    }
    return reference
  })
}

/**
 * The envelope must be the only child of the root besides the block of inline attachments, and the root must say nothing of its
 * own: neither its attributes nor instructions before and after it are signed in this shape.
 */
function countInline(tree: XmlTree, envelope: XmlElement): number {
  if (attributes(tree.root).length > 0) throw shapeFault('unsigned attributes on the root')
  if (hasOuterInstructions(tree)) throw shapeFault('an unsigned instruction beside the root')
  const others = childElements(tree.root).filter((element) => element !== envelope)
  const [block, ...more] = others
  if (parentOf(envelope) !== tree.root || more.length > 0 || !holdsOnlyElements(tree.root)) {
    throw shapeFault('the envelope does not stand alone in the packet')
  }
  if (!block) return 0
  if (localName(block) !== 'AttachmentEncoded') throw shapeFault('an unsigned element stands beside the envelope')
  return childElements(block).length
}

/** KeyInfo is not signed: only key material may stand in it, nothing a reader could take for packet content. */
function checkKeyInfo(element: XmlElement, depth: number): void {
  const namespace = namespaceUri(element)
  if ((namespace !== DSIG && namespace !== DSIG_11) || depth > KEY_INFO_DEPTH) {
    throw new SignatureFault('invalid', 'LT_SIG_STRUCTURE', { detail: 'foreign element in KeyInfo' })
  }
  for (const child of childElements(element)) checkKeyInfo(child, depth + 1)
}

/** Headers where the packet form has them: in the root, or in an element of the root. */
function headersOf(tree: XmlTree): XmlElement[] {
  const top = childElements(tree.root)
  return [...top, ...top.flatMap(childElements)].filter((element) => localName(element).toLowerCase() === 'edxmlheader')
}

/** Signatures whose namespace was lost or never right; an empty element is a place left free. */
function lookalikesIn(header: XmlElement): XmlElement[] {
  return [...childrenNamed(header, 'Signature'), ...childrenNamed(header, 'DigitalSignature')].filter(
    (element) => namespaceUri(element) !== DSIG && childElements(element).length > 0,
  )
}

function isSample(signature: XmlElement): boolean {
  const info = childElements(signature).find((element) => localName(element) === 'SignedInfo')
  const reference = info && childElements(info).find((element) => localName(element) === 'Reference')
  const value = reference && childElements(reference).find((element) => localName(element) === 'DigestValue')
  return value !== undefined && SAMPLE_DIGESTS.has(textOf(value).trim())
}

function onlyElementIn(element: XmlElement): XmlElement | undefined {
  const children = childElements(element)
  return children.length === 1 && holdsOnlyElements(element) ? children[0] : undefined
}

function shapeFault(detail: string): SignatureFault {
  return new SignatureFault('unverifiable', 'LT_SIG_SHAPE', { detail })
}
