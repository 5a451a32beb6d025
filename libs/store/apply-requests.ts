import { auditCtes } from './audit-sql.ts'
import type { Queryable } from './pool.ts'

/** A request and what it came to at once. */
export interface RequestRow {
  readonly consignment_id: string
  readonly target_dispatch_id: string
  readonly agency_code: string
  readonly action: 'recall' | 'update' | 'replace' | 'remove'
  readonly outcome: 'withdrawn' | 'pending' | 'void'
}

/** One more consignment of a dispatch, for a receiver that an update adds. */
export interface AddedConsignment {
  readonly id: string
  readonly dispatch_id: string
  readonly agency_code: string
  readonly as_written: readonly string[]
  readonly kind: string
  readonly lane: string
  readonly mode: 'pull' | 'push'
  readonly state: 'AVAILABLE' | 'QUEUED'
  readonly next_publish_at: string | null
  readonly system_id: string
  /** Hex. */
  readonly content_hash: string
}

export interface RequestBatch {
  /** The dispatch that asks. */
  readonly request: string
  readonly at: string
  readonly requests: readonly RequestRow[]
  /**
   * Consignments with the version seen under the lock: `taken` back at once, or asked back, which stands beside the state. Then the
   * version stays: nothing of the transport changes.
   */
  readonly changes: readonly { readonly id: string; readonly version: number; readonly taken: boolean }[]
  readonly added: readonly AddedConsignment[]
  readonly entries: readonly ({ readonly owner: string } & object)[]
}

const APPLY = `
with asking as materialized (
  select $1::uuid as id
), changing as materialized (
  select w.* from json_to_recordset($4) as w(id uuid, version int, taken boolean)
), wider as materialized (
  select a.dispatch_id as id,
    jsonb_agg(jsonb_build_object('agency', a.agency_code, 'consignment', a.id, 'asWritten', a.as_written) order by a.id) as more
  from json_to_recordset($5) as a(id uuid, dispatch_id uuid, agency_code text, as_written jsonb) group by a.dispatch_id
), changed as (
  update consignment c set
    state = case when w.taken then 'RECALLED' else c.state end,
    version = case when w.taken then c.version + 1 else c.version end,
    ended_at = case when w.taken then $2 else c.ended_at end,
    next_attempt_at = case when w.taken then null else c.next_attempt_at end,
    next_publish_at = case when w.taken then null else c.next_publish_at end,
    recall_pending = not w.taken
  -- Through an array: the planner then guesses few rows and looks each up in its partition instead of reading all of them.
  from unnest(array(select id from changing)) as l(id) join changing w on w.id = l.id
  where c.id = l.id and c.version = w.version
  returning c.id
), added as (
  insert into consignment (id, dispatch_id, agency_code, as_written, kind, lane, mode, state, available_at, next_publish_at)
  select a.id, a.dispatch_id, a.agency_code, array(select jsonb_array_elements_text(a.as_written)), a.kind, a.lane, a.mode, a.state, $2,
    a.next_publish_at
  from json_to_recordset($5) as a(id uuid, dispatch_id uuid, agency_code text, as_written jsonb, kind text, lane text, mode text,
    state text, next_publish_at timestamptz)
), added_keys as (
  insert into submission_recipient (system_id, content_hash, agency_code, dispatch_id, consignment_id)
  select a.system_id, decode(a.content_hash, 'hex'), a.agency_code, a.dispatch_id, a.id
  from json_to_recordset($5) as a(id uuid, dispatch_id uuid, agency_code text, system_id uuid, content_hash text)
), widened as (
  -- Whoever is about to close the dispatch sees by the version that something was added.
  update dispatch d set recipients = d.recipients || a.more, state = 'ROUTED', version = d.version + 1, closed_at = null
  from unnest(array(select id from wider)) as l(id) join wider a on a.id = l.id
  where d.id = l.id
), replaced as (
  update business_request r set outcome = 'superseded', settled_at = $2
  from json_to_recordset($3) as n(consignment_id uuid, target_dispatch_id uuid, action text, outcome text)
  where r.target_dispatch_id = n.target_dispatch_id and r.consignment_id = n.consignment_id and r.outcome = 'pending' and r.dispatch_id <> $1
    -- A later update does not lift a recall.
    and n.outcome in ('pending', 'withdrawn') and (n.action in ('recall', 'remove') or r.action = n.action)
), requests as (
  insert into business_request (dispatch_id, consignment_id, target_dispatch_id, agency_code, action, outcome, opened_at, settled_at)
  select $1, n.consignment_id, n.target_dispatch_id, n.agency_code, n.action, n.outcome, $2,
    case when n.outcome <> 'pending' then $2::timestamptz end
  from json_to_recordset($3) as n(consignment_id uuid, target_dispatch_id uuid, agency_code text, action text, outcome text)
), ${auditCtes('$6', 'asking')}
select (select count(*) from changed)::int as changed`

/**
 * Carries out what a dispatch asks of others, inside the transaction that holds their locks.
 * @returns how many consignments changed; fewer than wanted is a defect, since their rows were locked
 */
export async function applyRequests(database: Queryable, batch: RequestBatch): Promise<number> {
  const { rows } = await database.query<{ changed: number }>({
    name: 'apply-requests',
    text: APPLY,
    values: [
      batch.request,
      batch.at,
      JSON.stringify(batch.requests),
      JSON.stringify(batch.changes),
      JSON.stringify(batch.added),
      JSON.stringify(batch.entries),
    ],
  })
  return rows[0]?.changed ?? 0
}
