import t from 'tap'
import {
  foldBusiness,
  type ReportFact,
  type RequestFact,
  STATUS_TRANSITIONS,
  type StatusCode,
} from '../../libs/model/index.ts'
import type { LockedConsignment } from '../../libs/store/index.ts'
import { decideWithdrawal } from '../../services/routing/decide-withdrawal.ts'

const START = Date.parse('2026-11-26T01:00:00Z')
const at = (minute: number): Date => new Date(START + minute * 60_000)
/** `2026/11/26 08:mm:00` in Vietnam is 01:mm UTC. */
const stated = (minute: number): string => `2026/11/26 08:${String(minute).padStart(2, '0')}:00`

const said = (code: StatusCode, minute: number, id = `${code}-${minute}`): ReportFact => ({
  id,
  code,
  statedAt: stated(minute),
  reportedAt: at(minute),
})

t.test('the table of moves is followed, and nothing that leaves it is lost', async (t) => {
  for (const [from, next] of Object.entries(STATUS_TRANSITIONS)) {
    const before = from === 'delivered' ? [] : [said(from as StatusCode, 1)]
    for (const to of ['01', '02', '03', '04', '05', '06'] as const) {
      const state = foldBusiness([...before, said(to, 2)], [])
      const moves = next.includes(to)
      t.equal(state.flaggedReports.has(`${to}-2`), !moves, `${from} → ${to} ${moves ? 'is a move' : 'is flagged'}`)
      const stays = !moves && (from === '02' || from === '06')
      t.equal(state.code, stays ? from : to, 'a loose peer is believed, except after the end')
    }
  }
})

t.test('every order of arrival ends in the same state', async (t) => {
  const reports = [said('01', 1), said('03', 2), said('05', 3), said('05', 4), said('06', 5)]
  for (const order of permutations(reports)) {
    const state = foldBusiness(order, [])
    t.same([state.code, state.since, state.flagged], ['06', at(5), false])
  }
})

t.test('without a readable time of its own a statement counts from its arrival', async (t) => {
  const { statedAt: _, ...timeless } = said('03', 2)
  t.equal(
    foldBusiness([said('01', 1), timeless, { ...said('05', 9), statedAt: 'hôm qua' }], []).since?.getTime(),
    at(9).getTime(),
  )
})

t.test('repeats change nothing', async (t) => {
  const state = foldBusiness([said('01', 1, 'a'), said('03', 2, 'b'), said('01', 1, 'c'), said('03', 2, 'd')], [])
  t.same([...state.repeatedReports].sort(), ['c', 'd'])
  t.same([state.code, state.flagged], ['03', false])
})

t.test('requests: the newest that waits, the newest that was agreed to', async (t) => {
  const asked = (
    action: RequestFact['action'],
    outcome: RequestFact['outcome'],
    minute: number,
    answerId?: string,
  ): RequestFact => ({
    action,
    outcome,
    openedAt: at(minute),
    ...(answerId ? { settledAt: at(minute + 1), answerId } : {}),
  })
  const state = foldBusiness(
    [said('03', 1), said('15', 4, 'yes'), said('16', 8, 'stray'), said('13', 9)],
    [asked('update', 'agreed', 3, 'yes'), asked('recall', 'pending', 5), asked('replace', 'superseded', 4)],
  )
  t.match(state, { code: '03', pending: 'recall', done: 'updated' })
  t.same([...state.flaggedReports].sort(), ['03-1', 'stray'], 'an answer to nothing, and 03 before 01')
  t.equal(foldBusiness([], [asked('remove', 'withdrawn', 1)]).done, 'recalled')
  t.equal(foldBusiness([], [asked('recall', 'declined', 1, 'no')]).done, undefined)
})

t.test('a native refusal is status 02', async (t) => {
  t.match(foldBusiness([], [], at(3)), { code: '02', since: at(3), flagged: false })
  t.match(foldBusiness([said('02', 1)], [], at(3)), { code: '02', since: at(1) })
})

t.test('what is taken back at once, what waits, and who is told', async (t) => {
  const row = (state: string, more: Partial<LockedConsignment> = {}): LockedConsignment => ({
    id: 'c',
    version: 1,
    dispatch_id: 'd',
    agency_code: 'H26',
    state,
    attempt: 0,
    handed_over_at: null,
    leased: false,
    recall_pending: false,
    ...more,
  })
  const had = { handed_over_at: at(1) }
  const cases: [LockedConsignment, string, boolean][] = [
    [row('AVAILABLE'), 'withdrawn', false],
    [row('QUEUED'), 'withdrawn', false],
    [row('HELD'), 'withdrawn', false],
    [row('AVAILABLE', { leased: true }), 'pending', true],
    [row('QUEUED', { attempt: 1 }), 'pending', true],
    [row('HELD', { attempt: 2 }), 'pending', true],
    [row('RETRYING', { attempt: 1 }), 'pending', true],
    [row('HANDED_OVER', had), 'pending', true],
    [row('ACKNOWLEDGED'), 'pending', true],
    [row('DEAD', { attempt: 3 }), 'pending', true],
    [row('DEAD'), 'void', false],
    [row('EXPIRED'), 'void', false],
    [row('EXPIRED', had), 'pending', true],
    [row('REFUSED', had), 'void', true],
    [row('RECALLED'), 'void', false],
  ]
  for (const [each, outcome, seen] of cases)
    for (const action of ['recall', 'remove', 'replace'] as const)
      t.same(decideWithdrawal(action, each), { outcome, seen }, `${action} from ${each.state}`)
  t.same(
    decideWithdrawal('update', row('AVAILABLE')),
    { outcome: 'pending', seen: true },
    'an update takes nothing back',
  )
})

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]]
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]))
}
