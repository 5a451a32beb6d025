import { BusError } from '../../errors/index.ts'
import { EVENTS, SUBJECTS } from '../../model/index.ts'
import { sabotaged } from '../../runtime/index.ts'
import {
  findRequest,
  finishRequest,
  type OperationRequestRow,
  decideRequest as writeDecision,
} from '../../store/index.ts'
import { sealEntry } from '../seal-entry.ts'
import type { PlannedMove } from './judge-consignment.ts'
import { type Cause, causeDetails, checkReason, type Operations, type Operator, type Subject } from './operation.ts'
import { countSkips, type Performed, perform } from './perform.ts'

export interface Decision {
  readonly id: string
  readonly operator: Operator
  /** Hex; what the approving operator saw. Needed to approve. */
  readonly digest?: string
  readonly reason?: string
  readonly requestId: string
}

/**
 * Approves a request of another operator and carries it out, once: of two who approve one does. Only what the request shows is done;
 * what changed since it was filed is left alone. An execution that a dead process abandoned is carried on by whoever approves it again.
 * @throws BusError LT_OPS_UNKNOWN_REQUEST, LT_OPS_OWN_REQUEST, LT_OPS_OTHER_DIGEST, LT_OPS_REQUEST_EXPIRED, LT_OPS_REQUEST_DECIDED, LT_OPS_REQUESTER_REVOKED,
 *   LT_STORE_UNAVAILABLE
 */
export async function approveRequest(operations: Operations, decision: Decision): Promise<OperationRequestRow> {
  const row = await find(operations, decision.id)
  if (row.requested_by === decision.operator.id && !sabotaged('self-approval'))
    throw new BusError('LT_OPS_OWN_REQUEST', { id: row.id })
  if (decision.digest !== row.digest.toString('hex')) throw new BusError('LT_OPS_OTHER_DIGEST', { id: row.id })
  await decide(operations, row, decision, true)
  const cause: Cause = {
    operator: { id: row.requested_by, name: row.requester, role: 'operator' },
    reason: row.reason,
    requestId: decision.requestId,
    approval: { request: row.id, by: decision.operator.name },
  }
  const { moves } = row.snapshot as { moves: PlannedMove[] }
  const performed = await perform(operations, row.subject as Subject, moves, cause)
  // What the dead process had done stands in the log and is left alone here.
  const result = { ...describeResult(performed), ...(row.abandoned ? { resumed: true } : {}) }
  const now = new Date()
  const details = { action: row.action, result: JSON.stringify(result), ...causeDetails(cause) }
  await finishRequest(operations.pool, { id: row.id, result, at: now.toISOString() }, [
    { owner: row.id, ...sealEntry({ event: EVENTS.operationDone, details }, now) },
  ])
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

async function decide(
  operations: Operations,
  row: OperationRequestRow,
  { operator, reason, requestId }: Decision,
  approves: boolean,
): Promise<void> {
  const now = new Date()
  const event = approves ? EVENTS.operationApproved : EVENTS.operationRejected
  const details = {
    action: row.action,
    digest: row.digest.toString('hex'),
    requestedBy: row.requester,
    ...(row.abandoned ? { resumed: true } : {}),
    ...causeDetails({ operator, reason: reason ?? '', requestId }),
  }
  const decided = await writeDecision(
    operations.pool,
    {
      id: row.id,
      approves,
      by: operator.id,
      reason: reason ?? null,
      at: now.toISOString(),
      ownToo: sabotaged('self-approval'),
    },
    [{ owner: row.id, ...sealEntry({ event, details }, now) }],
  )
  if (decided) return
  const { id, state, expired, requester, requester_revoked: revoked } = await find(operations, row.id)
  if (expired) throw new BusError('LT_OPS_REQUEST_EXPIRED', { id })
  if (state !== 'PENDING') throw new BusError('LT_OPS_REQUEST_DECIDED', { id, state })
  if (revoked && approves) throw new BusError('LT_OPS_REQUESTER_REVOKED', { id, name: requester })
  throw new BusError('LT_OPS_KEY_INVALID')
}

/** What is kept of a result: counts, and what was left alone. */
function describeResult(result: Performed): Record<string, string | number | boolean | object> {
  if ('changed' in result) return { changed: result.changed }
  return { done: result.done.length, skipped: countSkips(result.skipped) }
}
