import { auditCtes } from './audit-sql.ts'
import { beside } from './look-up.ts'
import type { Queryable } from './pool.ts'

/** What became of one attempt, and of its consignment through it. At most one per consignment in a batch. */
export interface AttemptEnd {
  readonly id: string
  /** The version since the attempt was begun; without an attempt, the one the decision was made on. */
  readonly version: number
  readonly at: string
  /** `null`: the consignment ends, or changes its mode, without an attempt under way. */
  readonly outcome: 'delivered' | 'transient' | 'permanent' | 'busy' | 'ambiguous' | null
  readonly http_status: number | null
  readonly duration_ms: number | null
  /** What was wrong, in the words of the catalogue. */
  readonly code: string | null
  /** The beginning of what the receiver said. */
  readonly answer: string | null
  readonly state: 'RETRYING' | 'ACKNOWLEDGED' | 'DEAD' | 'AVAILABLE'
  /** With RETRYING: milliseconds until the next attempt. */
  readonly retry_ms: number | null
  /** With RETRYING: milliseconds after it was due when the sweeper looks after it. */
  readonly sweep_ms: number | null
  /** Why it is DEAD. */
  readonly reason: string | null
  readonly text: string | null
  /** Only where its time to live began at least so many milliseconds ago: it may have begun anew since that was read. */
  readonly older_ms?: number
}

const END = `
with wanted as materialized (
  select m.* from json_to_recordset($1) as m(id uuid, version int, at timestamptz, outcome text, http_status smallint,
    duration_ms int, code text, answer text, state text, retry_ms float8, sweep_ms float8, reason text, text text,
    older_ms float8)
  order by m.id
), locked as materialized (
  -- One by one in id order: each look-up goes to the one partition that can hold the id, whatever plan is kept.
  select l.id from wanted w cross join lateral (
    select c.id from consignment c
    where c.id = w.id and c.version = w.version and c.mode = 'push' and ${beside('c.state')} in ('QUEUED', 'RETRYING')
      and (w.outcome is null) = (c.state = 'QUEUED' or c.next_attempt_at is not null)
      and (w.older_ms is null or c.available_at <= clock_timestamp() - make_interval(secs => w.older_ms / 1000))
    for update of c
  ) l
), moved as (
  update consignment c set
    version = c.version + 1,
    state = w.state,
    mode = case w.state when 'AVAILABLE' then 'pull' else c.mode end,
    next_attempt_at = clock_timestamp() + make_interval(secs => w.retry_ms / 1000),
    next_publish_at = clock_timestamp() + make_interval(secs => (w.retry_ms + w.sweep_ms) / 1000),
    publish_round = 0,
    handed_over_at = case w.state when 'ACKNOWLEDGED' then w.at else c.handed_over_at end,
    ended_at = case when w.state in ('ACKNOWLEDGED', 'DEAD') then w.at end,
    refusal_reason = w.reason,
    refusal_text = w.text
  from unnest(array(select id from locked)) as l(id) join wanted w on w.id = l.id
  where c.id = l.id
  returning c.id, c.version, c.attempt
), attempts as (
  update delivery_attempt a set ended_at = w.at, outcome = w.outcome, http_status = w.http_status, duration_ms = w.duration_ms,
    code = w.code, answer = w.answer
  from moved m join wanted w on w.id = m.id
  where a.consignment_id = m.id and a.attempt = m.attempt and a.ended_at is null
), ${auditCtes('$2', 'moved')}
select id, version from moved`

/**
 * Ends attempts and moves their consignments on, in one commit: retried later, acknowledged, dead, or given to the mailbox.
 * Compare-and-set; who comes second finds nothing to do and is not returned.
 */
export async function endAttempts(
  database: Queryable,
  ends: readonly AttemptEnd[],
  entries: readonly ({ readonly owner: string } & object)[],
): Promise<Map<string, number>> {
  const { rows } = await database.query<{ id: string; version: number }>({
    name: 'end-attempts',
    text: END,
    values: [JSON.stringify(ends), JSON.stringify(entries)],
  })
  return new Map(rows.map(({ id, version }) => [id, version]))
}
