import { BusError, catalogue } from '../../errors/index.ts'
import { EVENTS, SUBJECTS } from '../../model/index.ts'
import { sabotaged } from '../../runtime/index.ts'
import {
  findOperated,
  findOperator,
  findRequest,
  finishRequest,
  inTransaction,
  type OperationRequestRow,
  type Queryable,
  decideRequest as writeDecision,
} from '../../store/index.ts'
import { sealEntry } from '../seal-entry.ts'
import { carryOut } from './carry-out.ts'
import type { PlannedMove, Skip } from './judge-consignment.ts'
import {
  type Cause,
  causeDetails,
  checkReason,
  type Operations,
  type Operator,
  type PolicySubject,
  type Subject,
} from './operation.ts'
import { countSkips, performAtOnce } from './perform.ts'
import { EVENT_OF } from './seal-operation.ts'
import { renewBeforeResume } from './suspend-system.ts'

export interface Decision {
  readonly id: string
  readonly operator: Operator
  /** Hex; what the approving operator saw. Needed to approve. */
  readonly digest?: string
  readonly reason?: string
  readonly requestId: string
}

/** Why an approval did nothing, as it is kept and shown. */
const LEFT_ALONE = { code: 'LT_OPS_SUBJECT_CHANGED', title: catalogue.LT_OPS_SUBJECT_CHANGED.title.en } as const

type Requested = Subject | PolicySubject
type OnConsignments = Extract<Subject, { on: 'consignments' }>
const PAGE = 500

/**
 * Approves a request of another operator and carries it out, once: of two who approve one does. Only what the request shows is done;
 * what changed since it was filed is left alone, and its result says so (LT_OPS_CHANGED, LT_OPS_SUBJECT_CHANGED). An execution that a dead process abandoned is carried on by whoever approves it again.
 * @throws BusError LT_OPS_UNKNOWN_REQUEST, LT_OPS_OWN_REQUEST, LT_OPS_NOT_ADMINISTRATOR, LT_OPS_OTHER_DIGEST, LT_OPS_REQUEST_EXPIRED,
 *   LT_OPS_REQUEST_DECIDED, LT_OPS_REQUESTER_REVOKED, LT_OPS_NOT_INDEPENDENT, LT_STORE_UNAVAILABLE
 */
export async function approveRequest(operations: Operations, decision: Decision): Promise<OperationRequestRow> {
  const { operator } = decision
  const row = await find(operations, decision.id)
  const subject = row.subject as Requested
  if (row.requested_by === operator.id && !sabotaged('self-approval'))
    throw new BusError('LT_OPS_OWN_REQUEST', { id: row.id })
  if (subject.on === 'policy' && operator.role !== 'administrator')
    throw new BusError('LT_OPS_NOT_ADMINISTRATOR', { name: operator.name })
  if (decision.digest !== row.digest.toString('hex')) throw new BusError('LT_OPS_OTHER_DIGEST', { id: row.id })
  const approvedAt = await decide(operations, row, decision, true)
  const cause: Cause = {
    operator: { id: row.requested_by, name: row.requester, role: 'operator' },
    reason: row.reason,
    requestId: decision.requestId,
    approval: { request: row.id, by: operator.name },
  }
  const finish = (database: Queryable, outcome: object): Promise<boolean> => {
    const result = { ...outcome, ...(row.abandoned ? { resumed: true } : {}) }
    const now = new Date()
    const details = { action: row.action, result: JSON.stringify(result), ...causeDetails(cause) }
    return finishRequest(database, { id: row.id, approvedBy: operator.id, approvedAt, result, at: now.toISOString() }, [
      { owner: row.id, ...sealEntry({ event: EVENTS.operationDone, details }, now) },
    ])
  }
  if (subject.on === 'consignments') {
    const { moves } = row.snapshot as { moves: PlannedMove[] }
    const { done, skipped } = await carryOut(operations, subject.action, moves, cause, { again: false })
    await finish(operations.pool, await total(operations, row, done.length, skipped))
  } else {
    if (subject.on === 'system') await renewBeforeResume(operations, subject)
    // With its end in one commit: an execution that was abandoned had changed nothing.
    await inTransaction(operations.pool, async (client) => {
      // One that was filed before requests said what they had seen shows nothing that could be compared.
      const shown = 'seen' in subject
      const done = shown ? await performAtOnce(client, subject, cause) : { changed: false }
      const result = done.changed ? done : { ...done, ...LEFT_ALONE }
      if (!(await finish(client, result))) throw new BusError('LT_OPS_REQUEST_DECIDED', { id: row.id, state: 'DONE' })
    })
    if (subject.on === 'system') operations.bus?.publish(SUBJECTS.registryChanged)
  }
  operations.bus?.publish(SUBJECTS.auditPending)
  return find(operations, row.id)
}

/** Rejects a request, takes one's own back, or ends one whose execution was abandoned: what was done of it stays done. @throws BusError as `approveRequest`, and LT_OPS_BAD_FIELD without a reason */
export async function rejectRequest(operations: Operations, decision: Decision): Promise<OperationRequestRow> {
  const reason = checkReason(decision.reason ?? '')
  await decide(operations, await find(operations, decision.id), { ...decision, reason }, false)
  operations.bus?.publish(SUBJECTS.auditPending)
  return find(operations, decision.id)
}

async function find({ pool }: Pick<Operations, 'pool'>, id: string): Promise<OperationRequestRow> {
  const row = await findRequest(pool, id)
  if (!row) throw new BusError('LT_OPS_UNKNOWN_REQUEST', { id })
  return row
}

/** What came of all executions of a request: what a dead process had moved is not left out, nor counted as left alone. */
async function total(
  operations: Operations,
  row: OperationRequestRow,
  done: number,
  skipped: readonly Skip[],
): Promise<{ done: number; skipped: ReturnType<typeof countSkips> }> {
  const earlier = row.abandoned ? await movedEarlier(operations, row, new Set(skipped.map(({ id }) => id))) : new Set()
  return { done: done + earlier.size, skipped: countSkips(skipped.filter(({ id }) => !earlier.has(id))) }
}

/** Of these, what earlier executions of a request moved. */
async function movedEarlier(
  { pool }: Pick<Operations, 'pool'>,
  row: OperationRequestRow,
  among?: ReadonlySet<string>,
): Promise<Set<string>> {
  const { moves } = row.snapshot as { moves: PlannedMove[] }
  const asked = among ? moves.filter(({ id }) => among.has(id)) : moves
  const event = EVENT_OF[(row.subject as OnConsignments).action]
  const found = new Set<string>()
  for (let at = 0; at < asked.length; at += PAGE)
    for (const id of await findOperated(pool, row.id, event, asked.slice(at, at + PAGE))) found.add(id)
  return found
}

/** Writes the decision with its entry, and answers its time. */
async function decide(
  operations: Operations,
  row: OperationRequestRow,
  { operator, reason, requestId }: Decision,
  approves: boolean,
): Promise<string> {
  const now = new Date()
  const at = now.toISOString()
  const event = approves ? EVENTS.operationApproved : EVENTS.operationRejected
  const ends = row.abandoned && !approves && (row.subject as Requested).on === 'consignments'
  const result = ends ? { done: (await movedEarlier(operations, row)).size } : null
  const details = {
    action: row.action,
    digest: row.digest.toString('hex'),
    requestedBy: row.requester,
    ...(row.abandoned ? { resumed: true } : {}),
    ...(result ?? {}),
    ...causeDetails({ operator, reason: reason ?? '', requestId }),
  }
  const decided = await writeDecision(
    operations.pool,
    {
      id: row.id,
      approves,
      by: operator.id,
      reason: reason ?? null,
      at,
      abandoned: row.abandoned,
      result,
      ownToo: sabotaged('self-approval'),
    },
    [{ owner: row.id, ...sealEntry({ event, details }, now) }],
  )
  if (decided) return at
  const {
    id,
    state,
    expired,
    abandoned,
    requester,
    requester_revoked: revoked,
    ...filed
  } = await find(operations, row.id)
  if (expired) throw new BusError('LT_OPS_REQUEST_EXPIRED', { id })
  if (state !== 'PENDING' && !abandoned) throw new BusError('LT_OPS_REQUEST_DECIDED', { id, state })
  if (revoked && approves) throw new BusError('LT_OPS_REQUESTER_REVOKED', { id, name: requester })
  const judge = approves ? await findOperator(operations.pool, operator.id) : undefined
  if (judge?.revoked_at === null && (judge.created_by === filed.requested_by || judge.created_at >= filed.requested_at))
    throw new BusError('LT_OPS_NOT_INDEPENDENT', { id, name: judge.name })
  throw new BusError('LT_OPS_KEY_INVALID')
}
