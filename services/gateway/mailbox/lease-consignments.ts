import { leaseWaiting, type MailboxRow, type Pool } from '../../../libs/store/index.ts'

export interface LeasedConsignment {
  readonly row: MailboxRow
  readonly token: string
  readonly until: Date
}

/**
 * Takes up to `max` free consignments of these agencies for `seconds`, urgent first. Until the deadline (by the
 * database's clock) nobody else gets them; afterwards they are leased again under a new token and the same id. What other
 * workers take at the same moment is passed over: the answer is short only when nothing more is free, or the database fails
 * half-way: what was taken until then is still told.
 */
export async function leaseConsignments(
  options: { readonly pool: Pool; mailboxFloor(): string },
  wanted: { agencies: readonly string[]; systemId: string; max: number; seconds: number; kind?: string },
): Promise<LeasedConsignment[]> {
  const { agencies, max, ...how } = wanted
  const taken: LeasedConsignment[] = []
  for (let reach = max; ; reach *= 2) {
    const question = { ...how, floor: options.mailboxFloor(), wanted: max - taken.length, reach }
    const round = await leaseWaiting(options.pool, agencies, question).catch((error: unknown) => {
      if (taken.length === 0) throw error
      return { leased: [], seen: 0 }
    })
    for (const row of round.leased)
      taken.push({ row, token: row.lease_token as string, until: row.lease_until as Date })
    if (taken.length >= max || round.seen < reach) return taken
  }
}
