import { auditCtes } from './audit-sql.ts'
import type { Queryable } from './pool.ts'

/** One dispatch as the acceptance statement takes it; binary fields in hex, times RFC 3339. */
export interface DispatchRow {
  readonly id: string
  readonly system_id: string
  readonly sender_code: string
  readonly lane: string
  readonly kind: string
  readonly document_id: string
  readonly number: string
  readonly notation: string
  readonly promulgation_date: string | null
  readonly subject: string
  readonly business_type: string
  readonly priority: number
  readonly due_date: string | null
  readonly task_code: string | null
  readonly form: string
  readonly content_hash: string
  readonly content_size: number
  readonly recipients: readonly {
    readonly agency: string
    readonly consignment: string
    readonly asWritten: readonly string[]
  }[]
  readonly signature: object
  readonly facts: object
  readonly accepted_at: string
  readonly next_publish_at: string
  readonly idempotency_key: string | null
  /** A second dispatch of the same document is refused, not only warned of. */
  readonly refuse_duplicate: boolean
  readonly replies: readonly { readonly agency: string; readonly documentId: string | null; readonly code: string }[]
}

/** One stored part; `offset` and `length` point into the batch's byte parameter when the bytes lie in the database. */
export interface ContentRow {
  readonly dispatch_id: string
  readonly ordinal: number
  readonly role: string
  readonly content_id: string | null
  readonly name: string | null
  readonly media_type: string | null
  readonly size: number
  readonly sha256: string
  readonly path: string | null
  readonly range_start: number | null
  readonly range_end: number | null
  readonly offset: number | null
  readonly length: number | null
}

/** A receipt signed before the commit; its XML lies at `offset` in the batch's byte parameter. */
export interface ReceiptRow {
  readonly id: string
  readonly entry_id: string
  readonly dispatch_id: string
  readonly consignment_id: string | null
  readonly event: string
  readonly event_time: string
  readonly signing_time: string
  readonly offset: number
  readonly length: number
}

/** `suspended`, `maintenance`: as the statement read it; nothing was written. */
export type AcceptanceOutcome = 'accepted' | 'duplicate' | 'suspended' | 'maintenance'

const ACCEPT = `
with submitted as materialized (
  select d.* from json_to_recordset($1) as d(id uuid, system_id uuid, sender_code text, lane text, kind text,
    document_id text, number text, notation text, promulgation_date date, subject text, business_type text, priority smallint,
    due_date date, task_code text, form text, content_hash text, content_size bigint, recipients jsonb, signature jsonb,
    facts jsonb, accepted_at timestamptz, next_publish_at timestamptz, idempotency_key text, refuse_duplicate boolean,
    replies jsonb)
), kept_out as materialized (
  select exists (select from maintenance where one and since is not null) as all_of_them
), allowed as materialized (
  select d.*, decode(d.content_hash, 'hex') as hash, s.traffic as flow from submitted d
  join system s on s.id = d.system_id and s.suspended_at is null
  where not (select all_of_them from kept_out)
), recipient_keys as (
  insert into submission_recipient (system_id, content_hash, agency_code, dispatch_id, consignment_id)
  select a.system_id, a.hash, r.agency, a.id, r.consignment
  from allowed a cross join lateral jsonb_to_recordset(a.recipients) as r(agency text, consignment uuid)
  order by a.system_id, a.hash, r.agency, a.id
  on conflict do nothing
  returning dispatch_id
), counted as materialized (
  select a.id, jsonb_array_length(a.recipients) as wanted, count(k.dispatch_id) as got
  from allowed a left join recipient_keys k on k.dispatch_id = a.id group by a.id, a.recipients
), won as materialized (
  select a.* from allowed a join counted c on c.id = a.id and c.got = c.wanted
), caller_keys as (
  insert into submission_key (system_id, idempotency_key, content_hash, dispatch_id)
  select system_id, idempotency_key, hash, id from won where idempotency_key is not null
  order by system_id, idempotency_key, id
  on conflict do nothing
  returning dispatch_id
), document_keys as (
  insert into document_key (sender_code, document_id, business_type, dispatch_id)
  select sender_code, document_id, business_type, id from won where kind = 'document' and flow <> 'shadow'
  order by sender_code, document_id, business_type, id
  on conflict do nothing
  returning dispatch_id
), partial as materialized (
  select refuse_partial(
    (select count(*) from counted where got > 0 and got < wanted)
    + (select count(*) from won where idempotency_key is not null and id not in (select dispatch_id from caller_keys))
    + (select count(*) from won where refuse_duplicate and kind = 'document' and flow <> 'shadow'
       and id not in (select dispatch_id from document_keys))) as none
), dispatches as (
  insert into dispatch (id, system_id, sender_code, traffic, lane, kind, document_id, number, notation, promulgation_date,
    subject, business_type, priority, due_date, task_code, form, content_hash, content_size, recipients, signature, facts,
    accepted_at, next_publish_at)
  -- As the system stands now: what a shadow sends must not slip through while the word gets about.
  select id, system_id, sender_code, flow, lane, kind, document_id, number, notation, promulgation_date, subject,
    business_type, priority, due_date, task_code, form, hash, content_size, recipients, signature, facts, accepted_at,
    next_publish_at
  from won where (select none from partial) = 0
), replies as (
  insert into reply_link (dispatch_id, ordinal, agency_code, document_id, code)
  select w.id, r.ordinality, r.value ->> 'agency', r.value ->> 'documentId', r.value ->> 'code'
  from won w cross join lateral jsonb_array_elements(w.replies) with ordinality as r where w.flow <> 'shadow'
), contents as (
  insert into content (dispatch_id, ordinal, role, content_id, name, media_type, size, sha256, bytes, path, range_start, range_end)
  select c.dispatch_id, c.ordinal, c.role, c.content_id, c.name, c.media_type, c.size, decode(c.sha256, 'hex'),
    case when c."offset" is not null then substring($3::bytea from c."offset" + 1 for c.length) end, c.path, c.range_start, c.range_end
  from json_to_recordset($2) as c(dispatch_id uuid, ordinal smallint, role text, content_id text, name text, media_type text,
    size bigint, sha256 text, path text, range_start bigint, range_end bigint, "offset" int, length int)
  where c.dispatch_id in (select id from won)
), receipts as (
  insert into receipt (id, entry_id, dispatch_id, consignment_id, event, event_time, signing_time, xml)
  select r.id, r.entry_id, r.dispatch_id, r.consignment_id, r.event, r.event_time, r.signing_time,
    substring($3::bytea from r."offset" + 1 for r.length)
  from json_to_recordset($5) as r(id uuid, entry_id uuid, dispatch_id uuid, consignment_id uuid, event text,
    event_time timestamptz, signing_time timestamptz, "offset" int, length int)
  where r.dispatch_id in (select id from won)
), ${auditCtes('$4', 'won')}
select s.id, case when (select all_of_them from kept_out) then 'maintenance' when a.id is null then 'suspended' when w.id is null then 'duplicate' else 'accepted' end as outcome
from submitted s left join allowed a on a.id = s.id left join won w on w.id = s.id`

export interface AcceptanceBatch {
  readonly dispatches: readonly DispatchRow[]
  readonly contents: readonly ContentRow[]
  readonly receipts: readonly ReceiptRow[]
  readonly entries: readonly ({ readonly owner: string } & object)[]
  /** Small parts and receipts one after the other; rows point into it. One binary parameter instead of many hex arrays. */
  readonly bytes: Buffer
}

/**
 * Writes accepted dispatches with everything that belongs to them, in one statement that commits by itself.
 * A dispatch whose keys are all taken is a `duplicate` and leaves nothing behind; one with some taken fails the batch (LT001).
 * @returns the outcome by dispatch id
 */
export async function acceptDispatches(
  database: Queryable,
  batch: AcceptanceBatch,
): Promise<Map<string, AcceptanceOutcome>> {
  const { rows } = await database.query<{ id: string; outcome: AcceptanceOutcome }>({
    name: 'accept-dispatches',
    text: ACCEPT,
    values: [
      JSON.stringify(batch.dispatches),
      JSON.stringify(batch.contents),
      batch.bytes,
      JSON.stringify(batch.entries),
      JSON.stringify(batch.receipts),
    ],
  })
  return new Map(rows.map((row) => [row.id, row.outcome]))
}
