import { auditCtes } from '../audit-sql.ts'
import { rowById } from '../look-up.ts'
import type { Queryable } from '../pool.ts'

/** An update or replacement that waits for its receiver. */
export interface VoidableRequest {
  /** The dispatch that asks. */
  readonly dispatch_id: string
  readonly target_dispatch_id: string
  readonly agency_code: string
  readonly action: 'update' | 'replace'
}

/** Updates and replacements of a consignment's document that its receiver has not answered. */
export async function findVoidable(database: Queryable, consignment: string): Promise<VoidableRequest[]> {
  const { rows } = await database.query<VoidableRequest>({
    name: 'find-voidable',
    text: `select r.dispatch_id, r.target_dispatch_id, r.agency_code, r.action from (select $1::uuid as id) w
      ${rowById('consignment', 'w.id', 'c')}
      join business_request r on r.target_dispatch_id = c.dispatch_id and r.consignment_id = c.id
      where r.outcome = 'pending' and r.action in ('update', 'replace') order by r.dispatch_id desc`,
    values: [consignment],
  })
  return rows
}

/**
 * Voids requests that still wait; an answer that came meanwhile stands. The owner of an entry is the dispatch that asks. Answers how
 * many were voided.
 */
export async function voidRequests(
  database: Queryable,
  consignment: string,
  requests: readonly VoidableRequest[],
  at: string,
  entries: readonly ({ readonly owner: string } & object)[],
): Promise<number> {
  const { rowCount } = await database.query({
    name: 'void-requests',
    text: `with locked as materialized (
        -- Newest first, as whoever settles them does.
        select r.dispatch_id, r.consignment_id from business_request r
        where r.dispatch_id = any($2::uuid[]) and r.consignment_id = $1 and r.outcome = 'pending'
        order by r.dispatch_id desc for update
      ), moved as (
        update business_request r set outcome = 'void', settled_at = $3 from locked l
        where r.dispatch_id = l.dispatch_id and r.consignment_id = l.consignment_id
        returning r.dispatch_id as id
      ), ${auditCtes('$4', 'moved')} select id from moved`,
    values: [consignment, requests.map(({ dispatch_id }) => dispatch_id), at, JSON.stringify(entries)],
  })
  return rowCount ?? 0
}
