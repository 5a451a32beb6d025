import type { Bus } from '../../libs/bus/index.ts'
import { SUBJECTS } from '../../libs/model/index.ts'
import { sabotaged } from '../../libs/runtime/index.ts'
import { type Pool, takeDueDispatches } from '../../libs/store/index.ts'

/** Dispatches taken by one sweep at most. */
const SWEEP_LIMIT = 500

/**
 * Publishes accepted dispatches again whose routing is overdue: the message was lost, NATS was wiped, or the gateway died
 * between commit and publication. Returns how many were due.
 */
export async function sweepDispatches(pool: Pool, bus: Bus): Promise<number> {
  if (sabotaged('dropped-sweep')) return 0
  const due = await takeDueDispatches(pool, SWEEP_LIMIT)
  await Promise.allSettled(
    due.map(({ id, lane, version, publish_round }) =>
      bus.publishWork(SUBJECTS.dispatchAccepted(lane), Buffer.from(JSON.stringify({ id })), {
        msgId: `${id}-${version}-${publish_round}`,
      }),
    ),
  )
  return due.length
}
