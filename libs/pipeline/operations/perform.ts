import { catalogue } from '../../errors/index.ts'
import { SUBJECTS } from '../../model/index.ts'
import type { HoldOutcome, Queryable } from '../../store/index.ts'
import { carryOut, type OperationResult } from './carry-out.ts'
import { changeHold, changeRetention } from './change-content.ts'
import type { PlannedMove, Skip } from './judge-consignment.ts'
import type { Cause, Operations, PolicySubject, Subject } from './operation.ts'
import { setMaintenance } from './set-maintenance.ts'
import { setPolicy } from './set-policy.ts'
import { changeSuspension, renewBeforeResume } from './suspend-system.ts'
import { voidRequest } from './void-request.ts'

/** Whether anything changed; of a legal hold also what stood in its way. */
interface PerformedAtOnce {
  readonly changed: boolean
  readonly outcome?: HoldOutcome
}

/** What came of an action: of consignments which and why not. */
export type Performed = OperationResult | PerformedAtOnce

/**
 * Does what an action is about. Doing it twice changes nothing the second time.
 * @throws BusError LT_REG_UNKNOWN_SYSTEM, LT_STORE_UNAVAILABLE
 */
export async function perform(
  operations: Operations,
  subject: Subject,
  moves: readonly PlannedMove[],
  cause: Cause,
): Promise<Performed> {
  if (subject.on === 'consignments') return carryOut(operations, subject.action, moves, cause, { again: true })
  if (subject.on === 'system') await renewBeforeResume(operations, subject)
  const result = await performAtOnce(operations.pool, subject, cause)
  if (result.changed && subject.on === 'system') operations.bus?.publish(SUBJECTS.registryChanged)
  if (result.changed) operations.bus?.publish(SUBJECTS.auditPending)
  return result
}

/** Does what is done in one statement. @throws BusError LT_REG_UNKNOWN_SYSTEM */
export async function performAtOnce(
  database: Queryable,
  subject: Exclude<Subject, { on: 'consignments' }> | PolicySubject,
  cause: Cause,
): Promise<PerformedAtOnce> {
  if (subject.on === 'content') return changeHold(database, subject, cause)
  if (subject.on === 'retention') return { changed: await changeRetention(database, subject, cause) }
  if (subject.on === 'request') return { changed: await voidRequest(database, subject, cause) }
  if (subject.on === 'system') return { changed: await changeSuspension(database, subject, cause) }
  if (subject.on === 'policy') return { changed: await setPolicy(database, subject, cause) }
  return { changed: await setMaintenance(database, subject, cause) }
}

/** How often each reason for leaving one alone stands there, most frequent first. */
export function countSkips(skipped: readonly Skip[]): { code: Skip['code']; count: number; title: string }[] {
  const counts = new Map<Skip['code'], number>()
  for (const { code } of skipped) counts.set(code, (counts.get(code) ?? 0) + 1)
  return [...counts]
    .map(([code, count]) => ({ code, count, title: catalogue[code].title.en }))
    .sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1))
}

/** To whom how many go, and into which state; in the order of agencies. */
export interface TargetCount {
  readonly to: PlannedMove['to']
  readonly agency: string
  readonly system: string | null
  readonly suspended: boolean
  readonly count: number
  /** Of these, whose update the receiver has not answered: they get it beside the document it changes. */
  readonly updatePending: number
}

export function countTargets(moves: readonly PlannedMove[]): TargetCount[] {
  const counts = new Map<string, TargetCount>()
  for (const { to, agency, system, suspended, updatePending } of moves) {
    const key = `${agency} ${to}`
    const { count, updatePending: updates } = counts.get(key) ?? { count: 0, updatePending: 0 }
    const more = updates + (updatePending ? 1 : 0)
    counts.set(key, { to, agency, system, suspended, count: count + 1, updatePending: more })
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each)
}
