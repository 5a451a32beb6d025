import { catalogue } from '../../errors/index.ts'
import { carryOut, type OperationResult } from './carry-out.ts'
import type { PlannedMove, Skip } from './judge-consignment.ts'
import type { Cause, Operations, Subject } from './operation.ts'
import { setMaintenance } from './set-maintenance.ts'
import { changeSuspension } from './suspend-system.ts'

/** What came of an action: of consignments which and why not, of others whether anything changed. */
export type Performed = OperationResult | { readonly changed: boolean }

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
  if (subject.on === 'consignments')
    return carryOut(operations, subject.action, moves, cause, { again: cause.approval === undefined })
  if (subject.on === 'system') return { changed: await changeSuspension(operations, subject, cause) }
  return { changed: await setMaintenance(operations, subject, cause) }
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
