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

// Written once, so that the planner finds the partial indexes of the mailbox by it.
const OPEN = `c.state in ('AVAILABLE', 'HANDED_OVER') and c.mode = 'pull'`
const FREE = '(c.lease_until is null or c.lease_until <= clock_timestamp())'
const FIRST_ID = '00000000-0000-0000-0000-000000000000'
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** A dispatch is looked up row by row: the planner would rather read the whole table once than so many partitions each time. */
const joinDispatch = (consignment: string): string =>
  `cross join lateral (select * from dispatch d where d.id = ${consignment}.dispatch_id offset 0) d`

/**
 * CTE `waiting`: the first `limit` consignments of the agencies in $1, of kind $2, urgent first (after id $3), then normal (after
 * id $4). Each agency's own are read from its place in the index, so the cost follows the answer and not the backlog; the normal
 * lane is read only when the urgent one does not suffice.
 */
function waitingCte(condition: string, limit: string): string {
  const lane = (name: string, after: string): string => `
    select m.* from unnest($1::text[]) as a(code) cross join lateral (
      select c.* from consignment c
      where c.agency_code = a.code and c.lane = '${name}' and ${OPEN} and c.id > ${after}::uuid
        and ($2::text is null or c.kind = $2) and ${condition}
      order by c.id limit ${limit}
    ) m order by m.id limit ${limit}`
  return `
    urgent as materialized (${lane('urgent', '$3')}),
    normal as materialized (${lane('normal', '$4')} - (select count(*) from urgent)),
    waiting as materialized (select * from urgent union all select * from normal order by lane desc, id)`
}

/** Open pull consignments of these agencies, urgent first, then oldest; one page after `after` when given. */
export async function listMailbox(
  database: Queryable,
  agencies: readonly string[],
  options: { limit: number; kind?: string; after?: { lane: string; id: string }; onlyFree?: boolean },
): Promise<MailboxRow[]> {
  const { limit, kind = null, after, onlyFree = false } = options
  const { rows } = await database.query<MailboxRow>({
    name: 'list-mailbox',
    text: `with ${waitingCte(`(not $6::boolean or ${FREE})`, '$5::int')}
      select ${COLUMNS} from waiting c ${joinDispatch('c')} order by c.lane desc, c.id`,
    values: [
      [...new Set(agencies)],
      kind,
      after?.lane === 'urgent' ? after.id : after ? LAST_ID : FIRST_ID,
      after?.lane === 'normal' ? after.id : FIRST_ID,
      limit,
      onlyFree,
    ],
  })
  return rows
}

/**
 * Leases the first free consignments of these agencies, urgent first, then oldest: locks them, skipping those that another
 * statement holds at this moment, and gives each a new token, deadline and version, in one commit. Up to `wanted` of the first
 * `reach` free ones; `seen` is how many of those there were: fewer than `reach` means that there are no more.
 */
export async function leaseWaiting(
  database: Queryable,
  agencies: readonly string[],
  options: { wanted: number; reach: number; seconds: number; systemId: string; kind?: string },
): Promise<{ leased: MailboxRow[]; seen: number }> {
  const { wanted, reach, seconds, systemId, kind = null } = options
  const { rows } = await database.query<{ seen: number } & (MailboxRow | { id: null })>({
    name: 'lease-waiting',
    text: `with ${waitingCte(FREE, '$5::int')}, taken as materialized (
        select c.id from waiting w cross join lateral (
          select c.id from consignment c where c.id = w.id and ${OPEN} and ${FREE} for update of c skip locked
        ) c limit $6
      ), moved as (
        -- Through an array: the planner then guesses few rows and looks each up in its partition instead of reading all of them.
        update consignment c set version = c.version + 1, lease_token = gen_random_uuid(), lease_system = $8,
          lease_until = clock_timestamp() + make_interval(secs => $7)
        from unnest(array(select id from taken)) as t(id) where c.id = t.id
        returning c.*
      ), leased as (
        select ${COLUMNS} from moved c ${joinDispatch('c')}
      )
      select s.seen, leased.* from (select count(*)::int as seen from waiting) s left join leased on true
      order by leased.lane desc, leased.id`,
    values: [[...new Set(agencies)], kind, FIRST_ID, FIRST_ID, reach, wanted, seconds, systemId],
  })
  return { leased: rows.filter((row) => row.id !== null), seen: rows[0]?.seen ?? 0 }
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
      from (select distinct unnest($1::uuid[]) as id) w
      cross join lateral (select * from consignment c where c.id = w.id offset 0) c ${joinDispatch('c')}`,
    values: [ids],
  })
  return rows
}

/** When the next lease of these agencies runs out, in milliseconds from now; `undefined` when none is out. */
export async function nextLeaseEndMs(database: Queryable, agencies: readonly string[]): Promise<number | undefined> {
  const { rows } = await database.query<{ ms: number | null }>({
    name: 'next-lease-end',
    text: `select (extract(epoch from min(l.lease_until) - clock_timestamp()) * 1000)::float8 as ms
      from unnest($1::text[]) as a(code) cross join lateral (
        select c.lease_until from consignment c where c.agency_code = a.code and ${OPEN} and c.lease_until > now()
        order by c.lease_until limit 1
      ) l`,
    values: [agencies],
  })
  return rows[0]?.ms ?? undefined
}
