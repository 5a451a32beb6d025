import { EVENTS, uuidv7 } from '../../model/index.ts'
import { type MaintenanceRow, type Queryable, updateMaintenance } from '../../store/index.ts'
import { sealEntry } from '../seal-entry.ts'
import { type Cause, causeDetails, type Subject } from './operation.ts'

const DEFAULT_PAUSE_S = 60
const LONGEST_PAUSE_S = 3600

/**
 * Begins or ends maintenance: new submissions are refused for a while, everything else goes on. Counts from its commit on, since
 * every acceptance asks in its own statement. Answers whether anything changed. @throws BusError LT_STORE_UNAVAILABLE
 */
export async function setMaintenance(
  database: Queryable,
  { begin, until, seen }: Extract<Subject, { on: 'axis' }>,
  cause: Cause,
): Promise<boolean> {
  const now = new Date()
  const owner = uuidv7(now.getTime())
  const event = begin ? EVENTS.maintenanceBegun : EVENTS.maintenanceEnded
  const details = { ...causeDetails(cause), ...(begin && until !== undefined ? { until } : {}) }
  const on = { reason: cause.reason, by: cause.operator.name, at: now.toISOString(), until: until ?? null }
  const entries = [{ owner, ...sealEntry({ event, details }, now) }]
  return updateMaintenance(database, begin ? on : null, owner, entries, seen)
}

/** Seconds after which a sender may ask again: until maintenance is expected to end, within reason. */
export function maintenancePause({ until }: Pick<MaintenanceRow, 'until'>, now: Date): number {
  if (!until) return DEFAULT_PAUSE_S
  const left = Math.ceil((until.getTime() - now.getTime()) / 1000)
  return left <= 0 ? DEFAULT_PAUSE_S : Math.min(left, LONGEST_PAUSE_S)
}
