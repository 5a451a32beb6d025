import type { Queryable } from './pool.ts'

export interface MailboxRow {
  readonly id: string
  readonly version: number
  readonly state: string
  readonly dispatch_id: string
  readonly agency_code: string
  readonly as_written: readonly string[]
  readonly kind: string
  readonly lane: string
  readonly available_at: Date
  readonly lease_token: string | null
  readonly lease_until: Date | null
  readonly leased: boolean
  readonly sender_code: string
  readonly document_id: string
  readonly number: string
  readonly notation: string
  readonly subject: string
  readonly business_type: string
  readonly form: string
  readonly content_hash: Buffer
  readonly content_size: number
}

const COLUMNS = `c.id, c.version, c.state, c.dispatch_id, c.agency_code, c.as_written, c.kind, c.lane, c.available_at,
  c.lease_token, c.lease_until, coalesce(c.lease_until > clock_timestamp(), false) as leased,
  d.sender_code, d.document_id, d.number, d.notation, d.subject, d.business_type, d.form, d.content_hash, d.content_size`

/** Open pull consignments of these agencies, urgent first, then oldest; one page after `after` when given. */
export async function listMailbox(
  database: Queryable,
  agencies: readonly string[],
  options: { limit: number; kind?: string; after?: { lane: string; id: string }; onlyFree?: boolean },
): Promise<MailboxRow[]> {
  // 'urgent' sorts after 'normal', so the lane is read downwards.
  const { rows } = await database.query<MailboxRow>({
    name: 'list-mailbox',
    text: `select ${COLUMNS} from consignment c join dispatch d on d.id = c.dispatch_id
      where c.agency_code = any($1::text[]) and c.state in ('AVAILABLE', 'HANDED_OVER') and c.mode = 'pull'
        and ($2::text is null or c.kind = $2)
        and ($3::text is null or c.lane < $3 or (c.lane = $3 and c.id > $4::uuid))
        and (not $5::boolean or c.lease_until is null or c.lease_until <= clock_timestamp())
      order by c.lane desc, c.id limit $6`,
    values: [agencies, options.kind ?? null, options.after?.lane ?? null, options.after?.id ?? null, options.onlyFree ?? false, options.limit],
  })
  return rows
}

export interface OpenConsignment extends MailboxRow {
  readonly mode: string
  readonly content_state: string
  readonly ended_at: Date | null
  readonly refusal_reason: string | null
}

/** Consignments by id, whatever their state, with what a receiver's action is judged on. */
export async function findConsignments(database: Queryable, ids: readonly string[]): Promise<OpenConsignment[]> {
  const { rows } = await database.query<OpenConsignment>({
    name: 'find-consignments',
    text: `select ${COLUMNS}, c.mode, d.content_state, c.ended_at, c.refusal_reason
      from consignment c join dispatch d on d.id = c.dispatch_id where c.id = any($1::uuid[])`,
    values: [ids],
  })
  return rows
}

/** When the next lease of these agencies runs out, in milliseconds from now; `undefined` when none is out. */
export async function nextLeaseEndMs(database: Queryable, agencies: readonly string[]): Promise<number | undefined> {
  const { rows } = await database.query<{ ms: number | null }>({
    name: 'next-lease-end',
    text: `select (extract(epoch from min(lease_until) - clock_timestamp()) * 1000)::float8 as ms from consignment
      where agency_code = any($1::text[]) and state in ('AVAILABLE', 'HANDED_OVER') and lease_until > clock_timestamp()`,
    values: [agencies],
  })
  return rows[0]?.ms ?? undefined
}
