import { atLocal, type ConsignmentState, localDate } from '../../../libs/model/index.ts'
import type { ClockFacts } from '../../../libs/store/index.ts'
import type { ClockPolicy, Rule } from './clock-rules.ts'

export type TermFacts = Pick<
  ClockFacts,
  'kind' | 'lane' | 'lease_until' | 'handed_over_at' | 'due_date' | 'statuses'
> & {
  readonly state: ConsignmentState
  /** The receiver's system is shut out: it cannot collect. */
  readonly suspended?: boolean
}

/** A term of a consignment that still runs, and when it passes. */
export interface Term {
  readonly rule: Rule
  readonly at: Date
}

/** From when the terms count, and those that were found to have passed. */
export interface ClockStanding {
  readonly since: Date
  readonly done: Readonly<Partial<Record<Rule, string>>>
}

/** The receiver has it in its books or has said no: it was told of in time. */
const RECEIVED: readonly string[] = ['01', '02', '03', '04', '05', '06']
/** Nothing is due any more: done, refused, or taken back with the receiver's consent. */
const SETTLED: readonly string[] = ['02', '06', '15']
const WAITING: readonly ConsignmentState[] = ['AVAILABLE', 'QUEUED', 'RETRYING']
const COLLECTABLE: readonly ConsignmentState[] = ['AVAILABLE', 'HANDED_OVER']
const FAILED: readonly ConsignmentState[] = ['REFUSED', 'DEAD', 'EXPIRED', 'RECALLED']

/** The terms of a consignment that still run, earliest first. Times are instants; days are working days of the calendar. */
export function planTerms(standing: ClockStanding, facts: TermFacts, policy: ClockPolicy): Term[] {
  const terms = [...receiptTerms(standing, facts, policy), ...neglectTerms(standing, facts, policy)]
  if (facts.kind === 'document') terms.push(...dueTerms(standing, facts, policy))
  return terms.filter(({ rule }) => standing.done[rule] === undefined).sort((a, b) => a.at.getTime() - b.at.getTime())
}

/**
 * Urgent documents are handed over right after receipt (Decision 28/2018 article 6); the sender is told of receipt within the same
 * day (Decree 30/2020 article 21.2).
 */
function receiptTerms({ since }: ClockStanding, facts: TermFacts, policy: ClockPolicy): Term[] {
  if (facts.kind !== 'document' || facts.handed_over_at !== null || !WAITING.includes(facts.state)) return []
  const terms: Term[] = []
  if (facts.lane === 'urgent' && policy.urgentWithinMs > 0)
    terms.push({ rule: 'urgent-waiting', at: new Date(since.getTime() + policy.urgentWithinMs) })
  if (policy.sameDayReceipt && !facts.statuses.some((code) => RECEIVED.includes(code)))
    terms.push({ rule: 'same-day-receipt', at: policy.calendar.endOfWorkingDay(since, policy.endsAt) })
  return terms
}

/**
 * What nobody collects: a warning, later the end. Nothing expires without its warning having been given the full time between the
 * two, also where the axis itself was down when it should have warned; nor while somebody holds a lease.
 */
function neglectTerms({ since, done }: ClockStanding, facts: TermFacts, policy: ClockPolicy): Term[] {
  const { warnDays, expireDays } = policy.neglect[facts.lane]
  if (!COLLECTABLE.includes(facts.state)) return []
  const after = (from: Date, days: number): Date =>
    atLocal(policy.calendar.addWorkingDays(localDate(from), days), policy.startsAt)
  const terms: Term[] = warnDays > 0 ? [{ rule: 'uncollected', at: after(since, warnDays) }] : []
  if (expireDays === 0) return terms
  const warnedAt = done.uncollected
  if (warnDays > 0 && warnedAt === undefined) return terms
  const earliest = [after(since, expireDays), facts.lease_until ?? since]
  if (warnedAt !== undefined) earliest.push(after(new Date(warnedAt), Math.max(1, expireDays - warnDays)))
  return [...terms, { rule: 'expired', at: new Date(Math.max(...earliest.map((at) => at.getTime()))) }]
}

/** Terms of the due date that the packet names; those that had passed when it was consigned were never the receiver's. */
function dueTerms({ since }: ClockStanding, facts: TermFacts, policy: ClockPolicy): Term[] {
  const { due_date: due, statuses, state } = facts
  if (due === null || FAILED.includes(state) || statuses.some((code) => SETTLED.includes(code))) return []
  const { calendar, dueReminderDays, dueEscalationDays, startsAt, endsAt } = policy
  const last = lastDay(due, calendar)
  const overdue = atLocal(last, endsAt)
  if (overdue <= since) return []
  const terms: Term[] = [{ rule: 'overdue', at: overdue }]
  if (dueReminderDays > 0)
    terms.push({ rule: 'due-soon', at: atLocal(calendar.addWorkingDays(due, -dueReminderDays), startsAt) })
  if (dueEscalationDays > 0)
    terms.push({ rule: 'due-escalated', at: atLocal(calendar.addWorkingDays(last, dueEscalationDays), startsAt) })
  return terms.filter(({ at }) => at > since)
}

/** The working day that a due date ends with: one that falls on a day off ends with the next (Civil Code 2015 article 148.5). */
export function lastDay(due: string, calendar: ClockPolicy['calendar']): string {
  return calendar.addWorkingDays(due, 0)
}
