import { EVENTS, SUBJECTS } from '../../model/index.ts'
import { appendEntries, refillWork } from '../../store/index.ts'
import { sealEntry } from '../seal-entry.ts'
import { type Cause, causeDetails, checkReason, type Operations } from './operation.ts'

const BATCH = 2_000

/** How much was made due. */
export interface Rebuilt {
  readonly dispatches: number
  readonly consignments: number
}

/**
 * Fills NATS and Redis from PostgreSQL at once, after either was wiped: all work that waits is due now, and the sweepers are woken.
 * No state changes; work that was not lost is found twice, which its moves bear.
 * @param onProgress told after each batch
 * @throws BusError LT_STORE_UNAVAILABLE: the same again does the rest
 */
export async function rebuildWork(
  { pool, bus }: Pick<Operations, 'pool' | 'bus'>,
  cause: Cause,
  onProgress: (rebuilt: Rebuilt) => void = () => undefined,
): Promise<Rebuilt> {
  const because = { ...cause, reason: checkReason(cause.reason) }
  const begun = new Date()
  const rebuilt = { dispatches: 0, consignments: 0 }
  for (const [table, counter] of [
    ['dispatch', 'dispatches'],
    ['consignment', 'consignments'],
  ] as const) {
    for (;;) {
      const count = await refillWork(pool, table, begun, BATCH)
      if (count === 0) break
      rebuilt[counter] += count
      bus?.publish(SUBJECTS.workRefilled)
      onProgress({ ...rebuilt })
    }
  }
  const now = new Date()
  const details = { ...rebuilt, ...causeDetails(because) }
  await appendEntries(pool, [sealEntry({ event: EVENTS.workRefilled, details }, now)])
  bus?.publish(SUBJECTS.auditPending)
  return rebuilt
}
