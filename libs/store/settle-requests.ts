import { auditCtes } from './audit-sql.ts'
import type { Queryable } from './pool.ts'

/** A request that waits for its receiver. */
export interface OpenRequest {
  readonly dispatch_id: string
  readonly consignment_id: string
  readonly target_dispatch_id: string
  readonly action: 'recall' | 'update' | 'replace' | 'remove'
}

/** Documents of which an agency is asked something about these dispatches, or by them, in the order in which they are locked. */
export async function findRequestTargets(
  database: Queryable,
  agency: string,
  about: readonly string[],
): Promise<string[]> {
  const { rows } = await database.query<{ id: string }>({
    name: 'find-request-targets',
    text: `select distinct target_dispatch_id as id from business_request
      where agency_code = $1 and outcome = 'pending' and (target_dispatch_id = any($2::uuid[]) or dispatch_id = any($2::uuid[]))
      order by 1`,
    values: [agency, about],
  })
  return rows.map(({ id }) => id)
}

/** Open requests of an agency about these dispatches, or made by them, newest first; locked. */
export async function lockOpenRequests(
  database: Queryable,
  agency: string,
  about: readonly string[],
): Promise<OpenRequest[]> {
  const { rows } = await database.query<OpenRequest>({
    name: 'lock-open-requests',
    text: `select dispatch_id, consignment_id, target_dispatch_id, action from business_request
      where agency_code = $1 and outcome = 'pending' and (target_dispatch_id = any($2::uuid[]) or dispatch_id = any($2::uuid[]))
      order by dispatch_id desc, consignment_id for update`,
    values: [agency, about],
  })
  return rows
}

export interface Settlement {
  /** The status dispatch that answers. */
  readonly answer: string
  readonly at: string
  readonly outcome: 'agreed' | 'declined'
  readonly requests: readonly OpenRequest[]
  /** Consignments with the version seen under the lock: `taken` back by it, or asked back no longer. */
  readonly changes: readonly { readonly id: string; readonly version: number; readonly taken: boolean }[]
  readonly entries: readonly ({ readonly owner: string } & object)[]
}

const SETTLE = `
with answering as materialized (
  select $1::uuid as id
), changing as materialized (
  select w.* from json_to_recordset($5) as w(id uuid, version int, taken boolean)
), changed as (
  update consignment c set
    state = case when w.taken then 'RECALLED' else c.state end,
    version = case when w.taken then c.version + 1 else c.version end,
    ended_at = case when w.taken then coalesce(c.ended_at, $2) else c.ended_at end,
    next_attempt_at = case when w.taken then null else c.next_attempt_at end,
    next_publish_at = case when w.taken then null else c.next_publish_at end,
    recall_pending = false
  -- Through an array: the planner then guesses few rows and looks each up in its partition instead of reading all of them.
  from unnest(array(select id from changing)) as l(id) join changing w on w.id = l.id
  where c.id = l.id and c.version = w.version
  returning c.id, w.taken
), cut as (
  -- An attempt under way no longer has a consignment to move: whether it arrives is not known and does not matter.
  update delivery_attempt a set ended_at = $2, outcome = 'ambiguous'
  from changed t where t.taken and a.consignment_id = t.id and a.ended_at is null
), settled as (
  update business_request r set outcome = $3, settled_at = $2, answer_id = $1
  from json_to_recordset($4) as s(dispatch_id uuid, consignment_id uuid)
  where r.dispatch_id = s.dispatch_id and r.consignment_id = s.consignment_id and r.outcome = 'pending'
), ${auditCtes('$6', 'answering')}
select (select count(*) from changed)::int as changed`

/** Settles requests by the receiver's answer, inside the transaction that routes the answer. Answers how many consignments changed. */
export async function settleRequests(database: Queryable, settlement: Settlement): Promise<number> {
  const { rows } = await database.query<{ changed: number }>({
    name: 'settle-requests',
    text: SETTLE,
    values: [
      settlement.answer,
      settlement.at,
      settlement.outcome,
      JSON.stringify(settlement.requests),
      JSON.stringify(settlement.changes),
      JSON.stringify(settlement.entries),
    ],
  })
  return rows[0]?.changed ?? 0
}
