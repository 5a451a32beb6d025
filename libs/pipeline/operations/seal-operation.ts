import { EVENTS, type EventName } from '../../model/index.ts'
import { sabotaged } from '../../runtime/index.ts'
import { type AuditDraft, type SealedEntry, sealEntry } from '../seal-entry.ts'
import type { PlannedMove } from './judge-consignment.ts'
import { type Cause, type ConsignmentAction, causeDetails } from './operation.ts'

/** The entry of an action on a consignment. */
export const EVENT_OF: Readonly<Record<ConsignmentAction, EventName>> = {
  hold: EVENTS.held,
  release: EVENTS.released,
  requeue: EVENTS.requeued,
  close: EVENTS.operatorClosed,
}

export type OwnedEntry = SealedEntry & { readonly owner: string }

/**
 * The entries of one move in the order of cause: what the operator did, then what follows from it for the parties. Who and why stand
 * in the first; the others have the details that receipts are made of.
 */
export function sealMove(action: ConsignmentAction, move: PlannedMove, cause: Cause, at: Date): OwnedEntry[] {
  if (sabotaged('unaudited-action')) return []
  const { agency, from, to, system } = move
  const own = (event: EventName, details: AuditDraft['details']): OwnedEntry => ({
    owner: move.id,
    ...sealEntry({ event, dispatchId: move.dispatch, consignmentId: move.id, details: { agency, ...details } }, at),
  })
  const entries = [own(EVENT_OF[action], { from, state: to, ...causeDetails(cause) })]
  if (to === 'DEAD') entries.push(own(EVENTS.deadLettered, { system, reason: 'LT_OPS_CLOSED', text: cause.reason }))
  if (move.mode !== null && move.mode !== move.fromMode)
    entries.push(own(EVENTS.reassigned, { from: move.fromMode, to: move.mode }))
  if (to === 'QUEUED') entries.push(own(EVENTS.pushQueued, { state: to, lane: move.lane }))
  if (to === 'AVAILABLE') entries.push(own(EVENTS.available, { state: to, lane: move.lane }))
  return entries
}

/** That a closed dispatch is open again, once for each dispatch of these moves; written only where it was closed. */
export function sealReopenings(moves: readonly PlannedMove[], cause: Cause, at: Date): OwnedEntry[] {
  if (sabotaged('unaudited-action')) return []
  const firsts = new Map(moves.map((move) => [move.dispatch, move.id]))
  return [...firsts].map(([dispatchId, consignment]) => ({
    owner: dispatchId,
    ...sealEntry({ event: EVENTS.reopened, dispatchId, details: { consignment, ...causeDetails(cause) } }, at),
  }))
}
