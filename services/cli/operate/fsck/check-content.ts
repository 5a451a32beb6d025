import type { BlobStore } from '../../../../libs/blobs/index.ts'
import { BusError } from '../../../../libs/errors/index.ts'
import { sabotaged } from '../../../../libs/runtime/index.ts'
import type { CheckedPart, DispatchBundle } from '../../../../libs/store/index.ts'
import { type Finding, finding } from './finding.ts'

export interface ContentCheck {
  /** Without it files are not looked at. */
  readonly blobs?: BlobStore | undefined
  /** Every byte is read. */
  readonly digests: boolean
}

/** The parts of one dispatch: rows, files, sizes, and, where asked for, digests. A file is read in small chunks. */
export async function checkContent(bundle: DispatchBundle, { blobs, digests }: ContentCheck): Promise<Finding[]> {
  const { dispatch, parts } = bundle
  const found: Finding[] = []
  if (parts.length === 0)
    found.push(finding('content-row', dispatch.id, { what: 'parts', expected: 'at least one', found: 'none' }))
  if (dispatch.content_state !== 'KEPT') {
    if (!dispatch.proven)
      found.push(finding('proof-missing', dispatch.id, { what: 'content_proof', expected: 'a row', found: 'none' }))
    if (dispatch.content_state === 'DELETED') found.push(...(await checkGone(bundle, blobs)))
    return found
  }
  for (const part of parts) {
    found.push(...checkRow(part, parts[0]), ...checkBytes(part))
    if (blobs && part.path !== null) found.push(...(await checkFile(part, part.path, blobs, digests)))
  }
  return found
}

const nameOf = ({ dispatch_id, ordinal }: CheckedPart): string => `${dispatch_id}/${ordinal}`

function checkRow(part: CheckedPart, first: CheckedPart | undefined): Finding[] {
  const { role, path, stored_size, range_start, range_end } = part
  if (part.erased || (role !== 'attachment' && path === null && stored_size === null))
    return [finding('content-row', nameOf(part), { what: 'part', expected: 'bytes or a file', found: 'neither' })]
  if (range_start === null || range_end === null) return []
  if (range_start < range_end && range_end <= (first?.size ?? 0)) return []
  return [
    finding('content-range', nameOf(part), {
      what: 'range',
      expected: `within ${first?.size ?? 0}`,
      found: `${range_start}-${range_end}`,
    }),
  ]
}

function checkBytes(part: CheckedPart): Finding[] {
  const { size, sha256, stored_size, stored_sha256 } = part
  if (stored_size === null) return []
  if (stored_size !== size)
    return [finding('content-size', nameOf(part), { what: 'bytes in the row', expected: size, found: stored_size })]
  if (!stored_sha256 || stored_sha256.equals(sha256) || sabotaged('fsck-blind-to-digest')) return []
  return [differs(part, stored_sha256.toString('hex'))]
}

async function checkFile(part: CheckedPart, path: string, blobs: BlobStore, digests: boolean): Promise<Finding[]> {
  const size = await blobs.measure(path)
  if (size === undefined)
    return [finding('content-missing', nameOf(part), { what: path, expected: 'a file', found: 'none' })]
  if (size !== part.size)
    return [finding('content-size', nameOf(part), { what: path, expected: part.size, found: size })]
  if (!path.endsWith(part.sha256.toString('hex'))) return [differs(part, path)]
  if (!digests || sabotaged('fsck-blind-to-digest')) return []
  try {
    // A whole read is hashed on the way and fails at its end when the digest does not fit.
    for await (const chunk of blobs.read(path)) void chunk
    return []
  } catch (error) {
    if (error instanceof BusError && error.code === 'LT_STORE_CONTENT_DAMAGED') return [differs(part, 'another digest')]
    throw error
  }
}

function differs(part: CheckedPart, found: string): Finding {
  return finding('content-digest', nameOf(part), { what: 'SHA-256', expected: part.sha256.toString('hex'), found })
}

/** Deleted is deleted: neither bytes nor files. */
async function checkGone({ dispatch, parts }: DispatchBundle, blobs: BlobStore | undefined): Promise<Finding[]> {
  const left = parts.filter(({ erased, stored_size }) => !erased || stored_size !== null).map(nameOf)
  for (const { path } of parts) if (blobs && path !== null && (await blobs.measure(path)) !== undefined) left.push(path)
  return left.map((what) => finding('content-undeleted', dispatch.id, { what, expected: 'nothing', found: 'content' }))
}
