import { BusError } from '../../errors/index.ts'
import { SUBJECTS } from '../../model/index.ts'
import { listPolicies, type OperationPolicyRow, takeAlone } from '../../store/index.ts'
import { fileRequest } from './file-request.ts'
import type { Operated } from './operate.ts'
import { type Cause, checkReason, type Operations } from './operation.ts'
import { setPolicy } from './set-policy.ts'

const MAX_HOURS = 720
const MAX_COUNT = 1_000_000

/**
 * Sets above how many consignments within an hour an action needs a second operator (`null`: never), and how long a request waits. What
 * asks for a second pair of eyes is not loosened by one: that is filed for another administrator.
 * @throws BusError LT_OPS_NOT_ADMINISTRATOR, LT_OPS_BAD_FIELD, LT_OPS_POLICY_CHANGED
 */
export async function changePolicy(
  operations: Pick<Operations, 'pool' | 'bus'>,
  policy: OperationPolicyRow,
  cause: Cause,
): Promise<Operated> {
  const { operator } = cause
  if (operator.role !== 'administrator') throw new BusError('LT_OPS_NOT_ADMINISTRATOR', { name: operator.name })
  const because = { ...cause, reason: checkReason(cause.reason) }
  const { action, approval_above: above, expires_hours: hours } = policy
  if (above !== null && !(Number.isInteger(above) && above >= 0 && above <= MAX_COUNT))
    throw new BusError('LT_OPS_BAD_FIELD', { field: 'above' })
  if (!(Number.isInteger(hours) && hours >= 1 && hours <= MAX_HOURS))
    throw new BusError('LT_OPS_BAD_FIELD', { field: 'hours' })
  const seen = (await listPolicies(operations.pool)).find((each) => each.action === action)
  if (!seen) throw new BusError('LT_OPS_BAD_FIELD', { field: 'action' })
  const subject = { on: 'policy', action: 'policy', policy: { action, above, hours }, seen: limitsOf(seen) } as const
  const loosens = seen.approval_above !== null && (above === null || above > seen.approval_above)
  const alone = !loosens && (await takeAlone(operations.pool, { operator: operator.id, action: 'policy', affected: 1 }))
  if (!alone) return { kind: 'filed', request: await fileRequest(operations, subject, [], 1, because) }
  const changed = await setPolicy(operations.pool, subject, because)
  if (!changed) throw new BusError('LT_OPS_POLICY_CHANGED', { action })
  operations.bus?.publish(SUBJECTS.auditPending)
  return { kind: 'done', result: { changed } }
}

const limitsOf = ({ approval_above: above, expires_hours: hours }: OperationPolicyRow) => ({ above, hours })
