import { type Digest, HASH_BYTES, sameBytes } from './hash-bytes.ts'
import { emptyRoot, nodeHash } from './tree-hash.ts'
import { half, isOdd, isSize, isSubtree } from './tree-shape.ts'

/** The claim that the tree with `size2` leaves begins with the leaves of the tree with `size1`. */
export interface ConsistencyClaim {
  readonly size1: number
  readonly size2: number
  readonly root1: Uint8Array
  readonly root2: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/**
 * Checks a consistency proof (RFC 9162 2.1.4.2). Whatever is wrong with the claim, the answer is `false`, never an exception.
 * The empty tree is consistent with every tree, which proves nothing: `size1` 0 is `false`.
 */
export async function verifyConsistency(digest: Digest, claim: ConsistencyClaim): Promise<boolean> {
  const { size1, size2, root1, root2, proof } = claim
  if (size1 === 0) return false
  return verifySubtreeConsistency(digest, { start: 0, end: size1, size: size2, subtreeRoot: root1, root: root2, proof })
}

/** The claim that `subtreeRoot` is the root over leaves `start` … `end - 1` of the tree with `size` leaves under `root`. */
export interface SubtreeClaim {
  readonly start: number
  readonly end: number
  readonly size: number
  readonly subtreeRoot: Uint8Array
  readonly root: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** Checks a subtree consistency proof (draft-ietf-plants-merkle-tree-certs 4.4.3). An empty range has the empty root and no proof. */
export async function verifySubtreeConsistency(digest: Digest, claim: SubtreeClaim): Promise<boolean> {
  const { start, end, size, subtreeRoot, root, proof } = claim
  if (!isSize(size) || !isSize(end) || end > size) return false
  if (start === end) return proof.length === 0 && sameBytes(subtreeRoot, await emptyRoot(digest))
  if (!isSubtree(start, end)) return false
  if (proof.some((hash) => hash.length !== HASH_BYTES)) return false

  let [first, node, last] = [start, end - 1, size - 1]
  const up = (): void => {
    ;[first, node, last] = [half(first), half(node), half(last)]
  }
  const whole = node === last
  while (first !== node && (whole || isOdd(node))) up()

  const path = first === node ? proof : proof.slice(1)
  const seed = first === node ? subtreeRoot : proof[0]
  if (!seed || (path.length > 0 && seed.length !== HASH_BYTES)) return false
  let inSubtree = seed
  let inTree = seed
  for (const hash of path) {
    if (last === 0) return false
    if (isOdd(node) || node === last) {
      if (first < node) inSubtree = await nodeHash(digest, hash, inSubtree)
      inTree = await nodeHash(digest, hash, inTree)
      while (!isOdd(node) && node !== 0) up()
    } else {
      inTree = await nodeHash(digest, inTree, hash)
    }
    up()
  }
  return last === 0 && sameBytes(inSubtree, subtreeRoot) && sameBytes(inTree, root)
}
