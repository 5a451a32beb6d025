import { auditCtes } from '../audit-sql.ts'
import type { Queryable } from '../pool.ts'

/** Entries of a repair; the owner is the row that is mended. */
export type RepairEntries = readonly ({ readonly owner: string } & object)[]

async function mend(
  database: Queryable,
  moved: string,
  values: readonly unknown[],
  entries: RepairEntries,
): Promise<boolean> {
  const { rowCount } = await database.query(
    `with ${moved}, ${auditCtes(`$${values.length + 1}`, 'moved')} select id from moved`,
    [...values, JSON.stringify(entries)],
  )
  return (rowCount ?? 0) > 0
}

/** An accepted dispatch is published at the next sweep. `false`: it moved meanwhile. */
export function republishDispatch(
  database: Queryable,
  row: { readonly id: string; readonly version: number },
  entries: RepairEntries,
): Promise<boolean> {
  return mend(
    database,
    `moved as (
      update dispatch d set next_publish_at = now() where d.id = $1 and d.version = $2 and d.state = 'ACCEPTED' returning d.id
    )`,
    [row.id, row.version],
    entries,
  )
}

/** A push of which nothing is under way is queued at the next sweep. `false`: it moved meanwhile. */
export function requeuePush(
  database: Queryable,
  row: { readonly id: string; readonly version: number },
  entries: RepairEntries,
): Promise<boolean> {
  return mend(
    database,
    `moved as (
      update consignment c set version = c.version + 1, next_publish_at = now(), publish_round = 0,
        next_attempt_at = coalesce(c.next_attempt_at, now())
      where c.id = $1 and c.version = $2 and c.mode = 'push' and c.state in ('QUEUED', 'RETRYING')
        and not exists (select from delivery_attempt a where a.consignment_id = c.id and a.ended_at is null)
      returning c.id
    )`,
    [row.id, row.version],
    entries,
  )
}

/**
 * Closes an attempt nobody ends as ambiguous, and lets its consignment, where it waits for just this attempt, be tried again under the
 * same id. `false`: it ended meanwhile, or its deadline is not over.
 */
export function endLostAttempt(
  database: Queryable,
  row: { readonly id: string; readonly attempt: number },
  entries: RepairEntries,
): Promise<boolean> {
  return mend(
    database,
    `locked as materialized (
      select c.id, c.state = 'RETRYING' and c.attempt = $2 and c.next_attempt_at is null as waits
      from consignment c where c.id = $1 for update of c
    ), moved as (
      update delivery_attempt a set ended_at = now(), outcome = 'ambiguous', code = 'LT_DLV_INTERRUPTED'
      from locked l where a.consignment_id = l.id and a.attempt = $2 and a.ended_at is null and a.deadline < now()
      returning a.consignment_id as id
    ), again as (
      update consignment c set version = c.version + 1, next_attempt_at = now(), next_publish_at = now(), publish_round = 0
      from locked l, moved m where c.id = l.id and m.id = l.id and l.waits
    )`,
    [row.id, row.attempt],
    entries,
  )
}

/** Of a row that ended, the lease ends with it; of an open one, a lease that is none goes, and the item can be leased again. */
export function releaseLease(
  database: Queryable,
  row: { readonly id: string; readonly version: number },
  entries: RepairEntries,
): Promise<boolean> {
  return mend(
    database,
    `moved as (
      update consignment c set version = c.version + 1, lease_until = case when c.lease_token is not null then c.ended_at end,
        lease_token = case when c.ended_at is null then null else c.lease_token end,
        lease_system = case when c.ended_at is null then null else c.lease_system end
      where c.id = $1 and c.version = $2 returning c.id
    )`,
    [row.id, row.version],
    entries,
  )
}

/** What a submission is remembered by leads to the newest consignment of its recipient. `false`: it was changed meanwhile. */
export function relinkSubmission(
  database: Queryable,
  row: { readonly dispatch: string; readonly agency: string; readonly from: string; readonly to: string },
  entries: RepairEntries,
): Promise<boolean> {
  return mend(
    database,
    `moved as (
      update submission_recipient k set consignment_id = $4
      where k.dispatch_id = $1 and k.agency_code = $2 and k.consignment_id = $3
        and exists (select from consignment c where c.id = $4 and c.dispatch_id = k.dispatch_id and c.agency_code = k.agency_code)
      returning k.dispatch_id as id
    )`,
    [row.dispatch, row.agency, row.from, row.to],
    entries,
  )
}
