import type { Queryable } from './pool.ts'

export interface SubmissionQuestion {
  readonly system_id: string
  /** Hex. */
  readonly content_hash: string
  /** Asks by recipient: the bytes are known where they went to all of these. `null`: where they went to anybody. */
  readonly agencies: readonly string[] | null
  readonly idempotency_key: string | null
  readonly sender_code: string
  readonly document_id: string
  readonly business_type: string
}

export interface SubmissionAnswer {
  /** Dispatch these very bytes of this system became. */
  readonly same_content: string | null
  /** Those of `agencies` that these bytes went to before. */
  readonly known_agencies: readonly string[]
  /** Whether these bytes went to anybody before. */
  readonly known_content: boolean
  /** Dispatch and content hash (hex) this idempotency key stands for. */
  readonly same_key: string | null
  readonly key_hash: string | null
  /** First dispatch that carried this document. */
  readonly same_document: string | null
}

/** What is already known of submissions, before anything is written; one query for all that ask at the same time. */
export async function findKnownSubmissions(
  database: Queryable,
  questions: readonly SubmissionQuestion[],
): Promise<SubmissionAnswer[]> {
  const { rows } = await database.query<SubmissionAnswer>({
    name: 'find-known-submissions',
    text: `select
        case when json_typeof(q.value -> 'agencies') = 'array'
          -- The newest, which the last of those submissions was told.
          then case when coalesce(cardinality(a.known), 0) = json_array_length(q.value -> 'agencies') then a.newest end
          else f.dispatch_id end as same_content,
        coalesce(a.known, '{}') as known_agencies, f.dispatch_id is not null as known_content,
        i.dispatch_id as same_key, encode(i.content_hash, 'hex') as key_hash,
        (select dispatch_id from document_key where sender_code = q.value ->> 'sender_code'
          and document_id = q.value ->> 'document_id' and business_type = q.value ->> 'business_type') as same_document
      from json_array_elements($1) with ordinality as q
      left join lateral (
        select k.dispatch_id from submission_recipient k
        where k.system_id = (q.value ->> 'system_id')::uuid and k.content_hash = decode(q.value ->> 'content_hash', 'hex')
        order by k.dispatch_id limit 1
      ) f on true
      left join lateral (
        select array_agg(k.agency_code) as known, (array_agg(k.dispatch_id order by k.dispatch_id desc))[1] as newest
        from json_array_elements_text(case when json_typeof(q.value -> 'agencies') = 'array' then q.value -> 'agencies' else '[]' end) w(code)
        join submission_recipient k on k.system_id = (q.value ->> 'system_id')::uuid
          and k.content_hash = decode(q.value ->> 'content_hash', 'hex') and k.agency_code = w.code
      ) a on true
      left join submission_key i on i.system_id = (q.value ->> 'system_id')::uuid and i.idempotency_key = q.value ->> 'idempotency_key'
      order by q.ordinality`,
    values: [JSON.stringify(questions)],
  })
  return rows
}
