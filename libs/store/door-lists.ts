import { idFloor, rowById } from './look-up.ts'
import type { Queryable } from './pool.ts'
import { FRESH, firstOf, LAPSED, LEASED_ONCE } from './read-mailbox.ts'

const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** A stretch of time in which something was sent; `until` is left out. */
export interface Window {
  readonly from?: Date
  readonly until?: Date
}

export interface ReceivedQuestion extends Window {
  readonly kind: 'document' | 'status'
  /** No open consignment has an id below it. */
  readonly floor: string
  readonly limit: number
  readonly offset: number
}

/** Something that waits. */
export interface ReceivedRow {
  readonly id: string
  readonly kind: string
  readonly sender_code: string
  /** The receiving agency in the spelling of the packet. */
  readonly receiver: string
  readonly available_at: Date
  /** `null`: nobody fetched it or said a word about it. */
  readonly lease_until: Date | null
}

/** The least id that can be made at an instant. */
function idAt(instant: Date): string {
  const hex = Math.max(0, instant.getTime()).toString(16).padStart(12, '0').slice(-12)
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}

function received(order: 'c.lease_until' | 'c.id'): string {
  const most = '($4::int + $5::int)'
  const both = (condition: string, by: string, limit: string): string => {
    const lane = (name: string): string => `(${firstOf(name, condition, by, limit)})`
    const sorted = by.replace('c.', 'm.')
    return `select m.* from (${lane('urgent')} union all ${lane('normal')}) m order by ${sorted} limit ${limit}`
  }
  // Behind a fence: between two bounds that it does not know the planner expects next to nothing, and takes the wrong index.
  const before = order === 'c.id' ? ' and coalesce(c.id < $6::uuid, false)' : ''
  const again = order === 'c.id' ? `${LEASED_ONCE} and ${LAPSED}${before}` : LAPSED
  const rest = `(${most} - (select count(*) from fresh))`
  return `with fresh as materialized (${both(`${FRESH}${before}`, 'c.id', most)}),
    again as materialized (${both(again, order, rest)}),
    listed as materialized (
      select m.*, row_number() over () as place from (
        (select 0 as part, * from fresh order by id) union all (select 1 as part, * from again order by ${order.slice(2)})
      ) m order by place offset $5 limit $4
    )
    select c.id, c.kind, coalesce(c.as_written[1], c.agency_code) as receiver, c.available_at, c.lease_until, d.sender_code from listed c ${rowById('dispatch', 'c.dispatch_id', 'd')} order by c.place`
}
const RECEIVED = received('c.lease_until')
const RECEIVED_WITHIN = received('c.id')

/**
 * What waits for these agencies and is not leased to anybody: what was never fetched, oldest first; then what was fetched and not
 * acknowledged, the longest ago first, or within a window of time the oldest first. Costs the answer, not the backlog.
 */
export async function listReceived(
  database: Queryable,
  agencies: readonly string[],
  { kind, floor, limit, offset, from, until }: ReceivedQuestion,
): Promise<ReceivedRow[]> {
  const first = from ? idAt(from) : floor
  const within = from !== undefined || until !== undefined
  const { rows } = await database.query<ReceivedRow>({
    name: within ? 'list-received-within' : 'list-received',
    text: within ? RECEIVED_WITHIN : RECEIVED,
    values: [
      [...new Set(agencies)],
      [kind],
      first > floor ? first : floor,
      limit,
      offset,
      ...(within ? [until ? idAt(until) : LAST_ID] : []),
    ],
  })
  return rows
}

/** How many the list has in all. */
export async function countReceived(
  database: Queryable,
  agencies: readonly string[],
  { kind, floor }: Pick<ReceivedQuestion, 'kind' | 'floor'>,
): Promise<number> {
  const { rows } = await database.query<{ count: number }>({
    name: 'count-received',
    text: `select count(*)::int as count from consignment c where c.agency_code = any($1::text[]) and c.kind = $2 and c.id >= $3::uuid
      and c.state in ('AVAILABLE', 'HANDED_OVER') and c.mode = 'pull' and (c.lease_until is null or c.lease_until <= clock_timestamp())`,
    values: [agencies, kind, floor],
  })
  return rows[0]?.count ?? 0
}

/** One receiver of something that was sent. */
export interface SentRow {
  readonly dispatch_id: string
  readonly kind: string
  readonly sender_code: string
  readonly subject: string
  readonly number: string
  readonly notation: string
  readonly accepted_at: Date
  readonly agency: string
  readonly consignment: string
  /** `null`: not routed yet. */
  readonly state: string | null
  readonly changed_at: Date | null
  readonly reason: string | null
}

const RECEIVERS = `cross join lateral (
    select r.agency, coalesce(c.id, r.consignment) as consignment, c.state, coalesce(c.ended_at, c.handed_over_at, c.available_at) as changed_at,
      c.refusal_reason as reason, r.place
    from rows from (jsonb_to_recordset(d.recipients) as (agency text, consignment uuid)) with ordinality as r(agency, consignment, place)
    left join lateral (
      select * from consignment c where c.dispatch_id = d.id and c.id >= $2::uuid and c.agency_code = r.agency order by c.id desc limit 1
    ) c on true
  ) r`
const SENT = `d.id as dispatch_id, d.kind, d.sender_code, d.subject, d.number, d.notation, d.accepted_at, r.agency, r.consignment, r.state,
  r.changed_at, r.reason`

/** Where one dispatch of a system stands with each receiver, in the order of the packet; none when it is not that system's. */
export async function findSent(database: Queryable, systemId: string, dispatchId: string): Promise<SentRow[]> {
  const { rows } = await database.query<SentRow>({
    name: 'find-sent',
    text: `select ${SENT} from (select $1::uuid as id) w ${rowById('dispatch', 'w.id', 'd')} ${RECEIVERS}
      where d.system_id = $3 order by r.place`,
    values: [dispatchId, idFloor([dispatchId]), systemId],
  })
  return rows
}

/** What a system sent, newest first, one row for each receiver; `limit` rows at most. */
export async function listSent(
  database: Queryable,
  systemId: string,
  { kind, from, until, limit }: Window & { readonly kind: 'document' | 'status'; readonly limit: number },
): Promise<SentRow[]> {
  const first = idAt(from ?? new Date(0))
  const { rows } = await database.query<SentRow>({
    name: 'list-sent',
    text: `with d as materialized (
        select * from dispatch d where d.system_id = $1 and d.kind = $3 and d.id >= $2::uuid and d.id < $4::uuid order by d.id desc limit $5
      ) select ${SENT} from d ${RECEIVERS} order by d.id desc, r.place limit $5`,
    values: [systemId, first, kind, until ? idAt(until) : LAST_ID, limit],
  })
  return rows
}

/** An agency as the directory of the compatible door shows it. */
export interface ListedAgency {
  readonly code: string
  readonly name: string
  readonly parentCode: string | null
  readonly mail: string | null
  readonly closed: boolean
  readonly version: number
}

/** A page of all agencies in the order of their codes, after `after`. */
export async function listAgencyPage(database: Queryable, after: string, limit: number): Promise<ListedAgency[]> {
  const { rows } = await database.query<ListedAgency>({
    name: 'list-agency-page',
    text: `select code, name, parent_code as "parentCode", contact ->> 'email' as mail, version,
        coalesce(closed_on <= (now() at time zone 'Asia/Ho_Chi_Minh')::date, false) as closed
      from agency where code > $1 order by code limit $2`,
    values: [after, limit],
  })
  return rows
}
