import { coalesced } from './coalesce.ts'
import { rowById } from './look-up.ts'
import type { Queryable } from './pool.ts'

/** A document as packets name it. */
export interface TargetQuestion {
  /** Canonical code of the agency that issued it. */
  readonly issuer: string
  readonly documentId: string
  /** `number/notation`: looked for where there is no document id. */
  readonly code: string
  /** Whose part in documents of other issuers is told: strangers learn nothing of them. */
  readonly party: string
  /** Asked for a shadow system: it may act on what it sent as one. For others such documents do not exist. */
  readonly shadow?: boolean
}

export interface TargetDispatch {
  readonly id: string
  readonly business_type: 'new' | 'recall' | 'update' | 'replace'
  readonly content_state: string
  /** Canonical codes of everyone it was consigned to, those added later included. */
  readonly agencies: readonly string[]
}

export interface TargetAnswer {
  /** Dispatches of that document, newest first. */
  readonly dispatches: readonly TargetDispatch[]
  /** Another agency sent a document of that id to the party. */
  readonly foreign: boolean
}

/** More dispatches of one document than this are a matter for its sender to untangle. */
const MOST = 200

const SEEN = `(d.traffic <> 'shadow' or (q.value ->> 'shadow')::boolean)`
const column = (name: keyof TargetQuestion): string => `(q.value ->> '${name}')`

/** What the axis carried of a document. All that ask at the same time go into one statement. */
export const findTargets = coalesced<TargetQuestion, TargetAnswer>(async (database: Queryable, questions) => {
  const wanted = 'd.id, d.business_type, d.content_state, d.recipients'
  const { rows } = await database.query<{ dispatches: TargetDispatch[] | null; foreign: boolean }>({
    name: 'find-targets',
    text: `select (
        select json_agg(json_build_object('id', t.id, 'business_type', t.business_type, 'content_state', t.content_state, 'agencies',
          (select json_agg(r ->> 'agency') from jsonb_array_elements(t.recipients) r)) order by t.id desc)
        from (
          (select ${wanted} from dispatch d where ${column('documentId')} <> '' and d.sender_code = ${column('issuer')}
            and d.document_id = ${column('documentId')} and d.kind = 'document' and ${SEEN} order by d.id desc limit ${MOST})
          union all
          (select ${wanted} from dispatch d where ${column('documentId')} = '' and d.sender_code = ${column('issuer')}
            and d.number || '/' || d.notation = ${column('code')} and d.kind = 'document' and ${SEEN} order by d.id desc limit ${MOST})
        ) t
      ) as dispatches,
      exists (
        select from (select k.dispatch_id, k.sender_code from document_key k
          where k.document_id = ${column('documentId')} order by k.sender_code limit ${MOST}) k
        ${rowById('dispatch', 'k.dispatch_id', 'd')}
        where k.sender_code <> ${column('issuer')}
          and d.recipients @> jsonb_build_array(jsonb_build_object('agency', ${column('party')}))
      ) as foreign
      from json_array_elements($1) with ordinality as q(value, place) order by q.place`,
    values: [JSON.stringify(questions)],
  })
  return rows.map(({ dispatches, foreign }) => ({ dispatches: dispatches ?? [], foreign }))
})
