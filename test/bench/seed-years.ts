import type { Pool } from '../../libs/store/index.ts'

const RECIPIENTS = 4
/** Agencies that receive; mailboxes are as many. */
export const AGENCIES = 700

/** An id of a moment: UUIDv7 as far as its time goes. */
const idAt = (at: string): string =>
  `(left(uuid_floor(${at})::text, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid`
const OPEN_SINCE = `now() - interval '3 days'`

/**
 * Fills a database as so many months of documents leave it: each with four consignments, an entry in the log for each of them, a key of
 * the submission, content and a receipt. The last three days are open; what is older than a year is deleted.
 * @param pool of the owner, without a limit on how long a statement runs
 */
export async function seedYears(
  pool: Pool,
  { months, consignments, onMonth }: { months: number; consignments: number; onMonth: (month: number) => void },
): Promise<void> {
  await pool.query('select ensure_partitions(now() - make_interval(months => $1), $1)', [months])
  await pool.query(`update retention_class set keep_days = 365 where code = 'document'`)
  const each = Math.ceil(consignments / months / RECIPIENTS)
  for (let month = months; month > 0; month--) {
    await seedMonth(pool, month, each)
    onMonth(months - month + 1)
  }
  await pool.query('vacuum (analyze)')
}

async function seedMonth(pool: Pool, back: number, count: number): Promise<void> {
  const from = `(now() - interval '30 days' * ${back})`
  await pool.query(
    `create temporary table made on commit drop as
      select ${idAt('at')} as id, at, n from (
        select n, ${from} + interval '30 days' * (n::float8 / $1) as at from generate_series(1, $1::int) n
      ) x`.replace(' on commit drop', ''),
    [count],
  )
  await pool.query(
    `insert into dispatch (id, version, state, lane, kind, system_id, sender_code, document_id, number, notation, subject, business_type,
        priority, form, content_hash, content_size, content_state, recipients, signature, facts, accepted_at, routed_at, closed_at,
        next_publish_at, retention_class)
      select id, 3, case when at > ${OPEN_SINCE} then 'ROUTED' else 'CLOSED' end, case when n % 20 = 0 then 'urgent' else 'normal' end,
        'document', '01890000-0000-7000-8000-000000000000', 'G' || n % 63, 'G,2026/' || id, n::text, 'UBND-VP',
        'Về việc tăng cường công tác số ' || n, 'new', 0, 'inline', sha256(id::text::bytea), 5000,
        case when at < now() - interval '366 days' then 'DELETED' else 'KEPT' end,
        jsonb_build_array(jsonb_build_object('agency', 'A' || n % ${AGENCIES}, 'consignment', id, 'asWritten', '[]'::jsonb)),
        '{"verdict": "valid"}', '{"warnings": []}', at, at, case when at > ${OPEN_SINCE} then null else at + interval '1 hour' end, at,
        case when at > ${OPEN_SINCE} then null else 'document' end
      from made order by id`,
  )
  await pool.query(
    `insert into consignment (id, dispatch_id, version, agency_code, as_written, kind, lane, mode, state, available_at, ended_at,
        handed_over_at, next_publish_at)
      select ${idAt(`m.at + interval '1 second'`)}, m.id, 4, 'A' || (m.n * 31 + r * 97) % ${AGENCIES}, '{}', 'document',
        case when m.n % 20 = 0 then 'urgent' else 'normal' end, case when r = 1 then 'push' else 'pull' end,
        case when m.at > ${OPEN_SINCE} then case when r = 1 then 'QUEUED' else 'AVAILABLE' end else 'ACKNOWLEDGED' end,
        m.at, case when m.at > ${OPEN_SINCE} then null else m.at end, case when m.at > ${OPEN_SINCE} then null else m.at end,
        case when r = 1 and m.at > ${OPEN_SINCE} then now() + interval '1 day' end
      from made m, generate_series(1, ${RECIPIENTS}) r order by 1`,
  )
  await pool.query(
    `with entry as (
        insert into audit_entry (id, event, event_time, dispatch_id, consignment_id, details_digest, leaf_hash)
        select c.id, 'ConsignmentAcceptance', c.available_at, c.dispatch_id, c.id, sha256(c.id::text::bytea), sha256(c.id::text::bytea)
        from made m join consignment c on c.dispatch_id = m.id
        where c.id >= uuid_floor(${from} - interval '1 hour') and c.id < uuid_floor(${from} + interval '31 days')
        order by c.id returning id, leaf_hash
      )
      insert into log_leaf (epoch, index, entry_id, leaf_hash)
      select 0, coalesce((select max(index) from log_leaf where epoch = 0), -1) + row_number() over (order by id), id, leaf_hash from entry`,
  )
  await pool.query(
    `insert into submission_recipient (system_id, content_hash, agency_code, dispatch_id, consignment_id)
      select '01890000-0000-7000-8000-000000000000', sha256(m.id::text::bytea), c.agency_code, m.id, c.id
      from made m join consignment c on c.dispatch_id = m.id
      where c.id >= uuid_floor(${from} - interval '1 hour') and c.id < uuid_floor(${from} + interval '31 days')
      on conflict do nothing`,
  )
  await pool.query(
    `insert into content (dispatch_id, ordinal, role, size, sha256, bytes, erased)
      select id, 0, 'packet', 5000, sha256(id::text::bytea), case when at < now() - interval '366 days' then null else 'x'::bytea end,
        at < now() - interval '366 days'
      from made order by id`,
  )
  await pool.query(
    `insert into receipt (id, entry_id, dispatch_id, event, event_time, signing_time, xml)
      select id, id, id, 'SubmissionAcceptance', at, at, 'x' from made order by id`,
  )
  await pool.query('drop table made')
}
