import { BusError } from '../../../libs/errors/index.ts'
import { maintenancePause } from '../../../libs/pipeline/index.ts'
import type { MaintenanceRow } from '../../../libs/store/index.ts'

/**
 * Keeps new submissions out during maintenance. Spares work only: the acceptance asks again in its own statement.
 * @throws BusError LT_OPS_MAINTENANCE, with how long to wait
 */
export function checkMaintenance(maintenance: MaintenanceRow): void {
  if (maintenance.since !== null) throw maintenanceRefusal(maintenance)
}

export function maintenanceRefusal(maintenance: MaintenanceRow): BusError {
  return new BusError('LT_OPS_MAINTENANCE', { retryAfterS: maintenancePause(maintenance, new Date()) })
}
