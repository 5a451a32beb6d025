import { createHash } from 'node:crypto'
import { BusError } from '../../errors/index.ts'
import { canonicalJson, type JsonValue } from '../../merkle/index.ts'
import { EVENTS, SUBJECTS, uuidv7 } from '../../model/index.ts'
import { findRequest, insertRequest, listPolicies, type OperationRequestRow } from '../../store/index.ts'
import { sealEntry } from '../seal-entry.ts'
import { checkInstant } from './check-instant.ts'
import type { PlannedMove, Skip } from './judge-consignment.ts'
import { type Cause, causeDetails, checkReason, type Operations, policyOf, type Subject } from './operation.ts'
import { type Performed, perform } from './perform.ts'
import { planOperation } from './plan-operation.ts'

/** Done at once, or filed for a second operator to approve. */
export type Operated =
  | { readonly kind: 'done'; readonly result: Performed }
  | { readonly kind: 'filed'; readonly request: OperationRequestRow }

/**
 * Does what an operator wants, or files a request where the policy of the action asks for a second operator.
 * @throws BusError LT_OPS_BAD_FIELD, LT_OPS_TOO_MANY, LT_REG_UNKNOWN_SYSTEM, LT_STORE_UNAVAILABLE
 */
export async function operate(operations: Operations, subject: Subject, cause: Cause): Promise<Operated> {
  const because = { ...cause, reason: checkReason(cause.reason) }
  if (subject.on === 'system' && !operations.directory.system(subject.system))
    throw new BusError('LT_REG_UNKNOWN_SYSTEM', { system: subject.system.slice(0, 64) })
  if (subject.on === 'axis' && subject.until !== undefined) checkInstant('until', subject.until)
  const plan =
    subject.on === 'consignments'
      ? await planOperation(operations, subject.action, subject.selection)
      : { moves: [], skipped: [] }
  const affected = subject.on === 'consignments' ? plan.moves.length : 1
  if (affected > 0 && (await needsApproval(operations, subject, affected)))
    return { kind: 'filed', request: await fileRequest(operations, subject, plan.moves, affected, because) }
  const result = await perform(operations, subject, plan.moves, because)
  return { kind: 'done', result: 'done' in result ? withSkipped(result, plan.skipped) : result }
}

function withSkipped<R extends { readonly skipped: readonly Skip[] }>(result: R, planned: readonly Skip[]): R {
  return { ...result, skipped: [...planned, ...result.skipped] }
}

async function needsApproval({ pool }: Operations, subject: Subject, affected: number): Promise<boolean> {
  const policy = (await listPolicies(pool)).find(({ action }) => action === policyOf(subject))
  return policy?.approval_above !== null && policy !== undefined && affected > policy.approval_above
}

async function fileRequest(
  { pool, bus }: Operations,
  subject: Subject,
  moves: readonly PlannedMove[],
  affected: number,
  cause: Cause,
): Promise<OperationRequestRow> {
  const now = new Date()
  const id = uuidv7(now.getTime())
  const digest = digestOfRequest(subject, moves)
  const details = { action: subject.action, affected, digest: digest.toString('hex'), ...causeDetails(cause) }
  await insertRequest(
    pool,
    {
      id,
      action: policyOf(subject),
      subject,
      snapshot: { moves },
      digest,
      affected,
      reason: cause.reason,
      requestedBy: cause.operator.id,
    },
    [{ owner: id, ...sealEntry({ event: EVENTS.operationRequested, details }, now) }],
  )
  bus?.publish(SUBJECTS.auditPending)
  const row = await findRequest(pool, id)
  if (!row) throw new BusError('LT_OPS_UNKNOWN_REQUEST', { id })
  return row
}

/** SHA-256 over what was asked for and exactly what would be done. */
export function digestOfRequest(subject: Subject, moves: readonly PlannedMove[]): Buffer {
  const said = { subject, moves: moves.map(({ id, version, to }) => ({ id, version, to })) }
  return createHash('sha256')
    .update(canonicalJson(said as unknown as JsonValue))
    .digest()
}
