import { findWaitingPushes, type WaitingPush } from '../../libs/store/index.ts'
import { chooseSystem, type PushSystem, pushEndpoint } from './choose-system.ts'
import type { Stage } from './stage.ts'

/** A push that may be begun now, and where it goes. */
export interface PushTurn {
  readonly push: WaitingPush
  readonly system: PushSystem
}

/**
 * Waits until a push may be begun: while its endpoint's breaker is not closed, and until the system's rate has a place for it. The place in
 * the system's own queue is kept meanwhile and nothing is counted; whatever changed in the meantime is asked again. `undefined`: it
 * ended, is under way, went elsewhere, or the process is stopping.
 */
export async function awaitTurn(stage: Stage, id: string): Promise<PushTurn | undefined> {
  let paid = false
  while (!stage.stopping.aborted) {
    const turn = await findTurn(stage, id)
    if (!turn) return undefined
    const { system, push } = turn
    const endpoint = pushEndpoint(system)
    if (!stage.breakers.isClosed(endpoint)) {
      await stage.breakers.untilChanged(endpoint, stage.stopping)
      continue
    }
    if (system.pushPerMinute === null || paid) return turn
    const waited = await stage.pace.turn(system.id, system.pushPerMinute, push.lane === 'urgent')
    if (waited === false) return turn
    if (waited === undefined) return undefined
    paid = true
  }
  return undefined
}

/** The push as it waits now, and its system; what follows where there is none was done. */
export async function findTurn(stage: Stage, id: string): Promise<PushTurn | undefined> {
  const [push] = await findWaitingPushes(stage.pool, [id])
  const system = push && (await chooseSystem(stage, push))
  return push && system && { push, system }
}
