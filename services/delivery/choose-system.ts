import { SUBJECTS } from '../../libs/model/index.ts'
import type { SystemRow, WaitingPush } from '../../libs/store/index.ts'
import type { DeliveryConfig } from './config.ts'
import { endUnbegun, reassignToMailbox } from './end-attempt.ts'
import type { Endpoint } from './keep-breakers.ts'
import type { Stage } from './stage.ts'

/** A system with the address it wants to be called at. */
export type PushSystem = SystemRow & { readonly pushUrl: string }

/**
 * Whom to push to now, asked of the registry at this moment. `undefined`: to nobody. What has to follow from that was done: a
 * push whose time is over is dead; one whose system fetches by itself, or that has none, lies in the mailbox; that of a
 * suspended system waits and is looked at again by the sweeper.
 */
export async function chooseSystem(stage: Stage, push: WaitingPush): Promise<PushSystem | undefined> {
  const system = stage.registry.receivingSystem(push.agency_code)?.system
  if (system?.delivery !== 'push' || system.pushUrl === null) {
    if (await reassignToMailbox(stage, push)) stage.bus.publish(SUBJECTS.consignmentAvailable(push.agency_code))
    return undefined
  }
  if (push.age_ms >= timeToLiveMs(stage.config, system)) {
    await endUnbegun(stage, push, system.code, timeToLiveMs(stage.config, system))
    return undefined
  }
  return system.suspendedAt === null ? { ...system, pushUrl: system.pushUrl } : undefined
}

/**
 * How long pushes to a system are tried: what was set for it, else the setting of the service. While it is suspended nothing ends by
 * its time: nobody may call, and its resumption begins the time of all that wait anew.
 */
export function timeToLiveMs(
  config: Pick<DeliveryConfig, 'timeToLiveMs'>,
  system: Pick<SystemRow, 'pushTtlMinutes' | 'suspendedAt'> | undefined,
): number {
  if (system && system.suspendedAt !== null) return Number.POSITIVE_INFINITY
  return system?.pushTtlMinutes == null ? config.timeToLiveMs : system.pushTtlMinutes * 60_000
}

/** The endpoint that pushes to a system go to. */
export function pushEndpoint({ id, code, pushUrl }: PushSystem): Endpoint {
  return { systemId: id, systemCode: code, purpose: 'push', url: pushUrl }
}
