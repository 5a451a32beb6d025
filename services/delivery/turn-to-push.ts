import { EVENTS, SUBJECTS } from '../../libs/model/index.ts'
import { sealEntry } from '../../libs/pipeline/index.ts'
import { sabotaged } from '../../libs/runtime/index.ts'
import { findFreeConsignments, findWaitingPushes, turnToPush as moveToPush } from '../../libs/store/index.ts'
import { queuePushes } from './queue-pushes.ts'
import type { Stage } from './stage.ts'

/** Consignments moved in one commit at most. */
const BATCH = 200
/** Beside changes of the registry: another service may have consigned to the mailbox while its registry was seconds old. */
const LOOK_AGAIN_MS = 15_000

/** Gives to the push what waits in mailboxes of systems that want to be called by now. */
export function openTurner(stage: Stage): { look(): Promise<number> } {
  let looked = { version: -1, at: Number.NEGATIVE_INFINITY }

  return {
    /** One batch of each system; answers how many were moved. */
    async look() {
      if (sabotaged('forgotten-mailbox')) return 0
      const { version } = stage.registry
      if (looked.version === version && performance.now() - looked.at < LOOK_AGAIN_MS) return 0
      const at = performance.now()
      let moved = 0
      for (const system of [...stage.registry.systems]) {
        if (system.delivery === 'push' && system.suspendedAt === null) moved += await turnSystem(stage, system.code)
      }
      if (moved === 0) looked = { version, at }
      return moved
    },
  }
}

async function turnSystem(stage: Stage, systemCode: string): Promise<number> {
  const free = await findFreeConsignments(stage.pool, stage.registry.agenciesOf(systemCode), BATCH)
  if (free.length === 0) return 0
  const at = new Date()
  const entries = free.flatMap(({ id, dispatch_id: dispatchId, agency_code: agency, lane }) =>
    [
      { event: EVENTS.reassigned, details: { agency, from: 'pull', to: 'push', system: systemCode } },
      { event: EVENTS.pushQueued, details: { agency, state: 'QUEUED', lane } },
    ].map((draft) => ({ owner: id, ...sealEntry({ ...draft, dispatchId, consignmentId: id }, at) })),
  )
  const moved = await moveToPush(stage.pool, free, stage.config.sweepAfterMs, entries)
  if (moved.length === 0) return 0
  stage.bus.publish(SUBJECTS.auditPending)
  try {
    await queuePushes(stage, await findWaitingPushes(stage.pool, moved))
  } catch (error) {
    stage.log.debug({ err: error, system: systemCode }, 'the sweeper will queue what was turned to push')
  }
  return moved.length
}
