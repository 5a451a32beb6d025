import { timingSafeEqual } from 'node:crypto'
import { BusError } from '../../../libs/errors/index.ts'
import { sabotaged } from '../../../libs/runtime/index.ts'
import type { OpenConsignment } from '../../../libs/store/index.ts'

/** Whether this token is the newest one given out; one that has run out and was not given anew is still good. */
export function holdsLease(row: OpenConsignment, token: string): boolean {
  const newest = Buffer.from(row.lease_token ?? '')
  const given = Buffer.from(token)
  return newest.length > 0 && newest.length === given.length && timingSafeEqual(newest, given)
}

/** Refuses to act on a consignment that ended, or under a token that was replaced. */
export function checkLease(row: OpenConsignment, token: string): void {
  const params = { consignmentId: row.id, state: row.state }
  if (row.state === 'RECALLED' || row.state === 'EXPIRED') throw new BusError('LT_BOX_LATE', params)
  if (row.state !== 'AVAILABLE' && row.state !== 'HANDED_OVER') throw new BusError('LT_BOX_ALREADY_ENDED', params)
  if (!holdsLease(row, token) && !sabotaged('unchecked-lease')) throw new BusError('LT_BOX_LEASE_LOST', params)
}
