import { canonicalJson } from './canonical-json.ts'
import { concat, type Digest, HASH_BYTES, toHex } from './hash-bytes.ts'

/** Length of the salt in front of an entry's details, in bytes. Fixed, so that salt and details cannot be cut elsewhere. */
export const SALT_BYTES = 16

const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)
const text = new TextEncoder()

/** What a leaf of the log says about an audit entry. Its details stay outside, behind a salted digest, and can be deleted. */
export interface LeafEntry {
  readonly id: string
  /** Event name. */
  readonly event: string
  /** Commit time, ISO 8601 in UTC with milliseconds. */
  readonly time: string
  /** From `detailsDigest`. */
  readonly detailsDigest: string
}

/** The bytes of a leaf: RFC 8785 of exactly the four members, whatever else the object carries. */
export function leafBytes({ id, event, time, detailsDigest }: LeafEntry): Uint8Array<ArrayBuffer> {
  return text.encode(canonicalJson({ detailsDigest, event, id, time }))
}

/** RFC 6962 2.1: hash of a leaf's bytes. */
export function leafHash<R extends Uint8Array | Promise<Uint8Array>>(digest: Digest<R>, leaf: Uint8Array): R {
  return digest(concat(LEAF, leaf))
}

/** RFC 6962 2.1: hash of an inner node. */
export function nodeHash<R extends Uint8Array | Promise<Uint8Array>>(
  digest: Digest<R>,
  left: Uint8Array,
  right: Uint8Array,
): R {
  if (left.length !== HASH_BYTES || right.length !== HASH_BYTES) throw new RangeError('A tree hash has 32 bytes')
  return digest(concat(NODE, left, right))
}

/** RFC 6962 2.1: root of the tree without leaves. */
export function emptyRoot<R extends Uint8Array | Promise<Uint8Array>>(digest: Digest<R>): R {
  return digest(new Uint8Array(0))
}

/** SHA-256(salt ‖ details) in hex. `details` is the text as stored; whoever lacks salt or text learns nothing from the digest. */
export function detailsDigest(digest: Digest<Uint8Array>, salt: Uint8Array, details: string): string
export function detailsDigest(digest: Digest<Promise<Uint8Array>>, salt: Uint8Array, details: string): Promise<string>
export function detailsDigest(digest: Digest, salt: Uint8Array, details: string): string | Promise<string> {
  if (salt.length !== SALT_BYTES) throw new RangeError(`A salt has ${SALT_BYTES} bytes`)
  const hash = digest(concat(salt, text.encode(details)))
  return hash instanceof Uint8Array ? toHex(hash) : hash.then(toHex)
}
