import { BusError } from '../../../libs/errors/index.ts'
import { type AuditDraft, Committer, sealEntry } from '../../../libs/pipeline/index.ts'
import { sabotaged } from '../../../libs/runtime/index.ts'
import { type ConsignmentMove, type MovedConsignment, moveConsignments, type Pool } from '../../../libs/store/index.ts'

/** What a receiver wants to happen to one consignment, decided on the version it saw. */
export interface WantedMove extends Partial<Omit<ConsignmentMove, 'id' | 'version' | 'at'>> {
  readonly id: string
  readonly version: number
  readonly entry?: AuditDraft
}

export type ConsignmentMover = Committer<WantedMove, MovedConsignment | undefined>

/**
 * Moves of consignments by their receivers, many in one commit, each a compare-and-set. The result is `undefined` when the row
 * had changed meanwhile: the caller reads it again and decides anew.
 */
export function openMover(
  pool: Pool,
  options: { maxBatch: number; maxWaiting: number; onMoved: () => void },
): ConsignmentMover {
  return new Committer<WantedMove, MovedConsignment | undefined>(
    {
      async write(batch, eventTime) {
        const at = eventTime.toISOString()
        const moves = batch.map(({ entry: _, ...move }) => ({ ...STAYS, ...move, at }))
        const entries = batch.flatMap(({ id, entry }) =>
          entry && !sabotaged('move-without-entry') ? [{ owner: id, ...sealEntry(entry, eventTime) }] : [],
        )
        const moved = await moveConsignments(pool, moves, entries)
        if (entries.length > 0) options.onMoved()
        return batch.map(({ id }) => moved.get(id))
      },
      explain: (_, error) => new BusError('LT_STORE_UNAVAILABLE', {}, { cause: error }),
    },
    options,
    { keyOf: ({ id }) => id },
  )
}

const STAYS: Omit<ConsignmentMove, 'id' | 'version' | 'at'> = {
  state: null,
  lease_token: null,
  lease_seconds: null,
  lease_system: null,
  refusal_reason: null,
  refusal_text: null,
  handed_over: false,
  ended: false,
}
