import { createHash } from 'node:crypto'

/** Label that stands in front of every content hash, so that a later rule can be told from this one. */
export const CONTENT_HASH_VERSION = 'lt-content-1'

export interface DetachedPart {
  readonly contentId: string
  /** SHA-256 of the attachment's bytes. */
  readonly sha256: Uint8Array
  readonly size: number
}

/**
 * The identity of a submission's bytes. Inline: SHA-256 of the packet as stored (what the compatible door calls `hash-file`).
 * Detached: SHA-256 over the label, the envelope part's SHA-256, then each attachment's content id, SHA-256 and size in
 * envelope order, every field preceded by its length in four bytes, big-endian.
 */
export function detachedContentHash(envelopeSha256: Uint8Array, parts: readonly DetachedPart[]): Buffer {
  const hash = createHash('sha256')
  const field = (bytes: Uint8Array): void => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    hash.update(length).update(bytes)
  }
  field(Buffer.from(CONTENT_HASH_VERSION))
  field(envelopeSha256)
  for (const part of parts) {
    field(Buffer.from(part.contentId))
    field(part.sha256)
    const size = Buffer.alloc(8)
    size.writeBigUInt64BE(BigInt(part.size))
    field(size)
  }
  return hash.digest()
}
