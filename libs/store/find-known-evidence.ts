import type { Queryable } from './pool.ts'

/** What a receipt names. */
export interface NamedEvidence {
  readonly dispatch: string
  readonly entry: string | null
  readonly consignment: string | null
}

/** Whether this database has what a receipt names; `true` also for what the receipt does not name. */
export interface KnownEvidence {
  readonly dispatch: boolean
  readonly entry: boolean
  readonly consignment: boolean
}

/**
 * Asks for each receipt, in their order, whether its dispatch, log entry and consignment are there. Months that were put away count as
 * there: log entries never leave.
 */
export async function findKnownEvidence(
  database: Queryable,
  named: readonly NamedEvidence[],
): Promise<KnownEvidence[]> {
  const { rows } = await database.query<KnownEvidence>(
    `select exists (select from dispatch d where d.id = w.dispatch)
         or exists (select from audit_entry e where e.dispatch_id = w.dispatch) as dispatch,
       w.entry is null or exists (select from audit_entry e where e.id = w.entry) as entry,
       w.consignment is null or exists (select from consignment c where c.id = w.consignment)
         or exists (select from audit_entry e where e.consignment_id = w.consignment) as consignment
     from rows from (json_to_recordset($1) as (dispatch uuid, entry uuid, consignment uuid)) with ordinality
       as w(dispatch, entry, consignment, ord) order by ord`,
    [JSON.stringify(named)],
  )
  return rows
}
