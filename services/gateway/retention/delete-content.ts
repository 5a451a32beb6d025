import { EVENTS } from '../../../libs/model/index.ts'
import { sealEntry } from '../../../libs/pipeline/index.ts'
import { defineEvent, type Logger, sabotaged } from '../../../libs/runtime/index.ts'
import {
  beginDeletion,
  type ClassifyPlace,
  classifyContent,
  type DueContent,
  type DuePlace,
  endDeletion,
  eraseContent,
  findBegunDeletions,
  findDueContent,
  inTransaction,
  lockContent,
  type Pool,
} from '../../../libs/store/index.ts'
import { type ProofSource, proveContent } from './prove-content.ts'

/** Dispatches looked at in one page. */
const PAGE = 200

/** Points between two steps; a process may die at each of them. */
export type DeletionStep = 'proved' | 'begun' | 'unlinked' | 'erased'

export interface Deletion extends ProofSource {
  readonly pool: Pool
  readonly log: Logger
  /** Tests end here what a kill would end. */
  readonly onStep?: (step: DeletionStep, dispatchId: string) => void | Promise<void>
}

const contentDeleted = defineEvent({ name: 'content_deleted', text: 'content deleted by retention', labels: [] })

/**
 * Deletes content whose time is over: deletion committed (with what proves the signature), files unlinked and their folder synced, rows
 * emptied, then DELETED with its entry. What a dead process left half done is finished first. Answers how many were deleted.
 */
export async function deleteDueContent(deletion: Deletion, signal?: AbortSignal): Promise<number> {
  let deleted = 0
  if (!sabotaged('unresumed-deletion')) {
    for (const id of await findBegunDeletions(deletion.pool, 10 * PAGE)) deleted += await finish(deletion, id)
  }
  let place: ClassifyPlace | undefined
  do place = await classifyContent(deletion.pool, { after: place })
  while (place && !signal?.aborted)
  let after: DuePlace | undefined
  do {
    const page = await findDueContent(deletion.pool, PAGE, after)
    for (const due of page) {
      if (signal?.aborted) return deleted
      deleted += await deleteOne(deletion, due)
    }
    after = page.at(-1)
  } while (after)
  return deleted
}

/** Content that cannot be read stays: without the packet nothing proves its signature. An operator finds it with fsck. */
async function deleteOne(deletion: Deletion, { id, accepted_at }: DueContent): Promise<number> {
  const { pool, blobs, log, onStep } = deletion
  try {
    const proof = await proveContent(deletion, id, accepted_at)
    await onStep?.('proved', id)
    if (sabotaged('unlink-before-commit')) await blobs.remove(id)
    const begun = await inTransaction(pool, async (client) => {
      await lockContent(client, id)
      return beginDeletion(client, id, proof)
    })
    if (!begun) {
      await classifyContent(pool, { ids: [id], limit: 0 })
      return 0
    }
    await onStep?.('begun', id)
    return await finish(deletion, id)
  } catch (error) {
    log.error({ err: error, dispatchId: id }, 'content was not deleted')
    return 0
  }
}

/** Every step may be done again: whoever comes after a crash does all of them. */
async function finish({ pool, blobs, log, onStep }: Deletion, id: string): Promise<number> {
  await blobs.remove(id)
  await onStep?.('unlinked', id)
  await eraseContent(pool, id)
  await onStep?.('erased', id)
  const entry = sealEntry(
    { event: EVENTS.contentDeleted, dispatchId: id, details: { reason: 'retention' } },
    new Date(),
  )
  if (!(await endDeletion(pool, id, [{ owner: id, ...entry }]))) return 0
  contentDeleted(log, { dispatchId: id })
  return 1
}
