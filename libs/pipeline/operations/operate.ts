import { BusError } from '../../errors/index.ts'
import { sabotaged } from '../../runtime/index.ts'
import { type OperationRequestRow, takeAlone } from '../../store/index.ts'
import { checkInstant } from './check-instant.ts'
import { fileRequest } from './file-request.ts'
import type { Skip } from './judge-consignment.ts'
import { type Cause, checkReason, type Operations, type Subject } from './operation.ts'
import { type Performed, perform } from './perform.ts'
import { planOperation } from './plan-operation.ts'
import { seeSubject } from './see-subject.ts'

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
  const share = { operator: because.operator.id, action: subject.action, affected }
  const alone = affected === 0 || sabotaged('uncounted-calls') || (await takeAlone(operations.pool, share))
  if (!alone) {
    const seen = await seeSubject(operations.pool, subject)
    return { kind: 'filed', request: await fileRequest(operations, seen, plan.moves, affected, because) }
  }
  const result = await perform(operations, subject, plan.moves, because)
  return { kind: 'done', result: 'done' in result ? withSkipped(result, plan.skipped) : result }
}

function withSkipped<R extends { readonly skipped: readonly Skip[] }>(result: R, planned: readonly Skip[]): R {
  return { ...result, skipped: [...planned, ...result.skipped] }
}
