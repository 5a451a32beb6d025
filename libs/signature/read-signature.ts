import {
  attribute,
  childElements,
  holdsOnlyElements,
  localName,
  namespaceUri,
  onlyTextOf,
  type XmlElement,
} from '../xml/index.ts'
import { DSIG, ENVELOPED, EXCLUSIVE } from './algorithms.ts'
import { decodeBase64 } from './bytes.ts'
import { SignatureFault } from './signature-fault.ts'

const MAX_REFERENCES = 64
const MAX_TRANSFORMS = 8
const MAX_CERTIFICATES = 8
/** Characters of a Base64 value or a list of prefixes; the longest honest value, of RSA 8192, has 1,368. */
const MAX_TEXT = 4096

export interface TransformStep {
  readonly algorithm: string
  readonly inclusivePrefixes: readonly string[]
}

export interface SignatureReference {
  /** Undefined when the attribute is missing. */
  readonly uri: string | undefined
  readonly type: string | undefined
  readonly transforms: readonly TransformStep[]
  readonly digestAlgorithm: string
  readonly digestValue: Uint8Array
  readonly element: XmlElement
}

/** A `ds:Signature` taken apart. Its parts are where XMLDSig puts them and nowhere else. */
export interface ReadSignature {
  readonly element: XmlElement
  readonly signedInfo: XmlElement
  readonly canonicalization: TransformStep
  readonly signatureAlgorithm: string
  readonly references: readonly SignatureReference[]
  readonly signatureValue: Uint8Array
  readonly keyInfo: XmlElement | undefined
  /** Texts of the X509Certificate elements, white space removed. */
  readonly certificates: readonly string[]
  readonly objects: readonly XmlElement[]
}

/** Takes a signature apart, refusing every ambiguity (RFC 3275, 4). */
export function readSignature(element: XmlElement): ReadSignature {
  const [signedInfo, value, ...rest] = children(element)
  expectNamed(signedInfo, 'SignedInfo', 'Signature')
  expectNamed(value, 'SignatureValue', 'Signature')
  const keyInfo = rest[0] && localName(rest[0]) === 'KeyInfo' ? rest.shift() : undefined
  for (const each of rest) expectNamed(each, 'Object', 'Signature')

  const [method, signatureMethod, ...references] = children(signedInfo)
  expectNamed(method, 'CanonicalizationMethod', 'SignedInfo')
  expectNamed(signatureMethod, 'SignatureMethod', 'SignedInfo')
  if (references.length === 0) broken('SignedInfo without Reference')
  if (references.length > MAX_REFERENCES) broken(`more than ${MAX_REFERENCES} references`)

  return {
    element,
    signedInfo,
    canonicalization: readStep(method),
    signatureAlgorithm: algorithmOf(signatureMethod),
    references: references.map(readReference),
    signatureValue: bytesOf(value),
    keyInfo,
    certificates: keyInfo ? readCertificateTexts(keyInfo) : [],
    objects: rest,
  }
}

/** One `ds:Reference` of a SignedInfo or a Manifest. */
export function readReference(element: XmlElement): SignatureReference {
  expectNamed(element, 'Reference', 'its parent')
  const parts = children(element)
  const transforms = parts[0] && localName(parts[0]) === 'Transforms' ? parts.shift() : undefined
  const [method, value, ...rest] = parts
  expectNamed(method, 'DigestMethod', 'Reference')
  expectNamed(value, 'DigestValue', 'Reference')
  if (rest.length > 0) broken('unknown element in Reference')
  const steps = transforms ? children(transforms) : []
  if (steps.length > MAX_TRANSFORMS) broken(`more than ${MAX_TRANSFORMS} transforms`)
  for (const step of steps) expectNamed(step, 'Transform', 'Transforms')
  return {
    uri: attribute(element, 'URI'),
    type: attribute(element, 'Type'),
    transforms: steps.map(readStep),
    digestAlgorithm: algorithmOf(method),
    digestValue: bytesOf(value),
    element,
  }
}

function readStep(element: XmlElement): TransformStep {
  const algorithm = algorithmOf(element)
  const inner = childElements(element)
  const inclusive = inner.find((each) => localName(each) === 'InclusiveNamespaces' && namespaceUri(each) === EXCLUSIVE)
  if (algorithm === ENVELOPED && inner.length > 0) broken('parameters of the enveloped transform')
  if (algorithm.startsWith(EXCLUSIVE) && inner.length > (inclusive ? 1 : 0)) broken('parameters of exclusive C14N')
  const prefixes = inclusive && attribute(inclusive, 'PrefixList')
  if (prefixes && prefixes.length > MAX_TEXT) broken('a PrefixList that is too long')
  return { algorithm, inclusivePrefixes: prefixes ? prefixes.trim().split(/\s+/).slice(0, 64) : [] }
}

function readCertificateTexts(keyInfo: XmlElement): string[] {
  const texts: string[] = []
  for (const data of childElements(keyInfo)) {
    if (localName(data) !== 'X509Data' || namespaceUri(data) !== DSIG) continue
    for (const each of childElements(data)) {
      if (localName(each) !== 'X509Certificate' || namespaceUri(each) !== DSIG) continue
      if (texts.length === MAX_CERTIFICATES) broken(`more than ${MAX_CERTIFICATES} certificates`)
      const text = onlyTextOf(each)
      if (text === undefined) broken('X509Certificate holds more than one text')
      texts.push(text.replace(/\s+/g, ''))
    }
  }
  return texts
}

function children(element: XmlElement): XmlElement[] {
  if (!holdsOnlyElements(element)) broken(`text, comment or instruction in ${localName(element)}`)
  return childElements(element)
}

function expectNamed(element: XmlElement | undefined, name: string, parent: string): asserts element is XmlElement {
  if (!element) broken(`${parent} without ${name}`)
  if (localName(element) !== name || namespaceUri(element) !== DSIG) {
    broken(`${localName(element).slice(0, 40)} where ${name} must stand`)
  }
}

function algorithmOf(element: XmlElement): string {
  const algorithm = attribute(element, 'Algorithm')
  if (!algorithm) broken(`${localName(element)} without Algorithm`)
  return algorithm
}

function bytesOf(element: XmlElement): Uint8Array {
  const text = onlyTextOf(element)
  if (text === undefined) broken(`${localName(element)} holds something else than one text`)
  if (text.length > MAX_TEXT) broken(`${localName(element)} is too long`)
  const bytes = decodeBase64(text)
  if (!bytes) broken(`${localName(element)} is not Base64`)
  return bytes
}

function broken(detail: string): never {
  throw new SignatureFault('invalid', 'LT_SIG_STRUCTURE', { detail })
}
