import type { CanonicalOptions, XmlElement, XmlTree } from '../xml/index.ts'
import { canonicalAlgorithms, ENVELOPED, INCLUSIVE, type SignaturePolicy } from './algorithms.ts'
import type { SignatureReference } from './read-signature.ts'
import type { StreamingDigest } from './signature-crypto.ts'
import { SignatureFault } from './signature-fault.ts'
import { digestSpliced, type Splices } from './splices.ts'

/** What a reference points at, found by the caller: an element, or the whole document when undefined. */
export interface ReferenceTarget {
  readonly element: XmlElement | undefined
}

/**
 * Feeds the canonical octets of a same-document reference to a digest. Accepted chain of transforms: enveloped (at most
 * once), then one canonicalization; Canonical XML 1.0 when none is named (RFC 3275, 4.3.3.2). `URI=""` and `#id` never
 * include comments, whatever the algorithm says (RFC 3275, 4.3.3.3).
 */
export async function digestReference(
  tree: XmlTree,
  signature: XmlElement,
  reference: SignatureReference,
  target: ReferenceTarget,
  policy: SignaturePolicy,
  digest: StreamingDigest,
  splices: Splices | undefined,
): Promise<Uint8Array> {
  const options = canonicalOptions(reference, signature, target, policy)
  if (splices && splices.size > 0) {
    await digestSpliced(tree, options, splices, digest)
  } else {
    tree.canonicalize(options, (chunk) => digest.update(chunk))
  }
  return digest.digest()
}

function canonicalOptions(
  reference: SignatureReference,
  signature: XmlElement,
  target: ReferenceTarget,
  policy: SignaturePolicy,
): CanonicalOptions {
  const steps = [...reference.transforms]
  for (const { algorithm } of steps) {
    if (!policy.transforms.has(algorithm)) throw refusedTransform(algorithm)
  }
  const enveloped = steps[0]?.algorithm === ENVELOPED ? steps.shift() : undefined
  const form = steps.shift()
  const algorithm = canonicalAlgorithms.get(form?.algorithm ?? INCLUSIVE)
  if (!algorithm || steps.length > 0) throw refusedTransform(steps[0]?.algorithm ?? form?.algorithm ?? '')
  return {
    mode: algorithm.mode,
    comments: false,
    inclusivePrefixes: form?.inclusivePrefixes ?? [],
    ...(target.element ? { target: target.element } : {}),
    ...(enveloped ? { without: signature } : {}),
  }
}

function refusedTransform(transform: string): SignatureFault {
  return new SignatureFault('unverifiable', 'LT_SIG_TRANSFORM', { transform: transform.slice(0, 120) })
}
