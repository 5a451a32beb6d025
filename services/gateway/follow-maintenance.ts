import type { Logger } from '../../libs/runtime/index.ts'
import { type MaintenanceRow, type Pool, readMaintenance } from '../../libs/store/index.ts'
import { followValue } from './follow-value.ts'

const EVERY_MS = 1_000

/** Whether maintenance is on, read every second: what is refused early costs nothing. The acceptance itself asks the database. */
export function followMaintenance(pool: Pool, log: Logger, signal: AbortSignal): Promise<() => MaintenanceRow> {
  return followValue(() => readMaintenance(pool), { everyMs: EVERY_MS, log, signal })
}
