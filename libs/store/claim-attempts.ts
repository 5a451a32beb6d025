import { auditCtes } from './audit-sql.ts'
import { beside } from './look-up.ts'
import type { Queryable } from './pool.ts'

/** The wish to begin one attempt. At most one per consignment in a batch. */
export interface AttemptClaim {
  readonly id: string
  /** The version the decision was made on. */
  readonly version: number
  /** The attempt's number, one more than were made. */
  readonly attempt: number
  readonly at: string
  /** After so many milliseconds without an end it counts as ambiguous. */
  readonly deadline_ms: number
}

const CLAIM = `
with wanted as materialized (
  select m.* from json_to_recordset($1) as m(id uuid, version int, attempt int, at timestamptz, deadline_ms int)
  order by m.id
), locked as materialized (
  -- One by one in id order: each look-up goes to the one partition that can hold the id, whatever plan is kept.
  select l.id from wanted w cross join lateral (
    select c.id from consignment c where c.id = w.id and c.version = w.version and c.attempt = w.attempt - 1 and c.mode = 'push'
      and (${beside('c.state')} = 'QUEUED' or (${beside('c.state')} = 'RETRYING' and c.next_attempt_at is not null))
    for update of c
  ) l
), moved as (
  update consignment c set version = c.version + 1, state = 'RETRYING', attempt = w.attempt,
    next_attempt_at = null, next_publish_at = null, publish_round = 0
  from unnest(array(select id from locked)) as l(id) join wanted w on w.id = l.id
  where c.id = l.id
  returning c.id, c.version, w.attempt, w.at, w.deadline_ms
), attempts as (
  insert into delivery_attempt (consignment_id, attempt, claimed_at, deadline)
  select id, attempt, at, clock_timestamp() + make_interval(secs => deadline_ms / 1000.0) from moved
), ${auditCtes('$2', 'moved')}
select id, version from moved`

/**
 * Begins attempts: compare-and-set on waiting pushes, one open attempt each. Answers the new version of those that were begun;
 * only for them may the network be touched.
 */
export async function claimAttempts(
  database: Queryable,
  claims: readonly AttemptClaim[],
  entries: readonly ({ readonly owner: string } & object)[],
): Promise<Map<string, number>> {
  const { rows } = await database.query<{ id: string; version: number }>({
    name: 'claim-attempts',
    text: CLAIM,
    values: [JSON.stringify(claims), JSON.stringify(entries)],
  })
  return new Map(rows.map(({ id, version }) => [id, version]))
}
