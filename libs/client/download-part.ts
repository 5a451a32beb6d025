import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { localError } from './transport/client-error.ts'
import type { OpenAnswer, Transport } from './transport/transport.ts'

/** Which part, and where it goes. */
export interface DownloadedPart {
  readonly consignment: string
  readonly lease: string
  readonly part: { readonly ordinal: number; readonly size: number; readonly sha256: string }
  /** A file that does not exist yet, or that an earlier try left behind. */
  readonly file: string
}

/**
 * Fetches one part to a file, with fsync, and checks size and SHA-256. A broken line or damaged bytes begin it again.
 * @throws ClientError LT_CLIENT_CONTENT_DAMAGED, LT_CLIENT_FOLDER_UNUSABLE, and every refusal of the axis
 */
export async function downloadPart(
  transport: Transport,
  wanted: DownloadedPart,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { consignment, lease, part, file } = wanted
  const query = new URLSearchParams({ lease }).toString()
  const path = `/v1/consignments/${encodeURIComponent(consignment)}/parts/${part.ordinal}?${query}`
  await transport.streamed({ method: 'GET', path, signal }, (answer) => writePart(answer, part, file))
}

async function writePart(answer: OpenAnswer, part: DownloadedPart['part'], file: string): Promise<void> {
  const target = await guarded(file, () => open(file, 'w', 0o600))
  try {
    const hash = createHash('sha256')
    let size = 0
    for await (const chunk of answer.body) {
      hash.update(chunk)
      size += chunk.length
      if (size > part.size) break
      await guarded(file, () => target.writeFile(chunk))
    }
    if (size !== part.size || hash.digest('hex') !== part.sha256) {
      throw localError('LT_CLIENT_CONTENT_DAMAGED', { part: part.ordinal })
    }
    await guarded(file, () => target.sync())
  } finally {
    await target.close()
  }
}

async function guarded<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw localError('LT_CLIENT_FOLDER_UNUSABLE', { folder: file }, { cause })
  }
}
