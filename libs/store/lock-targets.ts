import type { Queryable } from './pool.ts'

/** A dispatch as it stands under the lock. */
export interface LockedDispatch {
  readonly id: string
  readonly state: 'ACCEPTED' | 'ROUTED' | 'CLOSED'
  readonly version: number
  readonly system_id: string
  readonly kind: string
  readonly lane: 'urgent' | 'normal'
  readonly content_hash: Buffer
  readonly content_state: string
  readonly recipients: readonly { readonly agency: string; readonly consignment: string }[]
  /** Whom it was taken from before it was routed: the dispatch that asked, by agency. */
  readonly recall_marks: Readonly<Record<string, string>> | null
}

/** What one dispatch takes back: of each target the agencies. What was itself taken back before it was routed takes nothing. */
export interface RecallMarks {
  /** The dispatch that asks; one of those that are locked. */
  readonly by: string
  readonly targets: readonly { readonly id: string; readonly agencies: readonly string[] }[]
}

/**
 * First statement of a recall: locks the dispatches in id order and leaves the mark on those that a recall takes back. From now on
 * routing, a re-send or closing waits for the commit, and what they did before is seen by the next statement. The version stays:
 * a mark is no move.
 */
export async function lockTargets(
  database: Queryable,
  ids: readonly string[],
  marks: RecallMarks | undefined,
  at: string,
): Promise<LockedDispatch[]> {
  const { rows } = await database.query<LockedDispatch>({
    name: 'lock-targets',
    text: `with locked as materialized (
        -- One by one in id order: each look-up goes to the one partition that can hold the id, whatever plan is kept.
        select l.* from unnest($1::uuid[]) as w(id) cross join lateral (
          select d.id, d.state, d.version, d.system_id, d.kind, d.lane, d.content_hash, d.content_state, d.recipients, d.recall_marks
          from dispatch d where d.id = w.id for update of d
        ) l
      ), standing as (
        -- In this statement, so that all locks are taken in one order: whom the one that asks was itself taken back from is known only under its lock.
        select m.id, jsonb_object_agg(a.agency, $4::text) as marks
        from json_to_recordset($2) as m(id uuid, agencies jsonb) cross join jsonb_array_elements_text(m.agencies) as a(agency)
          join locked o on o.id = $4::uuid
        where not coalesce(o.recall_marks ? a.agency, false) and (o.recall_marks is null
          or exists (select from jsonb_array_elements(o.recipients) r where not o.recall_marks ? (r ->> 'agency')))
        group by m.id
      ), marked as (
        update dispatch d set recall_marked_at = coalesce(d.recall_marked_at, $3), recall_marks = coalesce(l.recall_marks, '{}') || m.marks
        -- Through an array: the planner then guesses few rows and looks each up in its partition instead of reading all of them.
        from unnest(array(select id from locked)) as k(id) join standing m on m.id = k.id join locked l on l.id = k.id
        where d.id = k.id
      )
      select * from locked`,
    values: [[...new Set(ids)].sort(), JSON.stringify(marks?.targets ?? []), at, marks?.by],
  })
  return rows
}

/** A consignment that a request is about, as it stands under the lock. */
export interface LockedConsignment {
  readonly id: string
  readonly version: number
  readonly dispatch_id: string
  readonly agency_code: string
  readonly state: string
  readonly attempt: number
  readonly handed_over_at: Date | null
  /** A lease is out now, by the database's clock. */
  readonly leased: boolean
  readonly recall_pending: boolean
}

/**
 * Second statement of a recall, with a snapshot that is younger than the locks on the dispatches: every consignment of these agencies
 * in these dispatches, re-sends included, locked in id order.
 * @param floor see `idFloor`
 */
export async function lockConsignments(
  database: Queryable,
  wanted: { readonly dispatches: readonly string[]; readonly agencies: readonly string[]; readonly floor: string },
): Promise<LockedConsignment[]> {
  const { rows } = await database.query<LockedConsignment>({
    name: 'lock-consignments',
    text: `with found as materialized (
        select c.id from consignment c
        where c.dispatch_id = any($1::uuid[]) and c.id >= $3::uuid and c.agency_code = any($2::text[]) order by c.id
      )
      select l.* from found f cross join lateral (
        select c.id, c.version, c.dispatch_id, c.agency_code, c.state, c.attempt, c.handed_over_at, c.recall_pending,
          coalesce(c.lease_until > clock_timestamp(), false) as leased
        from consignment c where c.id = f.id for update of c
      ) l`,
    values: [wanted.dispatches, wanted.agencies, wanted.floor],
  })
  return rows
}

/**
 * Of these dispatches, under their locks, those that were asked back of every receiver: taken back, waiting for an answer, or with
 * nothing left to take because it was refused or never arrived. What a receiver declined (status 16) stands.
 */
export async function findTakenBack(database: Queryable, ids: readonly string[], floor: string): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const { rows } = await database.query<{ dispatch_id: string }>({
    name: 'find-taken-back',
    text: `select c.dispatch_id from consignment c where c.dispatch_id = any($1::uuid[]) and c.id >= $2::uuid
      group by c.dispatch_id having bool_and(c.state = 'RECALLED' or c.recall_pending or (c.state in ('REFUSED', 'EXPIRED', 'DEAD')
        and exists (select from business_request r where r.target_dispatch_id = c.dispatch_id and r.consignment_id = c.id
          and r.action <> 'update' and r.outcome not in ('declined', 'superseded'))))`,
    values: [ids, floor],
  })
  return new Set(rows.map(({ dispatch_id }) => dispatch_id))
}
