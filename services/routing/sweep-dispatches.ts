import type { Bus } from '../../libs/bus/index.ts'
import { type Lane, SUBJECTS } from '../../libs/model/index.ts'
import { crashPoint, sabotaged } from '../../libs/runtime/index.ts'
import { type Pool, takeDueDispatches } from '../../libs/store/index.ts'

const LANES: readonly Lane[] = ['urgent', 'normal']
/** Dispatches taken by one sweep at most. */
const SWEEP_LIMIT = 500

/**
 * Publishes accepted dispatches again whose routing is overdue: the message was lost, NATS was wiped, or the gateway died
 * between commit and publication. Makes the streams again where they are gone. Returns how many were due.
 */
export async function sweepDispatches(pool: Pool, bus: Bus): Promise<number> {
  if (sabotaged('dropped-sweep')) return 0
  // Taking moves the next time on: what cannot be sent now would only be sent later.
  if (!bus.connected) return 0
  const waiting = sabotaged('forgotten-streams') ? undefined : await bus.ensureStreams()
  // What is late because much lies before it in its lane needs no second message now.
  const lanes = LANES.filter((lane) => (waiting?.get(SUBJECTS.dispatchAccepted(lane)) ?? 0) < SWEEP_LIMIT)
  const due = await takeDueDispatches(pool, SWEEP_LIMIT, lanes)
  if (due.length > 0) crashPoint('routing-swept')
  await Promise.allSettled(
    due.map(({ id, lane, version, publish_round }) =>
      bus.publishWork(SUBJECTS.dispatchAccepted(lane), Buffer.from(JSON.stringify({ id })), {
        msgId: `${id}-${version}-${publish_round}`,
      }),
    ),
  )
  return due.length
}
