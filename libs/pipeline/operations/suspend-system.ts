import { BusError } from '../../errors/index.ts'
import { EVENTS, SUBJECTS } from '../../model/index.ts'
import { operateSystem, readSystem, renewClocks, renewPushes } from '../../store/index.ts'
import { sealEntry } from '../seal-entry.ts'
import { type Cause, causeDetails, type Operations, type Subject } from './operation.ts'

/**
 * Suspends a system, or lets it act again; every service follows within seconds, an acceptance asks in its own statement. What
 * waited for the end of a suspension begins its time to live, and its terms, then. Answers whether anything changed.
 * @throws BusError LT_REG_UNKNOWN_SYSTEM, LT_STORE_UNAVAILABLE
 */
export async function changeSuspension(
  { pool, bus, directory }: Operations,
  { action, system: code }: Extract<Subject, { on: 'system' }>,
  cause: Cause,
): Promise<boolean> {
  const system = await readSystem(pool, code)
  if (!system) throw new BusError('LT_REG_UNKNOWN_SYSTEM', { system: code.slice(0, 64) })
  const suspends = action === 'suspend'
  const event = suspends ? EVENTS.systemSuspended : EVENTS.systemResumed
  const details = { system: code, ...causeDetails(cause) }
  // Before it counts as resumed: whoever sees that must not find an age from the time of its suspension.
  if (!suspends && system.suspendedAt !== null) {
    await renewPushes(pool, directory.agenciesOf(code))
    await renewClocks(pool, directory.agenciesOf(code))
  }
  const outcome = await operateSystem(pool, { id: system.id, reason: suspends ? cause.reason : null }, [
    { owner: system.id, ...sealEntry({ event, details }, new Date()) },
  ])
  if (outcome === 'changed') {
    bus?.publish(SUBJECTS.registryChanged)
    bus?.publish(SUBJECTS.auditPending)
  }
  return outcome === 'changed'
}
