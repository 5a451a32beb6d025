import { BusError } from '../errors/index.ts'
import { type Digest, fromHex, HASH_BYTES, toHex } from './hash-bytes.ts'
import { emptyRoot, nodeHash } from './tree-hash.ts'
import { half, isOdd, isSize } from './tree-shape.ts'

/** The right edge of a tree: all that is needed to append to it and to know its root. */
export interface Frontier {
  /** Number of leaves. */
  readonly size: number
  /** Roots of the complete subtrees the tree consists of, largest (leftmost) first: one per set bit of `size`. */
  readonly hashes: readonly Uint8Array[]
}

export const EMPTY_FRONTIER: Frontier = { size: 0, hashes: [] }

/** Told of every complete node as it comes to be, leaves (level 0) included. */
export type OnNode = (level: number, index: number, hash: Uint8Array) => void

/** The frontier after these leaf hashes. The one given stays as it was, so a rolled-back append costs nothing. */
export async function appendLeaves(
  digest: Digest,
  frontier: Frontier,
  leafHashes: Iterable<Uint8Array>,
  onNode?: OnNode,
): Promise<Frontier> {
  const hashes = [...frontier.hashes]
  let { size } = frontier
  for (const leaf of leafHashes) {
    if (leaf.length !== HASH_BYTES) throw new RangeError('A tree hash has 32 bytes')
    let hash = leaf
    onNode?.(0, size, hash)
    for (let level = 0, index = size; isOdd(index); level++, index = half(index)) {
      hash = await nodeHash(digest, hashes.pop() as Uint8Array, hash)
      onNode?.(level + 1, half(index), hash)
    }
    hashes.push(hash)
    size++
  }
  return { size, hashes }
}

/** RFC 6962 root of the tree whose right edge this is. */
export async function frontierRoot(digest: Digest, { hashes }: Frontier): Promise<Uint8Array> {
  const last = hashes.at(-1)
  if (!last) return emptyRoot(digest)
  let root = last
  for (const left of hashes.slice(0, -1).reverse()) root = await nodeHash(digest, left, root)
  return root
}

/** A frontier as JSON carries it. */
export interface FrontierJson {
  readonly size: number
  /** Hex. */
  readonly hashes: readonly string[]
}

export function frontierToJson({ size, hashes }: Frontier): FrontierJson {
  return { size, hashes: hashes.map(toHex) }
}

/**
 * Reads what `frontierToJson` wrote.
 * @throws BusError `LT_LOG_FRONTIER_UNREADABLE` when it is not a frontier: wrong shape, or not one hash per set bit of the size
 */
export function frontierFromJson(value: unknown): Frontier {
  const { size, hashes } = (value ?? {}) as { size?: unknown; hashes?: unknown }
  if (typeof size !== 'number' || !isSize(size) || !Array.isArray(hashes))
    throw new BusError('LT_LOG_FRONTIER_UNREADABLE')
  const bytes = hashes.map((hash: unknown) => (typeof hash === 'string' ? fromHex(hash) : undefined))
  const whole = bytes.filter((hash) => hash?.length === HASH_BYTES) as Uint8Array[]
  if (whole.length !== bytes.length || whole.length !== setBits(size)) throw new BusError('LT_LOG_FRONTIER_UNREADABLE')
  return { size, hashes: whole }
}

function setBits(size: number): number {
  return size.toString(2).replaceAll('0', '').length
}
