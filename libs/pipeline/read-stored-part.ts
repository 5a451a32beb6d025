import type { BlobStore } from '../blobs/index.ts'
import { BusError } from '../errors/index.ts'
import { type ContentPart, type Queryable, readPartBytes } from '../store/index.ts'

/** Where the content of dispatches lies. */
export interface ContentSource {
  readonly pool: Queryable
  readonly blobs: BlobStore
}

/**
 * The bytes of a part that is stored by itself: from its row or from its file. Attachments inside a packet are not.
 * @throws BusError LT_STORE_CONTENT_MISSING; a file's stream also fails with LT_STORE_CONTENT_DAMAGED
 */
export async function readStoredPart(
  source: ContentSource,
  dispatchId: string,
  part: Pick<ContentPart, 'ordinal' | 'path'>,
): Promise<Buffer | AsyncIterable<Uint8Array>> {
  if (part.path !== null) return source.blobs.read(part.path)
  const bytes = await readPartBytes(source.pool, dispatchId, part.ordinal)
  if (!bytes) throw new BusError('LT_STORE_CONTENT_MISSING', { path: `${dispatchId}/${part.ordinal}` })
  return bytes
}
