import { coalesced, coalescedFind, coalescedList } from './coalesce.ts'
import { idFloor, rowById } from './look-up.ts'
import type { Queryable } from './pool.ts'

export interface DispatchView {
  readonly id: string
  readonly state: string
  readonly kind: string
  readonly lane: string
  readonly system_id: string
  readonly sender_code: string
  readonly document_id: string
  readonly number: string
  readonly notation: string
  readonly promulgation_date: string | null
  readonly subject: string
  readonly business_type: string
  readonly due_date: string | null
  readonly form: string
  readonly content_hash: Buffer
  readonly content_size: number
  readonly content_state: string
  readonly recipients: readonly {
    readonly agency: string
    readonly consignment: string
    readonly asWritten: readonly string[]
  }[]
  readonly signature: Readonly<Record<string, unknown>>
  readonly facts: Readonly<Record<string, unknown>>
  readonly accepted_at: Date
  readonly routed_at: Date | null
  readonly closed_at: Date | null
}

const DISPATCH = `
  d.id, d.state, d.kind, d.lane, d.system_id, d.sender_code, d.document_id,
  d.number, d.notation, d.promulgation_date, d.subject, d.business_type, d.due_date, d.form,
  d.content_hash, d.content_size, d.content_state, d.recipients, d.signature, d.facts, d.accepted_at,
  d.routed_at, d.closed_at`

export const findDispatch = coalescedFind<DispatchView>(
  async (database, ids) => {
    const { rows } = await database.query<DispatchView>({
      name: 'find-dispatch',
      text: `select ${DISPATCH} from unnest($1::uuid[]) as w(id) ${rowById('dispatch', 'w.id', 'd')}`,
      values: [ids],
    })
    return rows
  },
  (row) => row.id,
)

export interface ConsignmentView {
  readonly id: string
  readonly dispatch_id: string
  readonly agency_code: string
  readonly as_written: readonly string[]
  readonly mode: string
  readonly state: string
  readonly previous_id: string | null
  readonly available_at: Date
  readonly handed_over_at: Date | null
  readonly ended_at: Date | null
  readonly refusal_reason: string | null
  readonly refusal_text: string | null
  readonly recall_pending: boolean
}

/** Every consignment of a dispatch, re-sends included, in the order they were made. */
export const listConsignments = coalescedList<ConsignmentView>(
  async (database, dispatchIds) => {
    const { rows } = await database.query<ConsignmentView>({
      name: 'list-consignments',
      text: `select id, dispatch_id, agency_code, as_written, mode, state, previous_id, available_at, handed_over_at, ended_at,
        refusal_reason, refusal_text, recall_pending from consignment
        where dispatch_id = any($1::uuid[]) and id >= $2::uuid order by id`,
      values: [dispatchIds, idFloor(dispatchIds)],
    })
    return rows
  },
  (row) => row.dispatch_id,
)

export interface StatusView {
  readonly about_dispatch_id: string
  readonly dispatch_id: string
  readonly reporter_code: string
  readonly code: string
  readonly description: string | null
  readonly stated_at: string | null
  readonly reported_at: Date
  readonly about_consignment_id: string | null
}

/** Status reports about a dispatch, in the order they were accepted: the order of the log, or of waiting for it. */
export const listStatusReports = coalescedList<StatusView>(
  async (database, dispatchIds) => {
    const { rows } = await database.query<StatusView>({
      name: 'list-status-reports',
      text: `select s.dispatch_id, s.about_dispatch_id, s.reporter_code, s.code, s.description, s.stated_at, s.reported_at,
        s.about_consignment_id
      from status_report s left join receipt r on r.dispatch_id = s.dispatch_id and r.event = 'SubmissionAcceptance'
        left join log_leaf l on l.entry_id = r.entry_id left join audit_pending p on p.entry_id = r.entry_id
      where s.about_dispatch_id = any($1::uuid[]) order by l.epoch, l.index, p.seq`,
      values: [dispatchIds],
    })
    return rows
  },
  (row) => row.about_dispatch_id,
)

export interface ThreadView {
  readonly dispatch_id: string
  readonly direction: 'answers' | 'answered-by'
  readonly sender_code: string
  readonly document_id: string
  readonly number: string
  readonly notation: string
  readonly subject: string
}

/** Links that are looked at in each direction and way of naming; a document that is answered by more is a matter for the archive. */
const THREAD_REACH = 1000
const THREAD_LIMIT = 200

const THREAD = `
with own_dispatch as materialized (
  select sender_code, document_id, number || '/' || notation as code from dispatch where id = $1
), branches as materialized (
  -- One branch for each way of naming, so that each finds its index; with "or" between them the sender's whole history is read.
  (select t.id, 'answers' as direction from reply_link l cross join lateral (
      select id from dispatch t
      where t.sender_code = l.agency_code and t.document_id = l.document_id and t.kind = 'document' offset 0
    ) t where l.dispatch_id = $1 order by 1 limit ${THREAD_REACH})
  union
  (select t.id, 'answers' from reply_link l cross join lateral (
      select id from dispatch t
      where t.sender_code = l.agency_code and t.number || '/' || t.notation = l.code and t.kind = 'document' offset 0
    ) t where l.dispatch_id = $1 and l.document_id is null order by 1 limit ${THREAD_REACH})
  union
  (select l.dispatch_id, 'answered-by' from own_dispatch d cross join lateral (
      select dispatch_id from reply_link l where l.agency_code = d.sender_code and l.document_id = d.document_id
      order by dispatch_id limit ${THREAD_REACH}
    ) l)
  union
  (select l.dispatch_id, 'answered-by' from own_dispatch d cross join lateral (
      select dispatch_id from reply_link l where l.agency_code = d.sender_code and l.code = d.code and l.document_id is null
      order by dispatch_id limit ${THREAD_REACH}
    ) l)
), thread as materialized (
  select b.direction, d.* from branches b ${rowById('dispatch', 'b.id', 'd')}
), own as materialized (
  select unnest($2::text[]) as code
)
select id as dispatch_id, direction, sender_code, document_id, number, notation, subject from thread
where sender_code in (select code from own)
  or id in (select t.id from thread t cross join lateral jsonb_array_elements(t.recipients) r where r ->> 'agency' in (select code from own))
order by id limit ${THREAD_LIMIT}`

/** What a dispatch is named by in replies. */
export type Answerable = Pick<DispatchView, 'id' | 'sender_code' | 'document_id' | 'number' | 'notation'>

/** Whether any reply links a dispatch to another, whoever sent it: most stand alone, and need no look at their thread. */
const isLinked = coalesced<Answerable, boolean>(async (database, dispatches) => {
  const { rows } = await database.query<{ linked: boolean }>({
    name: 'find-linked-dispatches',
    text: `select exists (select from reply_link l where l.dispatch_id = w.id)
        or exists (select from reply_link l where l.agency_code = w.sender_code and l.document_id = w.document_id)
        or exists (select from reply_link l where l.agency_code = w.sender_code and l.code = w.code and l.document_id is null) as linked
      from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) with ordinality as w(id, sender_code, document_id, code, place)
      order by w.place`,
    values: [
      dispatches.map(({ id }) => id),
      dispatches.map((each) => each.sender_code),
      dispatches.map((each) => each.document_id),
      dispatches.map(({ number, notation }) => `${number}/${notation}`),
    ],
  })
  return rows.map(({ linked }) => linked)
})

/**
 * The documents this one answers, and those that answer it, as far as one of `agencies` sent or receives them; oldest first, at
 * most 200. What strangers link to a document takes no place from what its parties may see.
 */
export async function listThread(
  database: Queryable,
  dispatch: Answerable,
  agencies: readonly string[],
): Promise<ThreadView[]> {
  if (!(await isLinked(database, dispatch))) return []
  const { rows } = await database.query<ThreadView>({
    name: 'list-thread',
    text: THREAD,
    values: [dispatch.id, agencies],
  })
  return rows
}

/** The sending systems of dispatches. */
export async function findSenders(
  database: Queryable,
  ids: readonly string[],
): Promise<{ id: string; system_id: string }[]> {
  const { rows } = await database.query<{ id: string; system_id: string }>({
    name: 'find-senders',
    text: `select d.id, d.system_id from unnest($1::uuid[]) as w(id) ${rowById('dispatch', 'w.id', 'd')}`,
    values: [ids],
  })
  return rows
}

/** The sending system of one dispatch; what many ask at the same time is one statement. */
export const findSender = coalescedFind(findSenders, (row) => row.id)
