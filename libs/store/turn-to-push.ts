import { auditCtes } from './audit-sql.ts'
import { beside } from './look-up.ts'
import type { Queryable } from './pool.ts'

/** A consignment that lies in a mailbox and that nobody holds: never fetched, or fetched under a lease that ran out unacknowledged. */
export interface FreeConsignment {
  readonly id: string
  readonly version: number
  readonly dispatch_id: string
  readonly agency_code: string
  readonly lane: 'urgent' | 'normal'
}

const UNHELD = '(c.lease_until is null or c.lease_until < clock_timestamp())'

/** Consignments of these agencies that wait in the mailbox and are not leased, at most `limit`. */
export async function findFreeConsignments(
  database: Queryable,
  agencies: readonly string[],
  limit: number,
): Promise<FreeConsignment[]> {
  const { rows } = await database.query<FreeConsignment>({
    name: 'find-free-consignments',
    text: `select c.id, c.version, c.dispatch_id, c.agency_code, c.lane from consignment c
      where c.agency_code = any($1) and c.kind in ('document', 'status') and c.lane in ('urgent', 'normal')
        and c.state in ('AVAILABLE', 'HANDED_OVER') and c.mode = 'pull' and ${UNHELD} limit $2`,
    values: [agencies, limit],
  })
  return rows
}

/**
 * Gives waiting consignments of mailboxes to the push: compare-and-set, AVAILABLE or HANDED_OVER to QUEUED. Their time to live
 * begins now: how long they lay in a mailbox is no fault of the endpoint. Answers the ids that moved; what was leased or changed meanwhile stays.
 */
export async function turnToPush(
  database: Queryable,
  moves: readonly Pick<FreeConsignment, 'id' | 'version'>[],
  sweepMs: number,
  entries: readonly ({ readonly owner: string } & object)[],
): Promise<string[]> {
  const { rows } = await database.query<{ id: string }>({
    name: 'turn-to-push',
    text: `with wanted as materialized (
        select m.* from json_to_recordset($1) as m(id uuid, version int) order by m.id
      ), locked as materialized (
        -- One by one in id order: each look-up goes to the one partition that can hold the id, whatever plan is kept.
        select l.id from wanted w cross join lateral (
          select c.id from consignment c where c.id = w.id and c.version = w.version
            and ${beside('c.state')} in ('AVAILABLE', 'HANDED_OVER') and ${beside('c.mode')} = 'pull' and ${UNHELD}
          for update of c
        ) l
      ), moved as (
        update consignment c set version = c.version + 1, state = 'QUEUED', mode = 'push', next_attempt_at = null,
          attempt_base = c.attempt, lease_token = null, lease_until = null, lease_system = null,
          available_at = clock_timestamp(), publish_round = 0, next_publish_at = clock_timestamp() + make_interval(secs => $2::float8 / 1000)
        from unnest(array(select id from locked)) as l(id) where c.id = l.id
        returning c.id
      ), ${auditCtes('$3', 'moved')}
      select id from moved`,
    values: [JSON.stringify(moves), sweepMs, JSON.stringify(entries)],
  })
  return rows.map(({ id }) => id)
}
