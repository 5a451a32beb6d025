import { BusError } from '../../errors/index.ts'
import { EVENTS } from '../../model/index.ts'
import {
  operateSystem,
  type Queryable,
  readSystem,
  renewClocks,
  renewPushes,
  seeSuspension,
} from '../../store/index.ts'
import { sealEntry } from '../seal-entry.ts'
import { type Cause, causeDetails, type Operations, type Subject } from './operation.ts'

type OnSystem = Extract<Subject, { on: 'system' }>

/**
 * Begins anew the time to live, and the terms, of what waited for a system that is about to be resumed, in commits of its own: whoever
 * sees it resumed must not find an age from the time of its suspension. Nothing where it does not stand suspended,
 * or not as it was seen. @throws BusError LT_STORE_UNAVAILABLE
 */
export async function renewBeforeResume(
  { pool, directory }: Pick<Operations, 'pool' | 'directory'>,
  { action, system: code, seen }: OnSystem,
): Promise<void> {
  const stands = action === 'resume' ? await seeSuspension(pool, code) : undefined
  if (!stands?.since || (seen && stands.since !== seen.since)) return
  await renewPushes(pool, directory.agenciesOf(code))
  await renewClocks(pool, directory.agenciesOf(code))
}

/**
 * Suspends a system, or lets it act again; every service follows within seconds, an acceptance asks in its own statement. Answers
 * whether anything changed. @throws BusError LT_REG_UNKNOWN_SYSTEM, LT_STORE_UNAVAILABLE
 */
export async function changeSuspension(
  database: Queryable,
  { action, system: code, seen }: OnSystem,
  cause: Cause,
): Promise<boolean> {
  const system = await readSystem(database, code)
  if (!system) throw new BusError('LT_REG_UNKNOWN_SYSTEM', { system: code.slice(0, 64) })
  const suspends = action === 'suspend'
  const event = suspends ? EVENTS.systemSuspended : EVENTS.systemResumed
  const details = { system: code, ...causeDetails(cause) }
  const wanted = { id: system.id, reason: suspends ? cause.reason : null, ...(seen ? { seen } : {}) }
  const outcome = await operateSystem(database, wanted, [
    { owner: system.id, ...sealEntry({ event, details }, new Date()) },
  ])
  return outcome === 'changed'
}
