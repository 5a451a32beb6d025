import { isBusError } from '../errors/index.ts'
import { elementsById, type XmlElement, type XmlTree } from '../xml/index.ts'
import { canonicalAlgorithms, type SignaturePolicy } from './algorithms.ts'
import { concatBytes, equalBytes } from './bytes.ts'
import { digestReference } from './digest-reference.ts'
import type { ReadSignature, SignatureReference } from './read-signature.ts'
import type { SignatureCrypto } from './signature-crypto.ts'
import { SignatureFault } from './signature-fault.ts'
import type { Splices } from './splices.ts'

export interface SignatureChecks<Key> {
  readonly policy: SignaturePolicy
  readonly crypto: SignatureCrypto<Key>
  /** The key the value is checked with. Throws a SignatureFault when there is none. */
  readonly resolveKey: (signature: ReadSignature) => Key | Promise<Key>
  /** Octets of a reference that is neither `URI=""` nor `#id`; without it such references are refused. */
  readonly dereference?: (reference: SignatureReference) => Uint8Array | undefined
  readonly splices?: Splices
}

export interface CheckedReference {
  readonly reference: SignatureReference
  /** Element signed; undefined for the whole document or octets from outside. */
  readonly element: XmlElement | undefined
  readonly digest: Uint8Array
}

/**
 * Core validation of one XML signature (RFC 3275, 3.2): every reference digest, then the value over SignedInfo.
 * Says nothing about who signed or whether the right part was signed. Throws SignatureFault, and nothing else, for
 * whatever the document holds.
 */
export async function verifySignature<Key>(
  tree: XmlTree,
  signature: ReadSignature,
  checks: SignatureChecks<Key>,
): Promise<CheckedReference[]> {
  const { policy, crypto } = checks
  if (!policy.signatures.has(signature.signatureAlgorithm)) throw refused(signature.signatureAlgorithm)
  const form = canonicalAlgorithms.get(signature.canonicalization.algorithm)
  if (!form || !policy.canonicalizations.has(signature.canonicalization.algorithm)) {
    throw refused(signature.canonicalization.algorithm)
  }
  for (const { digestAlgorithm } of signature.references) {
    if (!policy.digests.has(digestAlgorithm)) throw refused(digestAlgorithm)
  }
  try {
    const checked: CheckedReference[] = []
    for (const reference of signature.references) {
      checked.push(await checkReference(tree, signature.element, reference, checks))
    }
    const key = await checks.resolveKey(signature)
    const octets = canonicalSignedInfo(tree, signature, form)
    if (!(await crypto.verify(signature.signatureAlgorithm, key, octets, signature.signatureValue))) {
      throw new SignatureFault('invalid', 'LT_SIG_VALUE_MISMATCH')
    }
    return checked
  } catch (error) {
    if (isBusError(error)) throw new SignatureFault('unverifiable', error.code, error.params)
    throw error
  }
}

function canonicalSignedInfo(
  tree: XmlTree,
  signature: ReadSignature,
  form: { mode: 'inclusive' | 'exclusive' | 'inclusive11'; comments: boolean },
): Uint8Array {
  const chunks: Uint8Array[] = []
  const inclusivePrefixes = signature.canonicalization.inclusivePrefixes
  tree.canonicalize({ ...form, target: signature.signedInfo, inclusivePrefixes }, (chunk) => chunks.push(chunk.slice()))
  return concatBytes(chunks)
}

async function checkReference<Key>(
  tree: XmlTree,
  signature: XmlElement,
  reference: SignatureReference,
  checks: SignatureChecks<Key>,
): Promise<CheckedReference> {
  const { policy, crypto, splices, dereference } = checks
  const digest = crypto.createDigest(reference.digestAlgorithm)
  const octets = dereference?.(reference)
  let element: XmlElement | undefined
  let computed: Uint8Array
  if (octets) {
    digest.update(octets)
    computed = await digest.digest()
  } else {
    element = resolveTarget(tree, reference.uri)
    computed = await digestReference(tree, signature, reference, { element }, policy, digest, splices)
  }
  if (!equalBytes(computed, reference.digestValue)) {
    throw new SignatureFault('invalid', 'LT_SIG_DIGEST_MISMATCH', { reference: shown(reference.uri) })
  }
  return { reference, element, digest: computed }
}

/** `""` is the document; `#id` the one element that carries the id, in whatever attribute other verifiers would accept. */
function resolveTarget(tree: XmlTree, uri: string | undefined): XmlElement | undefined {
  if (uri === '') return undefined
  if (!uri?.startsWith('#') || uri.length < 2 || uri.includes('(')) {
    throw new SignatureFault('unverifiable', 'LT_SIG_SHAPE', { detail: `Reference URI ${shown(uri)}` })
  }
  const id = uri.slice(1)
  const [element, second] = elementsById(tree).get(id) ?? []
  if (!element) throw new SignatureFault('invalid', 'LT_SIG_REFERENCE_MISSING', { uri: shown(uri) })
  if (second) throw new SignatureFault('invalid', 'LT_SIG_DUPLICATE_ID', { id: shown(id) })
  return element
}

function refused(algorithm: string): SignatureFault {
  return new SignatureFault('unverifiable', 'LT_SIG_ALGORITHM', { algorithm: algorithm.slice(0, 120) })
}

function shown(uri: string | undefined): string {
  return uri === undefined ? '(none)' : uri === '' ? '(document)' : uri.slice(0, 120)
}
