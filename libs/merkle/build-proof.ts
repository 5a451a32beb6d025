import type { Digest } from './hash-bytes.ts'
import { emptyRoot, nodeHash } from './tree-hash.ts'
import { isSize, isSubtree, splitPoint } from './tree-shape.ts'

/** The stored hash over leaves `index · 2^level` … of a complete subtree; level 0 are the leaf hashes. */
export type GetNode = (level: number, index: number) => Uint8Array | Promise<Uint8Array>

/** Root over leaves `start` … `end - 1`: an aligned complete range is one stored node, anything else is hashed from its halves. */
export async function rangeRoot(digest: Digest, start: number, end: number, getNode: GetNode): Promise<Uint8Array> {
  const size = end - start
  if (size <= 0) return emptyRoot(digest)
  const level = Math.log2(size)
  if (Number.isInteger(level)) return getNode(level, start / size)
  const middle = start + splitPoint(size)
  const left = await rangeRoot(digest, start, middle, getNode)
  return nodeHash(digest, left, await rangeRoot(digest, middle, end, getNode))
}

/**
 * Inclusion proof of leaf `index` in the tree with `size` leaves (RFC 6962 2.1.1), leaf's sibling first.
 * @throws RangeError when the tree has no such leaf
 */
export async function inclusionProof(
  digest: Digest,
  size: number,
  index: number,
  getNode: GetNode,
): Promise<Uint8Array[]> {
  if (!isSize(size) || !isSize(index) || index >= size) throw new RangeError('The tree has no such leaf')
  const proof: Uint8Array[] = []
  let [start, end] = [0, size]
  while (end - start > 1) {
    const middle = start + splitPoint(end - start)
    if (index < middle) {
      proof.push(await rangeRoot(digest, middle, end, getNode))
      end = middle
    } else {
      proof.push(await rangeRoot(digest, start, middle, getNode))
      start = middle
    }
  }
  return proof.reverse()
}

/**
 * Consistency proof between the trees with `size1` and `size2` leaves (RFC 6962 2.1.2).
 * @throws RangeError unless 0 < `size1` ≤ `size2`
 */
export async function consistencyProof(
  digest: Digest,
  size1: number,
  size2: number,
  getNode: GetNode,
): Promise<Uint8Array[]> {
  return subtreeConsistencyProof(digest, { start: 0, end: size1, size: size2 }, getNode)
}

/**
 * Proof that the subtree over leaves `start` … `end - 1` lies in the tree with `size` leaves (draft-ietf-plants-merkle-tree-certs 4.4.1).
 * @throws RangeError unless the range is a subtree of that tree
 */
export async function subtreeConsistencyProof(
  digest: Digest,
  range: { readonly start: number; readonly end: number; readonly size: number },
  getNode: GetNode,
): Promise<Uint8Array[]> {
  const { start, end, size } = range
  if (!isSize(size) || !isSubtree(start, end) || end > size) throw new RangeError('The tree has no such subtree')
  const proof: Uint8Array[] = []
  let [from, to] = [0, size]
  // Until the verifier's own hash stands for the node reached, i.e. while the range is still a left edge of what remains.
  let known = true
  while (from < start || to > end) {
    const middle = from + splitPoint(to - from)
    if (end <= middle) {
      proof.push(await rangeRoot(digest, middle, to, getNode))
      to = middle
    } else {
      proof.push(await rangeRoot(digest, from, middle, getNode))
      known &&= middle <= start
      from = middle
    }
  }
  if (!known) proof.push(await rangeRoot(digest, from, to, getNode))
  return proof.reverse()
}
