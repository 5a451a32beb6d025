import { readFileSync } from 'node:fs'
import t from 'tap'
import { atLocal, createCalendar, readHolidays } from '../../libs/model/index.ts'
import type { ClockPolicy } from '../../services/delivery/clocks/clock-rules.ts'
import { judgeClock, missedMorning } from '../../services/delivery/clocks/judge-clock.ts'
import { type ClockStanding, planTerms, type TermFacts } from '../../services/delivery/clocks/plan-terms.ts'

const calendar = createCalendar(readHolidays(readFileSync('schemas/data/holidays.json', 'utf8')))
const POLICY: ClockPolicy = {
  calendar,
  startsAt: '08:00',
  endsAt: '17:00',
  urgentWithinMs: 900_000,
  sameDayReceipt: true,
  dueReminderDays: 2,
  dueEscalationDays: 2,
  neglect: { normal: { warnDays: 3, expireDays: 10 }, urgent: { warnDays: 1, expireDays: 5 } },
}
const FACTS: TermFacts = {
  kind: 'document',
  lane: 'normal',
  state: 'AVAILABLE',
  lease_until: null,
  handed_over_at: null,
  due_date: null,
  statuses: [],
}
// A Friday; the Tuesday after it is the day of culture.
const SINCE = atLocal('2026-11-20', '09:00')
const at = (date: string, time: string): Date => atLocal(date, time)

function terms(facts: Partial<TermFacts>, standing: Partial<ClockStanding> = {}, policy = POLICY): [string, string][] {
  return planTerms({ since: SINCE, done: {}, ...standing }, { ...FACTS, ...facts }, policy).map(({ rule, at }) => [
    rule,
    at.toISOString(),
  ])
}
const rules = (...args: Parameters<typeof terms>): string[] => terms(...args).map(([rule]) => rule)
const iso = (date: string, time: string): string => at(date, time).toISOString()

t.test('D28-06: a document is sent until noon of the working day after its date', async (t) => {
  const missed = (signed: string, sent: Date): Date | undefined => missedMorning(signed, sent, calendar)
  t.equal(missed('2026-11-19', at('2026-11-20', '12:00')), undefined, 'noon itself is still the morning')
  t.same(missed('2026-11-19', new Date(at('2026-11-20', '12:00').getTime() + 1)), at('2026-11-20', '12:00'))
  t.equal(missed('2026-11-20', at('2026-11-22', '23:00')), undefined, 'over a weekend')
  t.equal(missed('2026-11-23', at('2026-11-25', '11:00')), undefined, 'over a day off')
  t.equal(missed('2026-02-13', at('2026-02-23', '09:00')), undefined, 'over Tết')
  t.ok(missed('2026-02-13', at('2026-02-23', '13:00')))
  t.equal(missed('2026-11-27', at('2026-11-26', '09:00')), undefined, 'dated tomorrow')
})

t.test('D30-03 and D28-08: what has to be taken the same day, or at once', async (t) => {
  t.same(terms({})[0], ['same-day-receipt', iso('2026-11-20', '17:00')])
  t.same(
    terms({}, { since: at('2026-11-20', '17:30') })[0],
    ['same-day-receipt', iso('2026-11-23', '17:00')],
    'after hours',
  )
  t.same(terms({ lane: 'urgent' })[0], ['urgent-waiting', iso('2026-11-20', '09:15')])
  t.same(
    terms({ lane: 'urgent' }, { since: at('2026-11-22', '23:50') })[0],
    ['urgent-waiting', iso('2026-11-23', '00:05')],
    'urgent knows no weekend',
  )
  for (const status of ['01', '03']) t.notOk(rules({ statuses: [status] }).includes('same-day-receipt'), status)
  for (const state of ['QUEUED', 'RETRYING'] as const)
    t.same(
      rules({ state, lane: 'urgent' }),
      ['urgent-waiting', 'same-day-receipt'],
      `${state}: pushes too, but no neglect`,
    )
  const fetched = { handed_over_at: SINCE, state: 'HANDED_OVER' as const, lane: 'urgent' as const }
  t.same(rules(fetched), ['uncollected'], 'fetched: received, but not yet acknowledged')
  t.same(rules({ kind: 'status', lane: 'urgent' }), ['uncollected'], 'statuses are no documents')
  t.same(rules({}, {}, { ...POLICY, sameDayReceipt: false }), ['uncollected'])
  t.same(rules({ lane: 'urgent' }, {}, { ...POLICY, urgentWithinMs: 0 }), ['same-day-receipt', 'uncollected'])
})

t.test('neglect: a warning, then the end, and never the end without the warning', async (t) => {
  const warning = iso('2026-11-26', '08:00')
  t.same(
    terms({ state: 'HANDED_OVER', handed_over_at: SINCE }),
    [['uncollected', warning]],
    'three working days, one off between',
  )
  const warned = (time: Date) => ({ since: SINCE, done: { uncollected: time.toISOString() } })
  const expired = (standing: ClockStanding, facts: Partial<TermFacts> = {}): string | undefined =>
    terms(facts, standing).find(([rule]) => rule === 'expired')?.[1]
  t.equal(expired(warned(at('2026-11-26', '08:00'))), iso('2026-12-07', '08:00'), 'ten working days')
  t.equal(
    expired(warned(at('2026-12-20', '08:00'))),
    iso('2026-12-29', '08:00'),
    'warned late: the whole time between warning and end is given',
  )
  t.equal(
    expired(warned(at('2026-11-26', '08:00')), { lease_until: at('2026-12-08', '10:00') }),
    iso('2026-12-08', '10:00'),
    'somebody is at it: not while the lease lives',
  )
  for (const state of ['ACKNOWLEDGED', 'REFUSED', 'DEAD', 'EXPIRED', 'RECALLED', 'HELD', 'QUEUED'] as const)
    t.equal(expired(warned(at('2026-11-26', '08:00')), { state }), undefined, state)
  const policy = (warnDays: number, expireDays: number): ClockPolicy => ({
    ...POLICY,
    neglect: { ...POLICY.neglect, normal: { warnDays, expireDays } },
  })
  t.same(rules({}, {}, policy(0, 0)), ['same-day-receipt'], 'switched off')
  t.same(rules({}, {}, policy(0, 5)), ['same-day-receipt', 'expired'], 'no warning wanted')
  t.same(rules({}, warned(SINCE), policy(3, 0)), ['same-day-receipt'], 'warned, never expires')
  t.equal(
    terms({ lane: 'urgent' }).find(([rule]) => rule === 'uncollected')?.[1],
    iso('2026-11-23', '08:00'),
    'per lane',
  )
})

t.test('due dates: reminded before, overdue on the day, escalated after, until done', async (t) => {
  const due = { due_date: '2026-11-30', state: 'ACKNOWLEDGED' as const, handed_over_at: SINCE }
  t.same(terms(due), [
    ['due-soon', iso('2026-11-26', '08:00')],
    ['overdue', iso('2026-11-30', '17:00')],
    ['due-escalated', iso('2026-12-02', '08:00')],
  ])
  t.same(
    terms({ ...due, due_date: '2026-11-28' }),
    [
      ['due-soon', iso('2026-11-26', '08:00')],
      ['overdue', iso('2026-11-30', '17:00')],
      ['due-escalated', iso('2026-12-02', '08:00')],
    ],
    'a Saturday ends with the Monday',
  )
  t.same(
    terms({ ...due, due_date: '2026-11-22' }, { since: at('2026-11-22', '20:00') })[0],
    ['overdue', iso('2026-11-23', '17:00')],
    'sent late on a Sunday that it is due on',
  )
  for (const status of ['06', '02', '15']) t.same(rules({ ...due, statuses: ['03', status] }), [], status)
  t.same(
    rules({ ...due, statuses: ['01', '03', '05'] }),
    ['due-soon', 'overdue', 'due-escalated'],
    'in process is not done',
  )
  for (const state of ['REFUSED', 'DEAD', 'EXPIRED', 'RECALLED'] as const) t.same(rules({ ...due, state }), [], state)
  t.same(rules({ ...due, due_date: '2026-11-19' }), [], 'over before it was sent')
  t.same(rules({ ...due, due_date: '2026-11-20' }), ['overdue', 'due-escalated'], 'due today: too late to remind')
  t.same(rules({ ...due, kind: 'status' }), [])
  t.same(rules(due, {}, { ...POLICY, dueReminderDays: 0, dueEscalationDays: 0 }), ['overdue'])
})

t.test('a look at a clock writes down what passed, once, and says when to look next', async (t) => {
  const judge = (standing: ClockStanding, now: Date, facts: Partial<TermFacts> = {}) =>
    judgeClock(standing, { ...FACTS, ...facts }, POLICY, now)
  const fresh = { since: SINCE, done: {} }
  const early = judge(fresh, at('2026-11-20', '16:59'))
  t.same([early.passed, early.next], [[], at('2026-11-20', '17:00')])
  const evening = judge(fresh, at('2026-11-20', '17:00'))
  t.same(
    evening.passed.map(({ rule }) => rule),
    ['same-day-receipt'],
  )
  t.same(evening.next, at('2026-11-26', '08:00'))
  const again = judge({ since: SINCE, done: evening.done }, at('2026-11-20', '17:01'))
  t.same(again.passed, [], 'not a second time')
  // The axis was down for a month.
  const late = judge(fresh, at('2026-12-28', '10:00'))
  t.same(
    late.passed.map(({ rule }) => rule),
    ['same-day-receipt', 'uncollected'],
    'warned, not ended',
  )
  t.same([late.expires, late.next], [false, at('2027-01-07', '08:00')], 'with the whole time to act')
  const end = judge({ since: SINCE, done: late.done }, at('2027-01-07', '08:00'), { due_date: '2027-02-01' })
  t.same([end.expires, end.next], [true, undefined], 'an ended consignment has no terms left')
  t.match(end.done, { expired: /./ })
  const taken = judge(fresh, at('2026-11-20', '17:00'), { state: 'ACKNOWLEDGED', handed_over_at: SINCE })
  t.same([taken.passed, taken.next], [[], undefined], 'nothing to watch any more')
  const shutOut = judge({ since: SINCE, done: late.done }, at('2027-01-07', '08:00'), { suspended: true })
  t.same([shutOut.passed, shutOut.expires], [[], false], 'who is suspended neglects nothing')
  t.same(shutOut.next, at('2027-01-07', '09:00'), 'and is looked at again')
  // Whenever it is looked at, each rule passes once and the next look lies ahead.
  let standing: ClockStanding = fresh
  const seen: string[] = []
  for (let now = SINCE.getTime(); now < at('2026-12-31', '00:00').getTime(); now += 5_000_000) {
    const found = judge(standing, new Date(now), { lane: 'urgent', due_date: '2026-11-27' })
    seen.push(...found.passed.map(({ rule }) => rule))
    if (found.next) t.ok(found.next.getTime() > now)
    standing = { since: SINCE, done: found.done }
    if (found.expires) break
  }
  t.same(seen, ['urgent-waiting', 'same-day-receipt', 'uncollected', 'due-soon', 'overdue', 'expired'])
})
