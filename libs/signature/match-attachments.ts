import { equalBytes } from './bytes.ts'
import type { SignatureReference } from './read-signature.ts'
import { SignatureFault } from './signature-fault.ts'

/** An attachment whose bytes were really read. */
export interface SeenAttachment {
  /** Content id without `cid:` and angle brackets. */
  readonly contentId: string
  /** SHA-256 of the attachment's own bytes (decoded when it came as Base64). */
  readonly sha256: Uint8Array
}

/** The attachments and the signed manifest must name each other one to one, with equal digests. */
export function matchAttachments(manifest: readonly SignatureReference[], seen: readonly SeenAttachment[]): void {
  const open = new Map<string, Uint8Array>()
  for (const { contentId, sha256 } of seen) {
    if (open.has(contentId)) throw mismatch(contentId)
    open.set(contentId, sha256)
  }
  for (const { uri, digestValue } of manifest) {
    const contentId = contentIdOf(uri as string)
    const digest = open.get(contentId)
    if (!digest || !equalBytes(digest, digestValue)) throw mismatch(contentId)
    open.delete(contentId)
  }
  for (const contentId of open.keys()) throw mismatch(contentId)
}

/** `cid:` URI of a content id (RFC 2392): what a URI cannot hold is percent-encoded. */
export function contentIdUri(contentId: string): string {
  return `cid:${encodeURIComponent(contentId).replace(/%40/g, '@')}`
}

function contentIdOf(uri: string): string {
  const tail = uri.slice('cid:'.length)
  try {
    return decodeURIComponent(tail)
  } catch {
    return tail
  }
}

function mismatch(contentId: string): SignatureFault {
  return new SignatureFault('invalid', 'LT_SIG_ATTACHMENT_MISMATCH', { contentId: contentId.slice(0, 120) })
}
