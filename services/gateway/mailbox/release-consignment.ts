import { BusError } from '../../../libs/errors/index.ts'
import type { OpenConsignment } from '../../../libs/store/index.ts'
import { checkLease } from './check-lease.ts'
import type { ConsignmentFinder } from './find-own.ts'
import type { ConsignmentMover } from './move-consignments.ts'

const TRIES = 4

/**
 * Ends a lease now: the consignment can be leased anew at once. The token stays good until somebody does, as after a lease that
 * ran out. A repeat succeeds again and changes nothing.
 * @throws BusError LT_BOX_NOT_FOUND, LT_BOX_LEASE_LOST, LT_BOX_LATE, LT_BOX_ALREADY_ENDED
 */
export async function releaseConsignment(
  options: { readonly find: ConsignmentFinder; readonly mover: ConsignmentMover },
  wanted: { readonly systemCode: string; readonly id: string; readonly token: string },
): Promise<{ readonly repeated: boolean; readonly row: OpenConsignment }> {
  for (let tries = 0; tries < TRIES; tries++) {
    const row = await options.find(wanted.systemCode, wanted.id)
    checkLease(row, wanted.token)
    if (!row.leased) return { repeated: true, row }
    const moved = await options.mover.submit(
      { id: row.id, version: row.version, lease_seconds: 0 },
      row.lane === 'urgent',
    )
    if (moved) return { repeated: false, row }
  }
  throw new BusError('LT_SUB_BUSY')
}
