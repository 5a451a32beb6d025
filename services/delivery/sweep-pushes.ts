import { crashPoint, sabotaged } from '../../libs/runtime/index.ts'
import { findOverdueAttempts, takeDuePushes } from '../../libs/store/index.ts'
import { timeToLiveMs } from './choose-system.ts'
import { endAttempt } from './end-attempt.ts'
import { queuePushes } from './queue-pushes.ts'
import type { Stage } from './stage.ts'

/** Rows taken by one sweep at most. */
const SWEEP_LIMIT = 500

/**
 * Looks for what got lost on the way: attempts past their deadline are closed as ambiguous and repeated under the same id;
 * pushes that were due and not begun are queued again, however NATS and Redis lost them. Returns how many there were.
 */
export async function sweepPushes(stage: Stage): Promise<number> {
  if (sabotaged('dropped-push-sweep')) return 0
  const overdue = await findOverdueAttempts(stage.pool, SWEEP_LIMIT)
  await Promise.all(
    overdue.map(({ duration_ms, ...attempt }) => {
      const system = stage.registry.receivingSystem(attempt.agency_code)?.system
      // Its age has the time of the attempt in it already.
      const open = {
        ...attempt,
        age_ms: attempt.age_ms - duration_ms,
        system: system?.code ?? null,
        timeToLiveMs: timeToLiveMs(stage.config, system),
      }
      return endAttempt(
        stage,
        open,
        { outcome: 'ambiguous', fault: { code: 'LT_DLV_INTERRUPTED', params: {} } },
        duration_ms,
      )
    }),
  )
  // Without Redis nothing could be queued, and each round makes the next pause longer.
  if (!stage.queues.connected) return overdue.length
  const due = await takeDuePushes(stage.pool, SWEEP_LIMIT, stage.config.sweepAfterMs)
  if (due.length > 0) crashPoint('delivery-swept')
  await queuePushes(stage, due, { most: stage.config.queueLength })
  return overdue.length + due.length
}
