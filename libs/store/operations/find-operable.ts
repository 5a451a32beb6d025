import { rowById } from '../look-up.ts'
import type { Queryable } from '../pool.ts'

/** A consignment with everything an operator's action is judged on. */
export interface OperableConsignment {
  readonly id: string
  readonly dispatch_id: string
  readonly version: number
  readonly agency_code: string
  readonly lane: 'urgent' | 'normal'
  readonly mode: 'pull' | 'push'
  readonly state: string
  readonly leased: boolean
  /** An attempt to push it is under way. */
  readonly attempt_open: boolean
  /** Its content is still there. */
  readonly content_kept: boolean
  /**
   * Its sender asked for it back, whatever came of that, unless its receiver declined. A re-send is the sender's later word: what came
   * of it was not asked back.
   */
  readonly recalled: boolean
  /** An update of it waits for the receiver's answer. */
  readonly update_pending: boolean
  /** No re-send took its place. */
  readonly newest: boolean
}

const COLUMNS = `c.id, c.dispatch_id, c.version, c.agency_code, c.lane, c.mode, c.state,
  coalesce(c.lease_until > clock_timestamp(), false) as leased,
  c.state = 'RETRYING' and c.next_attempt_at is null as attempt_open,
  d.content_state = 'KEPT' as content_kept,
  c.recall_pending or exists (select from business_request r where r.target_dispatch_id = c.dispatch_id and r.consignment_id = c.id
    and r.action <> 'update' and r.outcome not in ('declined', 'superseded')) as recalled,
  exists (select from business_request r where r.target_dispatch_id = c.dispatch_id and r.consignment_id = c.id
    and r.action = 'update' and r.outcome = 'pending') as update_pending,
  exists (select from submission_recipient k where k.dispatch_id = c.dispatch_id and k.consignment_id = c.id) as newest`

/** Those of the consignments that there are, in the order of their ids. */
export async function findOperable(database: Queryable, ids: readonly string[]): Promise<OperableConsignment[]> {
  const { rows } = await database.query<OperableConsignment>({
    name: 'find-operable',
    text: `select ${COLUMNS} from (select distinct unnest($1::uuid[]) as id) w
      ${rowById('consignment', 'w.id', 'c')} ${rowById('dispatch', 'c.dispatch_id', 'd')} order by c.id`,
    values: [ids],
  })
  return rows
}

/** States that can be asked for: whatever an operator may act on. */
export const OPERABLE_STATES = ['AVAILABLE', 'QUEUED', 'RETRYING', 'HANDED_OVER', 'HELD', 'DEAD', 'EXPIRED'] as const
export type OperableState = (typeof OPERABLE_STATES)[number]

/** Which consignments; what is left out does not matter. */
export interface OperableQuery {
  readonly state: OperableState
  readonly agencies?: readonly string[]
  readonly dispatch?: string
  /** What it ended with: a code of the catalogue. */
  readonly reason?: string
  /** When it ended; of those that did not, when it became available or queued. RFC 3339. */
  readonly since?: string
  /** The first instant that is too late. */
  readonly until?: string
}

/** One page in the order of the ids, after `after` when given. */
export async function listOperable(
  database: Queryable,
  query: OperableQuery,
  page: { readonly after?: string; readonly limit: number },
): Promise<OperableConsignment[]> {
  // The state stands in the text, out of a fixed list: only so does a kept plan find the partial index that it falls under.
  const state = OPERABLE_STATES.find((each) => each === query.state) ?? 'HELD'
  const { rows } = await database.query<OperableConsignment>({
    name: `list-operable-${state.toLowerCase()}`,
    text: `select ${COLUMNS} from (
        select * from consignment c where c.state = '${state}' and c.id > $1::uuid
          and ($2::text[] is null or c.agency_code = any($2)) and ($3::uuid is null or c.dispatch_id = $3)
          and ($4::text is null or c.refusal_reason = $4)
          and ($5::timestamptz is null or coalesce(c.ended_at, c.available_at) >= $5)
          and ($6::timestamptz is null or coalesce(c.ended_at, c.available_at) < $6)
        order by c.id limit $7
      ) c ${rowById('dispatch', 'c.dispatch_id', 'd')} order by c.id`,
    values: [
      page.after ?? '00000000-0000-0000-0000-000000000000',
      query.agencies ?? null,
      query.dispatch ?? null,
      query.reason ?? null,
      query.since ?? null,
      query.until ?? null,
      page.limit,
    ],
  })
  return rows
}
