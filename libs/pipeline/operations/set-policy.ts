import { EVENTS, uuidv7 } from '../../model/index.ts'
import { type Queryable, updatePolicy } from '../../store/index.ts'
import { sealEntry } from '../seal-entry.ts'
import { type Cause, causeDetails, type PolicySubject } from './operation.ts'

/** Sets a policy with its entry, where it stands as it was seen. Answers whether it did. */
export async function setPolicy(
  database: Queryable,
  { policy: { action, above, hours }, seen }: PolicySubject,
  cause: Cause,
): Promise<boolean> {
  const now = new Date()
  const owner = uuidv7(now.getTime())
  const details = { action, above: above ?? 'never', hours, ...causeDetails(cause) }
  const before = { approval_above: seen.above, expires_hours: seen.hours }
  const row = await updatePolicy(database, { action, approval_above: above, expires_hours: hours }, before, owner, [
    { owner, ...sealEntry({ event: EVENTS.policyChanged, details }, now) },
  ])
  return row !== undefined
}
