import { BusError } from '../../errors/index.ts'
import { EVENTS, SUBJECTS, uuidv7 } from '../../model/index.ts'
import { type OperationPolicyRow, updatePolicy } from '../../store/index.ts'
import { sealEntry } from '../seal-entry.ts'
import { type Cause, causeDetails, checkReason, type Operations } from './operation.ts'

const MAX_HOURS = 720
const MAX_COUNT = 1_000_000

/**
 * Sets above how many consignments an action needs a second operator (`null`: never), and how long a request waits.
 * @throws BusError LT_OPS_NOT_ADMINISTRATOR, LT_OPS_BAD_FIELD
 */
export async function changePolicy(
  { pool, bus }: Pick<Operations, 'pool' | 'bus'>,
  policy: OperationPolicyRow,
  cause: Cause,
): Promise<OperationPolicyRow> {
  const { operator } = cause
  if (operator.role !== 'administrator') throw new BusError('LT_OPS_NOT_ADMINISTRATOR', { name: operator.name })
  const because = { ...cause, reason: checkReason(cause.reason) }
  const { action, approval_above: above, expires_hours: hours } = policy
  if (above !== null && !(Number.isInteger(above) && above >= 0 && above <= MAX_COUNT))
    throw new BusError('LT_OPS_BAD_FIELD', { field: 'above' })
  if (!(Number.isInteger(hours) && hours >= 1 && hours <= MAX_HOURS))
    throw new BusError('LT_OPS_BAD_FIELD', { field: 'hours' })
  const now = new Date()
  const owner = uuidv7(now.getTime())
  const details = { action, above: above ?? 'never', hours, ...causeDetails(because) }
  const row = await updatePolicy(pool, policy, owner, [
    { owner, ...sealEntry({ event: EVENTS.policyChanged, details }, now) },
  ])
  if (!row) throw new BusError('LT_OPS_BAD_FIELD', { field: 'action' })
  bus?.publish(SUBJECTS.auditPending)
  return row
}
