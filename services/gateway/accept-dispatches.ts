import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus } from '../../libs/bus/index.ts'
import { laneOf, SUBJECTS } from '../../libs/model/index.ts'
import { type BatchWork, Committer } from '../../libs/pipeline/index.ts'
import { crashPoint, type Logger, sabotaged } from '../../libs/runtime/index.ts'
import {
  type AcceptanceOutcome,
  findSubmission,
  type Pool,
  acceptDispatches as writeAcceptances,
} from '../../libs/store/index.ts'
import { explainAcceptance } from './admission/explain-acceptance.ts'
import type { KnownSubmissions } from './admission/find-known.ts'
import {
  type PackedBatch,
  type PackedReceipt,
  type PreparedSubmission,
  packBatch,
  type SigningContext,
} from './admission/pack-batch.ts'

/**
 * `duplicate`: the same bytes were accepted before, or by another request a moment ago; the first receipt stands.
 * `suspended`, `maintenance`: the system was suspended, or maintenance began, while the request was under way; nothing was written.
 */
export type Acceptance =
  | ({ readonly outcome: 'accepted' } & PackedReceipt)
  | { readonly outcome: 'duplicate' | 'suspended' | 'maintenance' }

export interface AcceptanceOptions {
  readonly pool: Pool
  readonly bus: Bus
  readonly log: Logger
  readonly known: KnownSubmissions
  /** Read at every batch: the origin changes with a new epoch of the log. */
  readonly context: () => SigningContext
  readonly maxBatch: number
  readonly maxWaiting: number
}

/** Bytes of small parts and receipts in one statement at most. */
const MAX_BATCH_BYTES = 8 * 1024 * 1024

/**
 * The one place where a document becomes the axis's responsibility. Everything that queued while the last batch was being
 * committed goes into the next: one statement, one commit, then every caller is answered and routing is told.
 */
export function openAcceptance(options: AcceptanceOptions): Committer<PreparedSubmission, Acceptance> {
  const { pool, known } = options
  const work: BatchWork<PreparedSubmission, Acceptance> = {
    async write(batch, eventTime) {
      const packed = packBatch(batch, eventTime, options.context())
      const outcomes = sabotaged('answer-before-commit')
        ? answerEarly(pool, packed)
        : await writeAcceptances(pool, packed)
      crashPoint('gateway-committed')
      announce(options, batch, outcomes)
      crashPoint('gateway-announced')
      return batch.map(({ submission }) => {
        const outcome = outcomes.get(submission.dispatchId) ?? 'suspended'
        return outcome === 'accepted'
          ? { outcome, ...(packed.packed.get(submission.dispatchId) as PackedReceipt) }
          : { outcome }
      })
    },
    async recover({ submission }) {
      const winner = (await known.find(submission)).sameContent
      if (winner === undefined) return undefined
      if (winner !== submission.dispatchId) return { outcome: 'duplicate' }
      const own = await findSubmission(pool, winner)
      if (!own) return undefined
      const consignments = own.recipients.map(({ consignment }) => consignment)
      return { outcome: 'accepted', receiptId: own.receipt_id, xml: own.receipt_xml, consignments }
    },
    explain: ({ submission }, error) => explainAcceptance(submission, error, known),
  }
  return new Committer(
    work,
    { maxBatch: options.maxBatch, maxWaiting: options.maxWaiting, maxWeight: MAX_BATCH_BYTES },
    { weigh },
  )
}

/** The answer is gone long before the commit. */
const EARLY_MS = 200

/** A planted defect: the caller hears of an acceptance that may never be written. */
function answerEarly(pool: Pool, packed: PackedBatch): Map<string, AcceptanceOutcome> {
  void sleep(EARLY_MS)
    .then(() => writeAcceptances(pool, packed))
    .catch(String)
  return new Map(packed.dispatches.map(({ id }) => [id, 'accepted']))
}

function weigh({ stored, submission }: PreparedSubmission): number {
  return stored.reduce((sum, blob) => sum + (blob.bytes?.length ?? 0), 8192 + 256 * submission.recipients.length)
}

/** Tells routing, after the commit. What does not get through now is published by the sweeper. */
function announce(
  { bus, log }: AcceptanceOptions,
  batch: readonly PreparedSubmission[],
  outcomes: ReadonlyMap<string, AcceptanceOutcome>,
): void {
  for (const { submission } of batch) {
    const id = submission.dispatchId
    if (outcomes.get(id) !== 'accepted') continue
    const subject = SUBJECTS.dispatchAccepted(laneOf(submission.opened.envelope.priority))
    bus.publishWork(subject, Buffer.from(JSON.stringify({ id })), { msgId: `${id}-1-0` }).catch((error: unknown) => {
      log.debug({ err: error }, 'not published; the sweeper will')
    })
  }
  bus.publish(SUBJECTS.auditPending)
}
