import { type Digest, HASH_BYTES, sameBytes } from './hash-bytes.ts'
import { nodeHash } from './tree-hash.ts'
import { half, isOdd, isSize, isSubtree } from './tree-shape.ts'

/** The claim that a leaf stands at `index` under the root of the tree with `size` leaves. */
export interface InclusionClaim {
  readonly index: number
  readonly size: number
  readonly leafHash: Uint8Array
  readonly proof: readonly Uint8Array[]
  readonly root: Uint8Array
}

/** Checks an inclusion proof (RFC 9162 2.1.3.2). Whatever is wrong with the claim, the answer is `false`, never an exception. */
export async function verifyInclusion(digest: Digest, claim: InclusionClaim): Promise<boolean> {
  const { index, size, leafHash, proof, root } = claim
  if (!isSize(index) || !isSize(size) || index >= size || leafHash.length !== HASH_BYTES) return false
  let node = index
  let last = size - 1
  let hash = leafHash
  for (const sibling of proof) {
    if (last === 0 || sibling.length !== HASH_BYTES) return false
    if (isOdd(node) || node === last) {
      hash = await nodeHash(digest, sibling, hash)
      while (!isOdd(node) && node !== 0) {
        node = half(node)
        last = half(last)
      }
    } else {
      hash = await nodeHash(digest, hash, sibling)
    }
    node = half(node)
    last = half(last)
  }
  return last === 0 && sameBytes(hash, root)
}

/** The same for the root of the subtree over leaves `start` … `end - 1`, a range that `isSubtree` accepts. */
export async function verifySubtreeInclusion(
  digest: Digest,
  claim: Omit<InclusionClaim, 'size'> & { readonly start: number; readonly end: number },
): Promise<boolean> {
  const { start, end, index, leafHash, proof, root } = claim
  if (!isSubtree(start, end) || !isSize(index) || index < start) return false
  return verifyInclusion(digest, { index: index - start, size: end - start, leafHash, proof, root })
}
