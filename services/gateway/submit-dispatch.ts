import type { BlobStore, StoredBlob } from '../../libs/blobs/index.ts'
import { BusError, isBusError } from '../../libs/errors/index.ts'
import { laneOf } from '../../libs/model/index.ts'
import type { Committer } from '../../libs/pipeline/index.ts'
import { crashPoint, sabotaged } from '../../libs/runtime/index.ts'
import {
  type FoundSubmission,
  findSubmission,
  isServerTrouble,
  keepSubmissionKey,
  type Pool,
  wasNeverSent,
} from '../../libs/store/index.ts'
import type { Acceptance } from './accept-dispatches.ts'
import type { AcceptableSubmission } from './admission/acceptable-submission.ts'
import {
  type AdmissionOptions,
  admitSubmission,
  type RefusalFacts,
  type SubmissionRequest,
} from './admission/admit-submission.ts'
import { maintenanceRefusal } from './admission/check-maintenance.ts'
import type { PreparedSubmission } from './admission/pack-batch.ts'
import type { StagedParts } from './admission/receive-parts.ts'
import type { RefusalRecorder } from './admission/record-refusals.ts'

export interface SubmitOptions extends AdmissionOptions {
  readonly pool: Pool
  readonly blobs: BlobStore
  readonly acceptance: Committer<PreparedSubmission, Acceptance>
  readonly refusals: RefusalRecorder
}

/** The accepted submission; `repeated` when the same bytes had been accepted before. */
export interface Submitted {
  readonly repeated: boolean
  readonly found: FoundSubmission
}

/**
 * Submits a document: every check, content to disk, one commit, then the answer (P1). The same bytes from the same system get
 * the first receipt again (P7). @throws BusError with the code of the check that refuses, recorded
 */
export async function submitDispatch(request: SubmissionRequest, options: SubmitOptions): Promise<Submitted> {
  const facts: RefusalFacts = {}
  try {
    const admitted = await admitSubmission(request, options, facts)
    if (admitted.kind === 'repeat') {
      await keepKey(options.pool, { ...request, contentHash: admitted.contentHash }, admitted.dispatchId)
      return { repeated: true, found: await readFound(options.pool, admitted.dispatchId) }
    }
    return await accept(admitted.submission, admitted.staged, options)
  } catch (error) {
    if (isBusError(error)) await options.refusals.record({ systemId: request.system.id, error, ...facts })
    throw error
  }
}

async function accept(
  submission: AcceptableSubmission,
  staged: StagedParts,
  options: SubmitOptions,
): Promise<Submitted> {
  const { dispatchId, opened } = submission
  // What the commit needs was read; the tree's memory is not the collector's.
  opened[Symbol.dispose]()
  try {
    const stored = await keepParts(submission, options.blobs)
    crashPoint('gateway-kept')
    const urgent = laneOf(opened.envelope.priority) === 'urgent'
    const result = await options.acceptance.submit({ submission, stored }, urgent).catch(async (error: unknown) => {
      if (isBusError(error) && wasNotWritten(error)) await options.blobs.remove(dispatchId)
      throw error
    })
    if (result.outcome === 'accepted') {
      return { repeated: false, found: foundOf(submission, result) }
    }
    if (result.outcome === 'suspended') {
      await options.blobs.remove(dispatchId)
      throw new BusError('LT_AUTH_SUSPENDED', { system: submission.system.code })
    }
    if (result.outcome === 'maintenance') {
      await options.blobs.remove(dispatchId)
      throw maintenanceRefusal(options.maintenance())
    }
    const winner = (await options.known.find(submission)).sameContent
    if (winner === undefined) throw new BusError('LT_SUB_BUSY')
    if (winner !== dispatchId) await options.blobs.remove(dispatchId)
    await keepKey(options.pool, submission, winner)
    return { repeated: true, found: await readFound(options.pool, winner) }
  } finally {
    await staged.discard()
  }
}

/** Whether surely nothing refers to what was kept. After an unknown outcome a row may. */
function wasNotWritten(error: BusError): boolean {
  return error.entry.status < 500 || error.code === 'LT_SUB_BUSY' || wasNeverSent(error) || isServerTrouble(error.cause)
}

/**
 * From now on the caller's key stands for these bytes, also where they were accepted under another key or by another request.
 * @throws BusError LT_SUB_KEY_REUSED: a request at the same time took it for other bytes
 */
async function keepKey(
  pool: Pool,
  { idempotencyKey: key, system, contentHash }: Pick<AcceptableSubmission, 'idempotencyKey' | 'system' | 'contentHash'>,
  dispatchId: string,
): Promise<void> {
  if (key === undefined) return
  const used = await keepSubmissionKey(pool, { systemId: system.id, key, contentHash, dispatchId })
  const thisHash = contentHash.toString('hex')
  if (used && used.contentHash !== thisHash)
    throw new BusError('LT_SUB_KEY_REUSED', { key, firstHash: used.contentHash, thisHash, dispatchId: used.dispatchId })
}

/** Puts every part under the dispatch. No row can refer to them yet: when one cannot be kept, none is. */
async function keepParts(submission: AcceptableSubmission, blobs: BlobStore): Promise<StoredBlob[]> {
  const kept = await Promise.allSettled(submission.parts.map((part) => part.staged.keep(submission.dispatchId)))
  const failed = kept.find((result) => result.status === 'rejected')
  if (failed) {
    await blobs.remove(submission.dispatchId)
    throw failed.reason
  }
  return kept.map((result) => (result as PromiseFulfilledResult<StoredBlob>).value)
}

function foundOf(
  submission: AcceptableSubmission,
  result: Extract<Acceptance, { outcome: 'accepted' }>,
): FoundSubmission {
  return {
    dispatch_id: submission.dispatchId,
    state: 'ACCEPTED',
    content_hash: submission.contentHash,
    receipt_id: result.receiptId,
    receipt_xml: result.xml,
    recipients: submission.recipients.map(({ agencyCode, asWritten }, i) => ({
      agency: agencyCode,
      consignment: result.consignments[i] as string,
      asWritten,
    })),
    facts: { warnings: submission.warnings },
    signature: { ...submission.signature },
  }
}

async function readFound(pool: Pool, dispatchId: string): Promise<FoundSubmission> {
  const found = await findSubmission(pool, dispatchId)
  if (!found) throw new BusError('LT_SUB_BUSY')
  return sabotaged('fresh-receipt')
    ? { ...found, receipt_xml: Buffer.concat([found.receipt_xml, Buffer.from('\n')]) }
    : found
}
