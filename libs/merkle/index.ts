export {
  consistencyProof,
  type GetNode,
  inclusionProof,
  rangeRoot,
  subtreeConsistencyProof,
} from './build-proof.ts'
export { canonicalJson, type JsonValue } from './canonical-json.ts'
export {
  appendLeaves,
  EMPTY_FRONTIER,
  type Frontier,
  type FrontierJson,
  frontierFromJson,
  frontierRoot,
  frontierToJson,
  type OnNode,
} from './frontier.ts'
export { type Digest, fromHex, HASH_BYTES, toHex } from './hash-bytes.ts'
export { parseTilePath, TILE_HEIGHT, TILE_WIDTH, type Tile, tileOf, tilePath, tileWidth } from './tiles.ts'
export { detailsDigest, emptyRoot, type LeafEntry, leafBytes, leafHash, nodeHash, SALT_BYTES } from './tree-hash.ts'
export { isSubtree } from './tree-shape.ts'
export {
  type ConsistencyClaim,
  type SubtreeClaim,
  verifyConsistency,
  verifySubtreeConsistency,
} from './verify-consistency.ts'
export { type InclusionClaim, verifyInclusion, verifySubtreeInclusion } from './verify-inclusion.ts'
