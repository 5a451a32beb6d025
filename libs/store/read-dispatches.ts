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
  readonly recipients: readonly { readonly agency: string; readonly consignment: string; readonly asWritten: readonly string[] }[]
  readonly signature: Readonly<Record<string, unknown>>
  readonly facts: Readonly<Record<string, unknown>>
  readonly accepted_at: Date
  readonly routed_at: Date | null
  readonly closed_at: Date | null
}

const DISPATCH = `id, state, kind, lane, system_id, sender_code, document_id, number, notation, promulgation_date, subject,
  business_type, due_date, form, content_hash, content_size, content_state, recipients, signature, facts, accepted_at, routed_at, closed_at`

export async function findDispatch(database: Queryable, id: string): Promise<DispatchView | undefined> {
  const { rows } = await database.query<DispatchView>({
    name: 'find-dispatch',
    text: `select ${DISPATCH} from dispatch where id = $1`,
    values: [id],
  })
  return rows[0]
}

export interface ConsignmentView {
  readonly id: string
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
export async function listConsignments(database: Queryable, dispatchId: string): Promise<ConsignmentView[]> {
  const { rows } = await database.query<ConsignmentView>({
    name: 'list-consignments',
    text: `select id, agency_code, as_written, mode, state, previous_id, available_at, handed_over_at, ended_at,
      refusal_reason, refusal_text, recall_pending from consignment where dispatch_id = $1 order by id`,
    values: [dispatchId],
  })
  return rows
}

export interface StatusView {
  readonly dispatch_id: string
  readonly reporter_code: string
  readonly code: string
  readonly description: string | null
  readonly stated_at: string | null
  readonly reported_at: Date
  readonly about_consignment_id: string | null
}

/** Status reports about a dispatch, in the order they were routed. */
export async function listStatusReports(database: Queryable, dispatchId: string): Promise<StatusView[]> {
  const { rows } = await database.query<StatusView>({
    name: 'list-status-reports',
    text: `select dispatch_id, reporter_code, code, description, stated_at, reported_at, about_consignment_id
      from status_report where about_dispatch_id = $1 order by dispatch_id`,
    values: [dispatchId],
  })
  return rows
}

export interface ThreadView {
  readonly dispatch_id: string
  readonly direction: 'answers' | 'answered-by'
  readonly sender_code: string
  readonly document_id: string
  readonly number: string
  readonly notation: string
  readonly subject: string
  readonly recipients: readonly { readonly agency: string }[]
}

/** The documents this one answers, and those that answer it. */
export async function listThread(database: Queryable, dispatchId: string): Promise<ThreadView[]> {
  const { rows } = await database.query<ThreadView>({
    name: 'list-thread',
    text: `select t.id as dispatch_id, 'answers' as direction, t.sender_code, t.document_id, t.number, t.notation, t.subject, t.recipients
      from reply_link l join dispatch t on t.sender_code = l.agency_code and t.kind = 'document'
        and (t.document_id = l.document_id or (l.document_id is null and t.number || '/' || t.notation = l.code))
      where l.dispatch_id = $1
      union all
      select r.id, 'answered-by', r.sender_code, r.document_id, r.number, r.notation, r.subject, r.recipients
      from dispatch d join reply_link l on l.agency_code = d.sender_code
        and (l.document_id = d.document_id or (l.document_id is null and l.code = d.number || '/' || d.notation))
      join dispatch r on r.id = l.dispatch_id
      where d.id = $1 order by 1 limit 200`,
    values: [dispatchId],
  })
  return rows
}

/** The sending systems of dispatches. */
export async function findSenders(database: Queryable, ids: readonly string[]): Promise<{ id: string; system_id: string }[]> {
  const { rows } = await database.query<{ id: string; system_id: string }>({
    name: 'find-senders',
    text: 'select id, system_id from dispatch where id = any($1::uuid[])',
    values: [ids],
  })
  return rows
}
