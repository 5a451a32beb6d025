import { BusError } from '../../../libs/errors/index.ts'
import { EVENTS } from '../../../libs/model/index.ts'
import { sabotaged } from '../../../libs/runtime/index.ts'
import type { OpenConsignment } from '../../../libs/store/index.ts'
import { checkLease } from './check-lease.ts'
import type { ConsignmentFinder } from './find-own.ts'
import type { ConsignmentMover } from './move-consignments.ts'

const TRIES = 4

/**
 * The consignment, for someone who holds its lease; nothing moves.
 * @throws BusError LT_BOX_NOT_FOUND, LT_BOX_LEASE_LOST, LT_BOX_LATE, LT_BOX_ALREADY_ENDED, LT_SUB_CONTENT_DELETED
 */
export async function findLeased(
  find: ConsignmentFinder,
  wanted: { systemCode: string; id: string; token: string },
): Promise<OpenConsignment> {
  const row = await find(wanted.systemCode, wanted.id)
  if (row.content_state !== 'KEPT') throw new BusError('LT_SUB_CONTENT_DELETED')
  checkLease(row, wanted.token)
  return row
}

/**
 * Marks a consignment as handed over. Resolves only after the commit: the first content byte leaves after that.
 * @throws BusError LT_BOX_NOT_FOUND, LT_BOX_LEASE_LOST, LT_BOX_LATE, LT_BOX_ALREADY_ENDED, LT_SUB_CONTENT_DELETED
 */
export async function handOver(
  options: { readonly find: ConsignmentFinder; readonly mover: ConsignmentMover },
  wanted: { systemCode: string; id: string; token: string },
): Promise<OpenConsignment> {
  for (let tries = 0; tries < TRIES; tries++) {
    const row = await findLeased(options.find, wanted)
    if (row.state !== 'AVAILABLE' || sabotaged('hand-over-unrecorded')) return row
    const entry = {
      event: EVENTS.handedOver,
      dispatchId: row.dispatch_id,
      consignmentId: row.id,
      details: { agency: row.agency_code, system: wanted.systemCode },
    }
    const moved = await options.mover.submit({
      id: row.id,
      version: row.version,
      state: 'HANDED_OVER',
      handed_over: true,
      entry,
    })
    if (moved) return row
  }
  throw new BusError('LT_SUB_BUSY')
}
