import { auditCtes } from '../audit-sql.ts'
import type { Queryable } from '../pool.ts'

/** A request for an action that a second operator has to approve. */
export interface OperationRequestRow {
  readonly id: string
  readonly action: string
  readonly subject: unknown
  readonly snapshot: unknown
  readonly digest: Buffer
  readonly affected: number
  readonly reason: string
  readonly requested_by: string
  readonly requested_at: Date
  readonly expires_at: Date
  readonly state: 'PENDING' | 'EXECUTING' | 'DONE' | 'REJECTED'
  readonly decided_by: string | null
  readonly decided_at: Date | null
  readonly decision_reason: string | null
  readonly result: unknown
  readonly finished_at: Date | null
  /** By the database's clock; only what is still to be decided expires. */
  readonly expired: boolean
  /** Its execution ended without a result: whoever did it died. */
  readonly abandoned: boolean
  readonly requester_revoked: boolean
  /** Names of the two. */
  readonly requester: string
  readonly decider: string | null
}

type Entry = { readonly owner: string } & object

const COLUMNS = `r.id, r.action, r.subject, r.snapshot, r.digest, r.affected, r.reason, r.requested_by, r.requested_at, r.expires_at,
  r.state, r.decided_by, r.decided_at, r.decision_reason, r.result, r.finished_at,
  r.state = 'PENDING' and r.expires_at <= clock_timestamp() as expired,
  r.state = 'EXECUTING' and r.decided_at < clock_timestamp() - interval '10 minutes' as abandoned,
  (select revoked_at is not null from operator where id = r.requested_by) as requester_revoked,
  (select name from operator where id = r.requested_by) as requester,
  (select name from operator where id = r.decided_by) as decider`

/** Files a request; it expires after the hours that the action's policy says. */
export async function insertRequest(
  database: Queryable,
  request: Pick<OperationRequestRow, 'id' | 'action' | 'digest' | 'affected' | 'reason'> & {
    readonly subject: object
    readonly snapshot: object
    readonly requestedBy: string
  },
  entries: readonly Entry[],
): Promise<void> {
  await database.query({
    name: 'insert-request',
    text: `with moved as (
        insert into operation_request (id, action, subject, snapshot, digest, affected, reason, requested_by, expires_at)
        select $1, p.action, $3, $4, $5, $6, $7, $8, clock_timestamp() + make_interval(hours => p.expires_hours)
        from operation_policy p where p.action = $2
        returning id
      ), ${auditCtes('$9', 'moved')} select id from moved`,
    values: [
      request.id,
      request.action,
      JSON.stringify(request.subject),
      JSON.stringify(request.snapshot),
      request.digest,
      request.affected,
      request.reason,
      request.requestedBy,
      JSON.stringify(entries),
    ],
  })
}

export async function findRequest(database: Queryable, id: string): Promise<OperationRequestRow | undefined> {
  const { rows } = await database.query<OperationRequestRow>({
    name: 'find-request',
    text: `select ${COLUMNS} from operation_request r where r.id = $1`,
    values: [id],
  })
  return rows[0]
}

/** Those that wait, or all of them; newest first, without their snapshots. */
export async function listRequests(
  database: Queryable,
  options: { readonly open: boolean; readonly limit: number },
): Promise<OperationRequestRow[]> {
  const { rows } = await database.query<OperationRequestRow>({
    name: `list-requests-${options.open ? 'open' : 'all'}`,
    text: `select ${COLUMNS.replace('r.snapshot', 'null as snapshot')} from operation_request r
      ${options.open ? `where r.state in ('PENDING', 'EXECUTING')` : ''} order by r.id desc limit $1`,
    values: [options.limit],
  })
  return rows
}

/** An execution without an end after so long was that of a process that died. */
const ABANDONED = `r.state = 'EXECUTING' and r.decided_at < clock_timestamp() - interval '10 minutes'`

/**
 * Decides a request that waits and has not expired, or whose execution was abandoned: of two decisions one wins. A requester cannot
 * approve his own, nor can whom he added, or who was added after it was filed; who was revoked decides nothing, and nothing of his is approved. Answers whether it was this call.
 */
export async function decideRequest(
  database: Queryable,
  decision: {
    readonly id: string
    readonly approves: boolean
    readonly by: string
    readonly reason: string | null
    readonly at: string
    /** What was seen: that it waits, or that its execution was abandoned. */
    readonly abandoned: boolean
    /** What an abandoned execution that ends here had done. */
    readonly result: object | null
    /** Whether a requester may approve his own: never, except to see a test turn red. */
    readonly ownToo?: boolean
  },
  entries: readonly Entry[],
): Promise<boolean> {
  const { rowCount } = await database.query({
    name: 'decide-request',
    text: `with moved as (
        update operation_request r set state = case when $2::boolean then 'EXECUTING' else 'REJECTED' end,
          decided_by = o.id, decided_at = $5, decision_reason = $4, finished_at = case when not $2 then $5::timestamptz end,
          result = $9
        from operator o
        where r.id = $1 and case when $8::boolean then ${ABANDONED} else r.state = 'PENDING' and r.expires_at > clock_timestamp() end
          and (not $2 or exists (select from operator q where q.id = r.requested_by and q.revoked_at is null))
          and o.id = $3 and o.revoked_at is null and (not $2 or o.id <> r.requested_by or $7)
          and (not $2 or (o.created_by is distinct from r.requested_by and o.created_at < r.requested_at))
        returning r.id
      ), ${auditCtes('$6', 'moved')} select id from moved`,
    values: [
      decision.id,
      decision.approves,
      decision.by,
      decision.reason,
      decision.at,
      JSON.stringify(entries),
      decision.ownToo ?? false,
      decision.abandoned,
      decision.result === null ? null : JSON.stringify(decision.result),
    ],
  })
  return rowCount === 1
}

/** Keeps what came of an approved request, while it is this approval's to carry out. Answers whether it was. */
export async function finishRequest(
  database: Queryable,
  request: {
    readonly id: string
    readonly approvedBy: string
    readonly approvedAt: string
    readonly result: object
    readonly at: string
  },
  entries: readonly Entry[],
): Promise<boolean> {
  const { rowCount } = await database.query({
    name: 'finish-request',
    text: `with moved as (
        update operation_request set state = 'DONE', result = $2, finished_at = $3
        where id = $1 and state = 'EXECUTING' and decided_by = $5 and decided_at = $6
        returning id
      ), ${auditCtes('$4', 'moved')} select id from moved`,
    values: [
      request.id,
      JSON.stringify(request.result),
      request.at,
      JSON.stringify(entries),
      request.approvedBy,
      request.approvedAt,
    ],
  })
  return rowCount === 1
}
