import { auditCtes } from './audit-sql.ts'
import type { Queryable } from './pool.ts'

/** `not-made`: still open, asked back by its sender, sent again by somebody else, or its content is gone. `suspended`: the system, as the statement read it. */
export type ResendOutcome = 'made' | 'not-made' | 'suspended'

/**
 * Makes a new consignment, linked to an ended one, for the same recipient of the same dispatch. The row of
 * `submission_recipient` is moved from the old id to the new one by compare-and-set: of two requests one wins.
 * A closed dispatch opens again; entries whose owner is the dispatch are written only then.
 */
export async function resendConsignment(
  database: Queryable,
  resend: {
    readonly oldId: string
    readonly newId: string
    readonly systemId: string
    readonly mode: 'pull' | 'push'
    readonly at: string
  },
  entries: readonly ({ readonly owner: string } & object)[],
): Promise<ResendOutcome> {
  const { rows } = await database.query<{ outcome: ResendOutcome }>({
    name: 'resend-consignment',
    text: `with active as materialized (
        select id from system where id = $3 and suspended_at is null
      ), dispatch_row as materialized (
        select d.id, d.system_id, d.content_hash, d.state from dispatch d
        join consignment c on c.dispatch_id = d.id join active a on a.id = d.system_id
        where c.id = $1 and d.content_state = 'KEPT' for update of d
      ), ended as materialized (
        select c.* from consignment c join dispatch_row d on d.id = c.dispatch_id
        where c.id = $1 and c.state in ('ACKNOWLEDGED', 'REFUSED', 'DEAD', 'EXPIRED', 'RECALLED')
          and not c.recall_pending for update of c
      ), claimed as (
        update submission_recipient k set consignment_id = $2
        from ended e, dispatch_row d
        where k.system_id = d.system_id and k.content_hash = d.content_hash and k.agency_code = e.agency_code and k.consignment_id = $1
        returning k.consignment_id
      ), moved as (
        insert into consignment (id, dispatch_id, agency_code, as_written, kind, lane, mode, state, previous_id, available_at, next_publish_at)
        select $2, e.dispatch_id, e.agency_code, e.as_written, e.kind, e.lane, $6,
          case $6 when 'push' then 'QUEUED' else 'AVAILABLE' end, e.id, $4, case $6 when 'push' then $4::timestamptz end
        from ended e where exists (select 1 from claimed)
        returning id, dispatch_id
      ), reopened as (
        -- Also when it was open: whoever is about to close it sees by the version that something was added.
        update dispatch d set state = 'ROUTED', version = d.version + 1, closed_at = null
        from moved m, dispatch_row r where d.id = m.dispatch_id and r.id = d.id
        returning d.id, r.state = 'CLOSED' as was_closed
      ), changed as (
        select id from moved union all select id from reopened where was_closed
      ), ${auditCtes('$5', 'changed')}
      select case when exists (select from moved) then 'made' when exists (select from active) then 'not-made'
        else 'suspended' end as outcome`,
    values: [resend.oldId, resend.newId, resend.systemId, resend.at, JSON.stringify(entries), resend.mode],
  })
  return rows[0]?.outcome ?? 'not-made'
}
