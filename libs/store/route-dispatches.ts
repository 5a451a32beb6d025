import type { ResolvedAction } from '../model/index.ts'
import { auditCtes } from './audit-sql.ts'
import { beside } from './look-up.ts'
import type { Queryable } from './pool.ts'

export interface DispatchToRoute {
  readonly id: string
  readonly version: number
  readonly kind: 'document' | 'status'
  /** A shadow reaches nobody and acts on nothing. */
  readonly traffic: 'real' | 'test' | 'shadow'
  readonly lane: 'urgent' | 'normal'
  readonly sender_code: string
  readonly document_id: string
  readonly recipients: readonly {
    readonly agency: string
    readonly consignment: string
    readonly asWritten: readonly string[]
  }[]
  readonly business_type: 'new' | 'recall' | 'update' | 'replace'
  /** A recall took it from somebody before it was routed. */
  readonly marked: boolean
  readonly facts: {
    readonly status?: {
      code: string
      about: { agency: string; code?: string; documentId?: string }
      description?: string
      timestamp?: string
    }
    readonly action?: ResolvedAction
  }
}

/** Dispatches among `ids` that still wait for routing. */
export async function findDispatchesToRoute(database: Queryable, ids: readonly string[]): Promise<DispatchToRoute[]> {
  const { rows } = await database.query<DispatchToRoute>({
    name: 'find-dispatches-to-route',
    text: `select d.* from (select distinct unnest($1::uuid[]) as id) w cross join lateral (
        select id, version, kind, traffic, lane, sender_code, document_id, recipients, facts, business_type, recall_marked_at is not null as marked
        from dispatch where id = w.id and state = 'ACCEPTED' offset 0
      ) d`,
    values: [ids],
  })
  return rows
}

export interface ConsignmentRow {
  readonly id: string
  readonly dispatch_id: string
  readonly agency_code: string
  readonly as_written: readonly string[]
  readonly kind: string
  readonly lane: string
  readonly mode: string
  readonly state: string
  readonly available_at: string
  readonly next_publish_at: string | null
  /** Set where it never becomes available: taken back before it was made, or of no use to its receiver. */
  readonly ended_at?: string | null
}

export interface StatusReportRow {
  readonly dispatch_id: string
  readonly reporter_code: string
  readonly subject_code: string
  readonly document_id: string
  /** `number/notation`: names the document where there is no id. */
  readonly document_code?: string
  readonly code: string
  readonly description: string | null
  readonly stated_at: string | null
  readonly reported_at: string
}

export interface RoutingBatch {
  /** `marked`: whoever made the rows has seen, under a lock on the dispatch, whom it was taken from. */
  readonly moves: readonly {
    readonly id: string
    readonly version: number
    readonly at: string
    readonly marked?: boolean
  }[]
  readonly consignments: readonly ConsignmentRow[]
  readonly statuses: readonly StatusReportRow[]
  readonly entries: readonly ({ readonly owner: string } & object)[]
}

const partyOf = (condition: string): string => `select d.id as dispatch_id, coalesce((
        select c.id from consignment c where c.dispatch_id = d.id and c.id >= (r.value ->> 'consignment')::uuid
          and c.agency_code = r.value ->> 'agency' order by c.id desc limit 1
      ), (r.value ->> 'consignment')::uuid) as consignment_id
    from dispatch d cross join lateral jsonb_array_elements(d.recipients) as r
    where d.kind = 'document' and ${condition}
      and d.sender_code = case when s.code = '13' then s.reporter_code else s.subject_code end
      and r.value ->> 'agency' = case when s.code = '13' then s.subject_code else s.reporter_code end
    order by d.business_type in ('recall', 'update'), d.id desc limit 1`

const ROUTE = `
with wanted as materialized (
  select m.* from json_to_recordset($1) as m(id uuid, version int, at timestamptz, marked boolean) order by m.id
), locked as materialized (
  -- One by one in id order: each look-up goes to the one partition that can hold the id, whatever plan is kept.
  select l.id from wanted w cross join lateral (
    -- A dispatch that a recall marked meanwhile is left alone: its consignments are to be made otherwise.
    select d.id from dispatch d where d.id = w.id and ${beside('d.state')} = 'ACCEPTED' and d.version = w.version
      and (w.marked or d.recall_marked_at is null) for update of d
  ) l
), moved as (
  update dispatch d set state = 'ROUTED', version = d.version + 1, routed_at = w.at
  -- Through an array: the planner then guesses few rows and looks each up in its partition instead of reading all of them.
  from unnest(array(select id from locked)) as l(id) join wanted w on w.id = l.id
  where d.id = l.id returning d.id
), consignments as (
  insert into consignment (id, dispatch_id, agency_code, as_written, kind, lane, mode, state, available_at, next_publish_at,
    ended_at)
  select c.id, c.dispatch_id, c.agency_code, array(select jsonb_array_elements_text(c.as_written)), c.kind, c.lane, c.mode,
    c.state, c.available_at, c.next_publish_at, c.ended_at
  from json_to_recordset($2) as c(id uuid, dispatch_id uuid, agency_code text, as_written jsonb, kind text, lane text, mode text,
    state text, available_at timestamptz, next_publish_at timestamptz, ended_at timestamptz)
  where c.dispatch_id in (select id from moved)
), statuses as (
  insert into status_report (dispatch_id, reporter_code, subject_code, document_id, code, description, stated_at, reported_at,
    about_dispatch_id, about_consignment_id)
  select s.dispatch_id, s.reporter_code, s.subject_code, s.document_id, s.code, s.description, s.stated_at, s.reported_at,
    coalesce(by_id.dispatch_id, by_code.dispatch_id), coalesce(by_id.consignment_id, by_code.consignment_id)
  from json_to_recordset($3) as s(dispatch_id uuid, reporter_code text, subject_code text, document_id text, document_code text,
    code text, description text, stated_at text, reported_at timestamptz)
  left join lateral (
    -- The newest dispatch of that document that names the reporter, by what admission fixed: its consignments may not be made yet. For
    -- 13 the sender reports to its receiver. A recall or an update of the same id is not the document. Of a recipient it was sent to
    -- again, the newest consignment.
    ${partyOf("s.document_id <> '' and d.document_id = s.document_id")}
  ) by_id on true
  left join lateral (
    ${partyOf("coalesce(s.document_id, '') = '' and d.number || '/' || d.notation = s.document_code")}
  ) by_code on true
  where s.dispatch_id in (select id from moved)
), ${auditCtes('$4', 'moved')}
select id from moved`

/** Moves dispatches from ACCEPTED to ROUTED with their consignments; returns the ids that moved, others were stale. */
export async function routeDispatches(database: Queryable, batch: RoutingBatch): Promise<Set<string>> {
  const { rows } = await database.query<{ id: string }>({
    name: 'route-dispatches',
    text: ROUTE,
    values: [batch.moves, batch.consignments, batch.statuses, batch.entries].map((rows) => JSON.stringify(rows)),
  })
  return new Set(rows.map((row) => row.id))
}
