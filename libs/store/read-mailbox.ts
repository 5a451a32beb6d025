import { beside, rowById } from './look-up.ts'
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
  /** Its sender asked for it back and was not answered yet. */
  readonly recall_pending: boolean
  /** A status about a document that the axis did not carry between these two. */
  readonly unmatched: boolean
}

const MAILBOX_COLUMNS = `c.id, c.version, c.state, c.dispatch_id, c.agency_code, c.as_written, c.kind, c.lane, c.available_at,
  c.lease_token, c.lease_until, coalesce(c.lease_until > clock_timestamp(), false) as leased,
  d.sender_code, d.document_id, d.number, d.notation, d.subject, d.business_type, d.form, d.content_hash, d.content_size, c.recall_pending,
  case when c.kind = 'status' then d.facts -> 'warnings' @> '[{"code": "LT_BUS_STATUS_UNMATCHED"}]' else false end as unmatched`

// Written once, so that the planner finds the partial indexes of the mailbox by it.
const OPEN = `c.state in ('AVAILABLE', 'HANDED_OVER') and c.mode = 'pull'`
export const FRESH = '(case when c.lease_until is null then 0 else 1 end) = 0'
export const LEASED_ONCE = '(case when c.lease_until is null then 0 else 1 end) = 1'
export const LAPSED = 'c.lease_until <= clock_timestamp()'
const FREE = `(c.lease_until is null or ${LAPSED})`
const FIRST_ID = '00000000-0000-0000-0000-000000000000'
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
const KINDS = ['document', 'status']

/**
 * The first `limit` open consignments of one lane that fulfil `condition`, of the agencies in $1 and kinds in $2, by `order`. Each
 * agency's own are read from their place in an index, so the cost follows the answer and not the backlog; months before $3 hold none.
 */
export function firstOf(lane: string, condition: string, order: string, limit: string): string {
  return `select m.* from unnest($1::text[]) as a(code) cross join unnest($2::text[]) as k(kind) cross join lateral (
      select c.* from consignment c
      where c.agency_code = a.code and c.kind = k.kind and c.lane = '${lane}' and ${OPEN} and c.id >= $3::uuid and ${condition}
      order by ${order} limit ${limit}
    ) m order by ${order.replaceAll('c.', 'm.')} limit ${limit}`
}

interface MailboxQuestion {
  readonly kind?: string
  /** No open consignment has an id below it (`readMailboxFloor`). */
  readonly floor: string
}

const kindsOf = ({ kind }: MailboxQuestion): readonly string[] => (kind === undefined ? KINDS : [kind])

/** Open pull consignments of these agencies, leased or not, urgent first, then oldest; one page after `after` when given. */
export async function listMailbox(
  database: Queryable,
  agencies: readonly string[],
  options: MailboxQuestion & { limit: number; after?: { lane: string; id: string } },
): Promise<MailboxRow[]> {
  const { limit, after } = options
  const lane = (name: string, place: string, most: string): string => {
    const part = (flag: string): string => `(${firstOf(name, `c.id > ${place}::uuid and ${flag}`, 'c.id', most)})`
    return `select m.* from (${part(FRESH)} union all ${part(LEASED_ONCE)}) m order by m.id limit ${most}`
  }
  const { rows } = await database.query<MailboxRow>({
    name: 'list-mailbox',
    text: `with urgent as materialized (${lane('urgent', '$4', '$6::int')}),
      normal as materialized (${lane('normal', '$5', '($6::int - (select count(*) from urgent))')}),
      waiting as materialized (select * from urgent union all select * from normal)
      select ${MAILBOX_COLUMNS} from waiting c ${rowById('dispatch', 'c.dispatch_id', 'd')} order by c.lane desc, c.id`,
    values: [
      [...new Set(agencies)],
      kindsOf(options),
      options.floor,
      after?.lane === 'urgent' ? after.id : after ? LAST_ID : FIRST_ID,
      after?.lane === 'normal' ? after.id : FIRST_ID,
      limit,
    ],
  })
  return rows
}

/**
 * CTE `waiting`: the first `limit` free consignments, urgent ones first. In each lane half of the places are for leases that ran out,
 * the longest ago first, half for what was never leased, oldest first; what one of them leaves the other takes. So neither a steady
 * stream of new documents nor a heap that is never acknowledged keeps the other waiting.
 */
function freeCte(limit: string): string {
  const steps: string[] = []
  const taken = (): string => steps.map((_, i) => ` - (select count(*) from free${i})`).join('')
  const add = (lane: string, condition: string, order: string, most: string): void => {
    steps.push(`free${steps.length} as materialized (${firstOf(lane, condition, order, most)})`)
  }
  for (const lane of ['urgent', 'normal']) {
    const first = steps.length
    // Of a single place, too, each gets its half.
    add(lane, LAPSED, 'c.lease_until', `((${limit}${taken()} + (random() < 0.5)::int) / 2)`)
    add(lane, FRESH, 'c.id', `(${limit}${taken()})`)
    add(lane, `${LAPSED} and c.id <> all(array(select id from free${first}))`, 'c.lease_until', `(${limit}${taken()})`)
  }
  const all = steps.map((_, i) => `select * from free${i}`).join(' union all ')
  return `${steps.join(', ')}, waiting as materialized (${all})`
}

/** Whether anything of these agencies can be leased now. */
export async function hasFreeConsignment(
  database: Queryable,
  agencies: readonly string[],
  question: MailboxQuestion,
): Promise<boolean> {
  const { rows } = await database.query<{ free: boolean }>({
    name: 'has-free-consignment',
    // Two places, so that both halves are looked at in every lane.
    text: `with ${freeCte('2')} select exists (select from waiting) as free`,
    values: [[...new Set(agencies)], kindsOf(question), question.floor],
  })
  return rows[0]?.free === true
}

/**
 * Leases the first free consignments of these agencies: locks them, skipping those that another statement holds at this moment, and
 * gives each a new token, deadline and version, in one commit. Up to `wanted` of the first `reach` free ones; `seen` is how many of
 * those there were: fewer than `reach` means that there are no more.
 */
export async function leaseWaiting(
  database: Queryable,
  agencies: readonly string[],
  options: MailboxQuestion & { wanted: number; reach: number; seconds: number; systemId: string },
): Promise<{ leased: MailboxRow[]; seen: number }> {
  const { wanted, reach, seconds, systemId } = options
  const { rows } = await database.query<{ seen: number } & (MailboxRow | { id: null })>({
    name: 'lease-waiting',
    text: `with ${freeCte('$4::int')}, taken as materialized (
        select c.id from waiting w cross join lateral (
          select c.id from consignment c where c.id = w.id and ${beside('c.state')} in ('AVAILABLE', 'HANDED_OVER')
            and ${beside('c.mode')} = 'pull' and ${FREE} for update of c skip locked
        ) c limit $5
      ), moved as (
        -- Through an array: the planner then guesses few rows and looks each up in its partition instead of reading all of them.
        update consignment c set version = c.version + 1, lease_token = gen_random_uuid(), lease_system = $7,
          lease_until = clock_timestamp() + make_interval(secs => $6)
        from unnest(array(select id from taken)) as t(id) where c.id = t.id
        returning c.*
      ), leased as (
        select ${MAILBOX_COLUMNS} from moved c ${rowById('dispatch', 'c.dispatch_id', 'd')}
      )
      select s.seen, leased.* from (select count(*)::int as seen from waiting) s left join leased on true
      order by leased.lane desc, leased.id`,
    values: [[...new Set(agencies)], kindsOf(options), options.floor, reach, wanted, seconds, systemId],
  })
  return { leased: rows.filter((row) => row.id !== null), seen: rows[0]?.seen ?? 0 }
}

export interface OpenConsignment extends MailboxRow {
  readonly mode: string
  readonly handed_over_at: Date | null
  readonly content_state: string
  readonly ended_at: Date | null
  readonly refusal_reason: string | null
  readonly refusal_text: string | null
}

/** Consignments by id, whatever their state, with what a receiver's action is judged on. */
export async function findConsignments(database: Queryable, ids: readonly string[]): Promise<OpenConsignment[]> {
  const { rows } = await database.query<OpenConsignment>({
    name: 'find-consignments',
    text: `select ${MAILBOX_COLUMNS}, c.mode, c.handed_over_at, d.content_state, c.ended_at, c.refusal_reason, c.refusal_text
      from (select distinct unnest($1::uuid[]) as id) w
      ${rowById('consignment', 'w.id', 'c')} ${rowById('dispatch', 'c.dispatch_id', 'd')}`,
    values: [ids],
  })
  return rows
}

/** When the next lease of these agencies runs out, in milliseconds from now; `undefined` when none is out. */
export async function nextLeaseEndMs(
  database: Queryable,
  agencies: readonly string[],
  { floor }: Pick<MailboxQuestion, 'floor'>,
): Promise<number | undefined> {
  const { rows } = await database.query<{ ms: number | null }>({
    name: 'next-lease-end',
    text: `select (extract(epoch from min(l.lease_until) - clock_timestamp()) * 1000)::float8 as ms
      from unnest($1::text[]) as a(code) cross join unnest($2::text[]) as k(kind)
      cross join unnest(array['urgent', 'normal']) as n(lane) cross join lateral (
        select c.lease_until from consignment c
        where c.agency_code = a.code and c.kind = k.kind and c.lane = n.lane and ${OPEN} and c.id >= $3::uuid and c.lease_until > now()
        order by c.lease_until limit 1
      ) l`,
    values: [agencies, KINDS, floor],
  })
  return rows[0]?.ms ?? undefined
}

/** Lower bound of the ids of open pull consignments: the beginning of the oldest month that still holds one. */
export async function readMailboxFloor(database: Queryable): Promise<string> {
  const { rows } = await database.query<{ floor: string }>('select mailbox_floor() as floor')
  return rows[0]?.floor ?? FIRST_ID
}
