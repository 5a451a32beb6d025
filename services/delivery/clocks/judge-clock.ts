import type { ClockPolicy, Rule } from './clock-rules.ts'
import { type ClockStanding, planTerms, type Term, type TermFacts } from './plan-terms.ts'

/** What a look at a clock finds. */
export interface Judgement {
  /** Terms that passed and were not written down yet, earliest first. */
  readonly passed: readonly Term[]
  readonly done: Readonly<Partial<Record<Rule, string>>>
  /** When it has to be looked at next; `undefined`: no term runs any more. */
  readonly next: Date | undefined
  /** The consignment ends. */
  readonly expires: boolean
}

/** Terms that a receiver cannot keep while its system is suspended; they are looked at again after a while. */
const NEGLECT: readonly Rule[] = ['uncollected', 'expired']
const SUSPENDED_LOOK_MS = 3_600_000

/** Judges a clock at an instant of the database's clock. Pure: the same question always has the same answer. */
export function judgeClock(standing: ClockStanding, facts: TermFacts, policy: ClockPolicy, now: Date): Judgement {
  const isPutOff = ({ rule }: Term): boolean => facts.suspended === true && NEGLECT.includes(rule)
  const passed = planTerms(standing, facts, policy).filter((term) => term.at <= now && !isPutOff(term))
  const expires = passed.some(({ rule }) => rule === 'expired')
  const done = { ...standing.done, ...Object.fromEntries(passed.map(({ rule }) => [rule, now.toISOString()])) }
  const after: TermFacts = expires ? { ...facts, state: 'EXPIRED' } : facts
  // The warning just given may have set the term of the end.
  const lookAt = planTerms({ since: standing.since, done }, after, policy).map((term) =>
    Math.max(term.at.getTime(), isPutOff(term) ? now.getTime() + SUSPENDED_LOOK_MS : 0),
  )
  const next = expires || lookAt.length === 0 ? undefined : new Date(Math.min(...lookAt))
  return { passed, done, next, expires }
}

/**
 * Until when a document signed on a date has to be sent: noon of the next working day (Decision 28/2018/QĐ-TTg article 6).
 * `undefined`: it was sent in time.
 */
export function missedMorning(
  promulgationDate: string,
  acceptedAt: Date,
  calendar: ClockPolicy['calendar'],
): Date | undefined {
  const until = calendar.nextWorkingMorning(promulgationDate)
  return acceptedAt > until ? until : undefined
}
