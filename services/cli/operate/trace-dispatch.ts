import { isUuid } from '../../../libs/model/index.ts'
import type { Pool } from '../../../libs/store/index.ts'

/** One step on a document's way. */
export interface TraceStep {
  readonly entry: string
  readonly event: string
  readonly time: Date
  readonly consignment: string | null
  readonly agency: string | null
  readonly details: Readonly<Record<string, unknown>>
  /** Place in the log; null while it waits for one. */
  readonly epoch: number | null
  readonly index: string | null
}

export interface Trace {
  readonly dispatch: string
  readonly state: string
  readonly sender: string
  readonly number: string
  readonly notation: string
  readonly documentId: string
  readonly steps: readonly TraceStep[]
}

/** The whole way of a dispatch, found by its own id, a consignment's, or the document's. */
export async function traceDispatches(pool: Pool, id: string): Promise<Trace[]> {
  const { rows: found } = await pool.query<Omit<Trace, 'steps'>>(
    `select id as dispatch, state, sender_code as sender, number, notation, document_id as "documentId" from dispatch
      where ${isUuid(id) ? 'id = $1 or id in (select dispatch_id from consignment where id = $1)' : 'document_id = $1'}
      order by id limit 20`,
    [id],
  )
  return Promise.all(found.map(async (dispatch) => ({ ...dispatch, steps: await readSteps(pool, dispatch.dispatch) })))
}

async function readSteps(pool: Pool, dispatch: string): Promise<TraceStep[]> {
  const { rows } = await pool.query<Omit<TraceStep, 'details'> & { details: string | null }>(
    `select e.id as entry, e.event, e.event_time as time, e.consignment_id as consignment, c.agency_code as agency, d.details,
        l.epoch, l.index
      from audit_entry e
      left join audit_detail d on d.entry_id = e.id
      left join log_leaf l on l.entry_id = e.id
      left join consignment c on c.id = e.consignment_id
      where e.dispatch_id = $1 order by l.epoch nulls last, l.index, e.event_time limit 5000`,
    [dispatch],
  )
  return rows.map((row) => ({
    ...row,
    details: row.details === null ? {} : (JSON.parse(row.details) as TraceStep['details']),
  }))
}
