import type { Queryable } from './pool.ts'

export interface SubmissionQuestion {
  readonly system_id: string
  /** Hex. */
  readonly content_hash: string
  readonly idempotency_key: string | null
  readonly sender_code: string
  readonly document_id: string
  readonly business_type: string
}

export interface SubmissionAnswer {
  /** Dispatch these very bytes of this system became. */
  readonly same_content: string | null
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
        (select k.dispatch_id from submission_recipient k
          where k.system_id = (q.value ->> 'system_id')::uuid and k.content_hash = decode(q.value ->> 'content_hash', 'hex')
          order by k.dispatch_id limit 1) as same_content,
        i.dispatch_id as same_key, encode(i.content_hash, 'hex') as key_hash,
        (select dispatch_id from document_key where sender_code = q.value ->> 'sender_code'
          and document_id = q.value ->> 'document_id' and business_type = q.value ->> 'business_type') as same_document
      from json_array_elements($1) with ordinality as q
      left join submission_key i on i.system_id = (q.value ->> 'system_id')::uuid and i.idempotency_key = q.value ->> 'idempotency_key'
      order by q.ordinality`,
    values: [JSON.stringify(questions)],
  })
  return rows
}
