import { randomUUID } from 'node:crypto'
import { BusError } from '../../../libs/errors/index.ts'
import { EVENTS } from '../../../libs/model/index.ts'
import type { OpenConsignment, SystemRow } from '../../../libs/store/index.ts'
import type { Gateway } from '../gateway.ts'
import type { WantedMove } from '../mailbox/move-consignments.ts'

const TRIES = 4

type System = Pick<SystemRow, 'id' | 'code'>

/**
 * Moves a consignment of the system's mailbox as `plan` decides on the row it sees; `undefined` from it: nothing is to be done. The
 * system acts under a standing lease: only what it leased itself at the native door is left alone until that lease ends.
 * @throws BusError LT_BOX_NOT_FOUND, LT_BOX_LEASE_LOST, and what the plan throws
 */
async function moveAtDoor(
  { findConsignment, mover }: Pick<Gateway, 'findConsignment' | 'mover'>,
  system: System,
  id: string,
  plan: (row: OpenConsignment) => Omit<WantedMove, 'id' | 'version'> | undefined,
): Promise<OpenConsignment> {
  for (let tries = 0; tries < TRIES; tries++) {
    const row = await findConsignment(system.code, id)
    const move = plan(row)
    if (!move) return row
    if (row.leased) throw new BusError('LT_BOX_LEASE_LOST', { consignmentId: row.id, state: row.state })
    if (await mover.submit({ ...move, id: row.id, version: row.version }, row.lane === 'urgent')) return row
  }
  throw new BusError('LT_SUB_BUSY')
}

/** A lease that has run out already: the item goes behind those that were never fetched, and no worker is kept from it. */
const lapsed = (row: OpenConsignment, system: System): Partial<WantedMove> => ({
  lease_seconds: 0,
  lease_system: system.id,
  ...(row.lease_token === null ? { lease_token: randomUUID() } : {}),
})

const isOpen = ({ state }: OpenConsignment): boolean => state === 'AVAILABLE' || state === 'HANDED_OVER'

/** Its own word: nobody else gave it up, and it may still say that it has it. */
const gaveUp = (row: OpenConsignment): boolean =>
  row.state === 'DEAD' && row.refusal_reason === 'LT_DLV_RECEIVER_FAILED'

function entryOf(
  event: (typeof EVENTS)['handedOver' | 'taken' | 'acknowledged' | 'deadLettered'],
  row: OpenConsignment,
  system: System,
  details: NonNullable<WantedMove['entry']>['details'] = {},
): NonNullable<WantedMove['entry']> {
  return {
    event,
    dispatchId: row.dispatch_id,
    consignmentId: row.id,
    details: { agency: row.agency_code, system: system.code, ...details },
  }
}

function refuseEnded(row: OpenConsignment): never {
  const late = row.state === 'RECALLED' || row.state === 'EXPIRED'
  throw new BusError(late ? 'LT_BOX_LATE' : 'LT_BOX_ALREADY_ENDED', { consignmentId: row.id, state: row.state })
}

/** What was fetched and ended by its receiver's own word may be fetched again. */
const mayBeFetchedAgain = (row: OpenConsignment): boolean =>
  (row.state === 'ACKNOWLEDGED' || gaveUp(row)) && row.handed_over_at !== null

function checkFetchable(row: OpenConsignment): void {
  if (row.content_state !== 'KEPT') throw new BusError('LT_SUB_CONTENT_DELETED')
  if (!isOpen(row) && !mayBeFetchedAgain(row)) refuseEnded(row)
}

/** A consignment whose content the system may have; nothing moves. @throws BusError LT_BOX_NOT_FOUND, LT_BOX_LATE, LT_BOX_ALREADY_ENDED, LT_SUB_CONTENT_DELETED */
export async function findFetchable(
  { findConsignment }: Pick<Gateway, 'findConsignment'>,
  system: System,
  id: string,
): Promise<OpenConsignment> {
  const row = await findConsignment(system.code, id)
  checkFetchable(row)
  return row
}

/**
 * Its content is about to leave: committed before the first byte does. What was acknowledged may be fetched again.
 * @param composed what leaves in place of parts that this door cannot hand over; the entry names it
 */
export function fetchAtDoor(
  gateway: Pick<Gateway, 'findConsignment' | 'mover'>,
  system: System,
  id: string,
  composed?: { readonly sha256: string; readonly size: number },
): Promise<OpenConsignment> {
  return moveAtDoor(gateway, system, id, (row) => {
    checkFetchable(row)
    if (!isOpen(row)) return undefined
    return {
      ...lapsed(row, system),
      state: 'HANDED_OVER',
      handed_over: true,
      ...(row.handed_over_at === null
        ? { entry: entryOf(EVENTS.handedOver, row, system, composed ? { composed } : {}) }
        : {}),
    }
  })
}

/** `processing`: it is taken, though nothing was fetched. */
export function takeAtDoor(gateway: Gateway, system: System, id: string): Promise<OpenConsignment> {
  return moveAtDoor(gateway, system, id, (row) => {
    if (row.state === 'ACKNOWLEDGED' || row.state === 'HANDED_OVER') return undefined
    if (!isOpen(row)) refuseEnded(row)
    return { ...lapsed(row, system), state: 'HANDED_OVER', entry: entryOf(EVENTS.taken, row, system) }
  })
}

/** `done`: stored, also after a failure was said before; the entry tells whether it was ever fetched. */
export function acknowledgeAtDoor(gateway: Gateway, system: System, id: string): Promise<OpenConsignment> {
  return moveAtDoor(gateway, system, id, (row) => {
    if (row.state === 'ACKNOWLEDGED') return undefined
    if (!isOpen(row) && !gaveUp(row)) refuseEnded(row)
    const facts = { contentHash: row.content_hash.toString('hex'), fetched: row.handed_over_at !== null }
    return { state: 'ACKNOWLEDGED', ended: true, entry: entryOf(EVENTS.acknowledged, row, system, facts) }
  })
}

/** `fail`: out of the list, into the dead letters, from which an operator queues it again. */
export function giveUpAtDoor(gateway: Gateway, system: System, id: string, text: string): Promise<OpenConsignment> {
  return moveAtDoor(gateway, system, id, (row) => {
    if (row.state === 'ACKNOWLEDGED' || gaveUp(row)) return undefined
    if (!isOpen(row)) refuseEnded(row)
    const reason = 'LT_DLV_RECEIVER_FAILED'
    return {
      state: 'DEAD',
      ended: true,
      refusal_reason: reason,
      refusal_text: text,
      entry: entryOf(EVENTS.deadLettered, row, system, { reason, text }),
    }
  })
}
