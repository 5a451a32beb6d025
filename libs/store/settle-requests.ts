import { auditCtes } from './audit-sql.ts'
import type { Queryable } from './pool.ts'

/** A request that waits for its receiver. */
export interface OpenRequest {
  readonly dispatch_id: string
  readonly consignment_id: string
  readonly target_dispatch_id: string
  readonly action: 'recall' | 'update' | 'replace' | 'remove'
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
  /** Consignments that are taken back by it, with the version seen under the lock. */
  readonly withdrawn: readonly { readonly id: string; readonly version: number }[]
  /** Consignments for which no recall waits any more. */
  readonly lifted: readonly string[]
  readonly entries: readonly ({ readonly owner: string } & object)[]
}

const SETTLE = `
with answering as materialized (
  select $1::uuid as id
), taken as (
  update consignment c set state = 'RECALLED', version = c.version + 1, ended_at = coalesce(c.ended_at, $2), recall_pending = false,
    next_attempt_at = null, next_publish_at = null
  from json_to_recordset($5) as w(id uuid, version int)
  where c.id = w.id and c.version = w.version
  returning c.id
), cut as (
  -- An attempt under way no longer has a consignment to move: whether it arrives is not known and does not matter.
  update delivery_attempt a set ended_at = $2, outcome = 'ambiguous' from taken t where a.consignment_id = t.id and a.ended_at is null
), lifted as (
  update consignment c set recall_pending = false from unnest($6::uuid[]) as w(id)
  where c.id = w.id and c.id not in (select id from json_to_recordset($5) as t(id uuid, version int))
), settled as (
  update business_request r set outcome = $3, settled_at = $2, answer_id = $1
  from json_to_recordset($4) as s(dispatch_id uuid, consignment_id uuid)
  where r.dispatch_id = s.dispatch_id and r.consignment_id = s.consignment_id and r.outcome = 'pending'
), ${auditCtes('$7', 'answering')}
select (select count(*) from taken)::int as taken`

/** Settles requests by the receiver's answer, inside the transaction that routes the answer. Answers how many were taken back. */
export async function settleRequests(database: Queryable, settlement: Settlement): Promise<number> {
  const { rows } = await database.query<{ taken: number }>({
    name: 'settle-requests',
    text: SETTLE,
    values: [
      settlement.answer,
      settlement.at,
      settlement.outcome,
      JSON.stringify(settlement.requests),
      JSON.stringify(settlement.withdrawn),
      settlement.lifted,
      JSON.stringify(settlement.entries),
    ],
  })
  return rows[0]?.taken ?? 0
}
