import { randomUUID } from 'node:crypto'
import { listMailbox, type MailboxRow, type Pool } from '../../../libs/store/index.ts'
import type { ConsignmentMover } from './move-consignments.ts'

export interface LeasedConsignment {
  readonly row: MailboxRow
  readonly token: string
  readonly until: Date
}

/** A row taken by another worker meanwhile is no reason to answer with nothing while others are free. */
const TRIES = 3

/**
 * Takes up to `max` free consignments of these agencies for `seconds`, urgent first, then oldest. Until the deadline (by the
 * database's clock) nobody else gets them; afterwards they are leased again under a new token and the same id.
 */
export async function leaseConsignments(
  options: { readonly pool: Pool; readonly mover: ConsignmentMover },
  wanted: { agencies: readonly string[]; systemId: string; max: number; seconds: number; kind?: string },
): Promise<LeasedConsignment[]> {
  for (let tries = 0; tries < TRIES; tries++) {
    const rows = await listMailbox(options.pool, wanted.agencies, {
      limit: wanted.max,
      onlyFree: true,
      ...(wanted.kind === undefined ? {} : { kind: wanted.kind }),
    })
    if (rows.length === 0) return []
    const leased = await Promise.all(rows.map((row) => lease(options.mover, row, wanted)))
    const taken = leased.filter((item) => item !== undefined)
    if (taken.length > 0) return taken
  }
  return []
}

async function lease(
  mover: ConsignmentMover,
  row: MailboxRow,
  wanted: { systemId: string; seconds: number },
): Promise<LeasedConsignment | undefined> {
  const token = randomUUID()
  const moved = await mover.submit(
    { id: row.id, version: row.version, lease_token: token, lease_seconds: wanted.seconds, lease_system: wanted.systemId },
    row.lane === 'urgent',
  )
  return moved?.lease_until ? { row, token, until: moved.lease_until } : undefined
}
