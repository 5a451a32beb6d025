import { type BusinessRequest, withdraws } from '../../libs/model/index.ts'
import { sabotaged } from '../../libs/runtime/index.ts'
import type { LockedConsignment } from '../../libs/store/index.ts'

/** What a request comes to for one consignment, and whether its receiver has, or may have, seen the document. */
export interface Decision {
  readonly outcome: 'withdrawn' | 'pending' | 'void'
  readonly seen: boolean
}

/** Where nothing has left the axis yet: a held one was taken out of the mailbox, or out of the queue, by an operator. */
const WAITING: readonly string[] = ['AVAILABLE', 'QUEUED', 'HELD']

/**
 * A document that surely has not left is taken back at once; from then on it cannot be leased or pushed. With a lease out, an attempt
 * begun, handed over or acknowledged, its receiver has it or may have it: the request stands beside the state until the receiver
 * answers. An update takes nothing back. What its receiver refused, or what ended without a chance to be seen, leaves nothing to ask.
 */
export function decideWithdrawal(action: BusinessRequest['action'], row: LockedConsignment): Decision {
  const touched = row.leased || row.attempt > 0 || row.handed_over_at !== null
  if (row.state === 'RECALLED') return { outcome: 'void', seen: touched }
  if (row.state === 'REFUSED') return { outcome: 'void', seen: true }
  if ((row.state === 'EXPIRED' || row.state === 'DEAD') && !touched) return { outcome: 'void', seen: false }
  if (!withdraws(action)) return { outcome: 'pending', seen: true }
  const free = WAITING.includes(row.state) && !touched
  return free || sabotaged('recall-of-handed-over')
    ? { outcome: 'withdrawn', seen: false }
    : { outcome: 'pending', seen: true }
}
