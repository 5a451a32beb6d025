import { auditCtes } from '../audit-sql.ts'
import { beside } from '../look-up.ts'
import type { Queryable } from '../pool.ts'

/** One wanted move of one consignment by an operator. At most one per consignment in a batch. */
export interface OperatedMove {
  readonly id: string
  readonly dispatch_id: string
  /** The state and version the decision was made on. */
  readonly from_state: string
  readonly version: number
  readonly at: string
  readonly state: 'HELD' | 'QUEUED' | 'AVAILABLE' | 'DEAD'
  /** How the agency is reached today; `null` leaves it as it is. */
  readonly mode: 'pull' | 'push' | null
  /** It had ended, and its dispatch may be closed: that opens again. */
  readonly reopens: boolean
  /** Why it is DEAD. */
  readonly reason: string | null
  readonly text: string | null
}

export interface OperatedConsignment {
  readonly id: string
  readonly version: number
}

/** So long after it was queued the sweeper of delivery looks after it. */
const FIRST_SWEEP = `interval '10 seconds'`

/**
 * Dispatches are locked before consignments, as by re-sends and recalls; whose version rose while this waited for the lock was sent
 * again, requeued or closed meanwhile, and whose marks changed was recalled: what that wrote is not in this snapshot, so it is left
 * alone, and the caller reads it again. What goes out needs its content and to be the newest consignment of its recipient (a re-send
 * replaced any other); only what ends by it moves although its sender asked for it back.
 */
const OPERATE = `
with wanted as materialized (
  select m.* from json_to_recordset($1) as m(id uuid, dispatch_id uuid, from_state text, version int, at timestamptz, state text,
    mode text, reopens boolean, reason text, text text) order by m.id
), dispatches as materialized (
  select l.* from (select distinct dispatch_id as id from wanted order by 1) w cross join lateral (
    select d.id, d.state, d.content_state = 'KEPT' as may_go from dispatch d
    where d.id = w.id and (d.version, coalesce(d.recall_marks, '{}'))
      = (select seen.version, coalesce(seen.recall_marks, '{}') from dispatch seen where seen.id = d.id)
    for update of d
  ) l
), locked as materialized (
  -- One by one in id order: each look-up goes to the one partition that can hold the id, whatever plan is kept.
  select l.id from wanted w cross join lateral (
    select c.id from consignment c
    where c.id = w.id and c.dispatch_id is not distinct from w.dispatch_id and c.version = w.version
      and ${beside('c.state')} = w.from_state
      and w.dispatch_id = any(array(select id from dispatches))
      and (c.state <> 'RETRYING' or c.next_attempt_at is not null)
      and (c.lease_until is null or c.lease_until <= clock_timestamp() or c.state not in ('AVAILABLE', 'HANDED_OVER'))
      and (w.state = 'DEAD' or not (c.recall_pending or exists (
        select from business_request r where r.target_dispatch_id = c.dispatch_id and r.consignment_id = c.id
          and r.action <> 'update' and r.outcome not in ('declined', 'superseded'))))
      and (w.state not in ('QUEUED', 'AVAILABLE') or (
        w.dispatch_id = any(array(select id from dispatches where may_go))
        and exists (select from submission_recipient k where k.dispatch_id = w.dispatch_id and k.consignment_id = w.id)))
    for update of c
  ) l
), moved as (
  update consignment c set
    version = c.version + 1,
    state = w.state,
    mode = coalesce(w.mode, c.mode),
    -- Its clocks begin anew when it goes out again; nobody could have taken it meanwhile.
    available_at = case when w.state in ('QUEUED', 'AVAILABLE') then w.at else c.available_at end,
    lease_token = null,
    lease_until = null,
    lease_system = null,
    attempt_base = case w.state when 'QUEUED' then c.attempt else c.attempt_base end,
    next_attempt_at = null,
    -- Never a round that was used: queues drop an id that they still hold.
    publish_round = c.publish_round + 1,
    next_publish_at = case w.state when 'QUEUED' then clock_timestamp() + ${FIRST_SWEEP} end,
    ended_at = case w.state when 'DEAD' then w.at end,
    refusal_reason = w.reason,
    refusal_text = w.text
  -- Through an array: the planner then guesses few rows and looks each up in its partition instead of reading all of them.
  from unnest(array(select id from locked)) as l(id) join wanted w on w.id = l.id
  where c.id = l.id
  returning c.id, c.version, c.dispatch_id, w.reopens
), reopened as (
  -- Also when it was open: whoever is about to close it sees by the version that something of it moves again.
  update dispatch d set state = 'ROUTED', version = d.version + 1, closed_at = null
  from unnest(array(select distinct dispatch_id from moved where reopens)) as m(id) join dispatches r on r.id = m.id
  where d.id = m.id
  returning d.id, r.state = 'CLOSED' as was_closed
), changed as (
  select id from moved union all select id from reopened where was_closed
), ${auditCtes('$2', 'changed')}
select id, version from moved`

/**
 * Moves consignments as an operator wants it: compare-and-set on state and version; rows that changed, are leased, have an attempt
 * under way or may not go out are left alone and not returned. Entries whose owner is a dispatch are written when that was closed.
 */
export async function operateConsignments(
  database: Queryable,
  moves: readonly OperatedMove[],
  entries: readonly ({ readonly owner: string } & object)[],
): Promise<Map<string, OperatedConsignment>> {
  const { rows } = await database.query<OperatedConsignment>({
    name: 'operate-consignments',
    text: OPERATE,
    values: [JSON.stringify(moves), JSON.stringify(entries)],
  })
  return new Map(rows.map((row) => [row.id, row]))
}
