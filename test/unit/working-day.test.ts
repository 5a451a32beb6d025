import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import {
  addDays,
  atLocal,
  createCalendar,
  isDate,
  localDate,
  localTime,
  overrideHolidays,
  readHolidays,
  weekday,
} from '../../libs/model/index.ts'
import { loadCalendar } from '../../services/delivery/clocks/load-calendar.ts'

const TEXT = readFileSync('schemas/data/holidays.json', 'utf8')
const holidays = readHolidays(TEXT)
const calendar = createCalendar(holidays)

t.test('legal dates and hours are those of Vietnam, wherever the server stands', async (t) => {
  t.equal(localDate(new Date('2026-11-25T17:00:00Z')), '2026-11-26', 'midnight in Hanoi')
  t.equal(localDate(new Date('2026-11-25T16:59:59.999Z')), '2026-11-25')
  t.equal(localTime(new Date('2026-11-25T05:00:00Z')), '12:00')
  t.same(atLocal('2026-11-26', '12:00'), new Date('2026-11-26T05:00:00Z'))
  t.equal(addDays('2028-02-28', 1), '2028-02-29')
  t.equal(addDays('2026-01-01', -1), '2025-12-31')
  t.equal(weekday('2026-11-26'), 4)
  for (const bad of ['2026-02-29', '2026-13-01', '26-01-01', '2026-1-1', '']) t.equal(isDate(bad), false, bad)
})

t.test('known years: what public employees had off, and when they worked instead', async (t) => {
  const off: [string, string][] = [
    ['2024-02-08', '2024-02-14'],
    ['2024-04-27', '2024-05-01'],
    ['2024-08-31', '2024-09-03'],
    ['2025-01-25', '2025-02-02'],
    ['2025-04-30', '2025-05-04'],
    ['2025-08-30', '2025-09-02'],
    ['2026-01-01', '2026-01-04'],
    ['2026-02-14', '2026-02-22'],
    ['2026-04-25', '2026-04-27'],
    ['2026-04-30', '2026-05-03'],
    ['2026-08-29', '2026-09-02'],
  ]
  for (const [from, to] of off) {
    t.equal(calendar.nextWorkingDay(addDays(from, -1)), addDays(to, 1), `${from} … ${to}`)
    t.equal(calendar.addWorkingDays(to, -1), addDays(from, -1), `${from} … ${to} backwards`)
  }
  for (const day of ['2024-05-04', '2025-04-26', '2026-01-10', '2026-08-22'])
    t.ok(weekday(day) === 6 && calendar.isWorkingDay(day), `${day} is a Saturday that was worked`)
  t.equal(calendar.isWorkingDay('2026-11-21'), false, 'an ordinary Saturday')
})

t.test('the lunar days agree with the astronomy of UTC+7', async (t) => {
  for (let year = holidays.from; year <= holidays.to; year++) {
    const tet = lunarNewYear(year)
    const names = new Map(holidays.off.map(({ date, name }) => [date, name]))
    for (let day = 0; day < 3; day++) t.equal(names.get(addDays(tet, day)), 'tet', `${addDays(tet, day)} is Tết`)
    const kings = holidays.off.find(({ date, name }) => name === 'hung-kings' && date.startsWith(String(year)))?.date
    t.equal(kings, tenthOfThirdMonth(tet), `the Hùng kings of ${year}`)
  }
  t.equal(lunarNewYear(2030), '2030-02-02', 'a day before the one of China')
})

t.test('each year has its eleven days, and each that falls on a weekend its compensation', async (t) => {
  for (let year = holidays.from; year <= holidays.to; year++) {
    const own = holidays.off.filter(({ date }) => date.startsWith(String(year)))
    const statutory = own.filter(({ name }) => !['compensation', 'swapped'].includes(name))
    t.equal(
      statutory.length,
      year >= 2026 ? 12 : 11,
      `${year}: Labour Code article 112, from 2026 with the day of culture`,
    )
    const onWeekends = statutory.filter(({ date }) => [0, 6].includes(weekday(date))).length
    t.equal(own.filter(({ name }) => name === 'compensation').length, onWeekends, `${year}: article 111.3`)
    for (const { date, name } of own)
      if (['compensation', 'swapped'].includes(name)) t.notOk([0, 6].includes(weekday(date)), `${date} is no weekend`)
    const swapped = own.filter(({ name }) => name === 'swapped').length
    t.equal(holidays.working.filter(({ date }) => date.startsWith(String(year))).length, swapped, `${year}: swaps`)
  }
  t.equal(new Set(holidays.off.map(({ date }) => date)).size, holidays.off.length, 'no date twice')
  t.ok(holidays.off.every(({ name }) => name in holidays.names))
})

t.test('the next working morning, the end of a working day, working days between', async (t) => {
  t.same(calendar.nextWorkingMorning('2026-11-19'), atLocal('2026-11-20', '12:00'), 'Thursday → Friday')
  t.same(calendar.nextWorkingMorning('2026-11-20'), atLocal('2026-11-23', '12:00'), 'Friday → Monday')
  t.same(calendar.nextWorkingMorning('2026-11-23'), atLocal('2026-11-25', '12:00'), 'the day of culture lies between')
  t.same(calendar.nextWorkingMorning('2026-02-13'), atLocal('2026-02-23', '12:00'), 'over Tết')
  t.same(calendar.nextWorkingMorning('2026-11-21', '10:30'), atLocal('2026-11-23', '10:30'))
  const end = (text: string): Date => calendar.endOfWorkingDay(new Date(text), '17:00')
  t.same(end('2026-11-19T16:59:00+07:00'), atLocal('2026-11-19', '17:00'))
  t.same(end('2026-11-19T17:00:00+07:00'), atLocal('2026-11-20', '17:00'), 'after hours: the next working day')
  t.same(end('2026-11-21T09:00:00+07:00'), atLocal('2026-11-23', '17:00'), 'on a Saturday')
  t.equal(calendar.workingDaysBetween('2026-11-20', '2026-11-23'), 1)
  t.equal(calendar.workingDaysBetween('2026-02-13', '2026-02-23'), 1)
  t.equal(calendar.workingDaysBetween('2026-11-23', '2026-11-20'), 0)
  t.equal(calendar.addWorkingDays('2026-11-21', 0), '2026-11-23', 'nought days after a Saturday')
  t.equal(calendar.addWorkingDays('2026-11-20', 0), '2026-11-20')
  t.equal(calendar.addWorkingDays('2026-11-20', 3), '2026-11-26')
  for (let day = '2024-01-01'; day < '2026-01-01'; day = addDays(day, 17)) {
    const later = calendar.addWorkingDays(day, 9)
    t.equal(calendar.workingDaysBetween(day, later), 9, `${day} + 9 = ${later}`)
  }
  t.equal(calendar.isWorkingDay('2035-05-01'), false, 'fixed days off hold in years that are not listed')
  t.equal(calendar.isWorkingDay('2035-02-08'), true, 'lunar ones are not known there')
})

t.test("an operator's file is on top", async (t) => {
  const own = overrideHolidays(
    holidays,
    JSON.stringify({
      off: [{ date: '2026-11-26', name: 'bão' }],
      working: [{ date: '2026-11-24' }, { date: '2026-11-28' }],
    }),
  )
  const changed = createCalendar(own)
  t.equal(changed.isWorkingDay('2026-11-24'), true, 'a shipped day off that is worked')
  t.equal(changed.isWorkingDay('2026-11-26'), false)
  t.equal(changed.isWorkingDay('2026-11-28'), true, 'a Saturday')
  const undone = createCalendar(overrideHolidays(own, '{"off":[{"date":"2026-11-28","name":"x"}]}'))
  t.equal(undone.isWorkingDay('2026-11-28'), false, 'and the other way round')
  const bad = [
    '',
    '[]x',
    'null',
    '{"off":1}',
    '{"off":[{"date":"2026-02-30","name":"x"}]}',
    '{"off":[{"date":"2026-02-03"}]}',
    '{"off":[{"date":"2026-02-03","name":"x","sure":"maybe"}]}',
    '{"off":[{"date":"2026-02-03","name":"x"}],"working":[{"date":"2026-02-03"}]}',
    '{"working":[null]}',
  ]
  for (const text of bad) t.throws(() => overrideHolidays(holidays, text), { code: 'LT_CONF_INVALID' }, text)
  for (const text of ['{}', TEXT.replace('"from": 2024', '"from": "x"'), TEXT.replace('"01-01"', '"13-01"')])
    t.throws(() => readHolidays(text), { code: 'LT_CONF_INVALID' })

  const folder = t.testdir()
  const file = join(folder, 'holidays.json')
  writeFileSync(file, '{"off":[{"date":"2026-11-26","name":"bão"}]}')
  t.equal((await loadCalendar(file)).calendar.isWorkingDay('2026-11-26'), false)
  t.equal((await loadCalendar()).calendar.isWorkingDay('2026-11-26'), true)
  t.equal((await loadCalendar()).calendar.isWorkingDay('2026-02-17'), false, 'Tết is off')
  await t.rejects(loadCalendar(join(folder, 'nosuch.json')), { code: 'LT_CONF_FILE_UNREADABLE' })
})

// A second opinion on the lunar dates: new moons and the sun's longitude by Meeus' series, days counted in UTC+7; the eleventh month
// holds the winter solstice, and the new year is the second new moon after its beginning but for a leap month.
const JD_1970 = 2_440_587.5
const RAD = Math.PI / 180

function newMoon(k: number): number {
  const T = k / 1236.85
  const [T2, T3] = [T * T, T * T * T]
  const mean =
    2_415_020.75933 +
    29.53058868 * k +
    0.0001178 * T2 -
    0.000000155 * T3 +
    0.00033 * Math.sin((166.56 + 132.87 * T - 0.009173 * T2) * RAD)
  const M = (359.2242 + 29.10535608 * k - 0.0000333 * T2 - 0.00000347 * T3) * RAD
  const Mpr = (306.0253 + 385.81691806 * k + 0.0107306 * T2 + 0.00001236 * T3) * RAD
  const F = (21.2964 + 390.67050646 * k - 0.0016528 * T2 - 0.00000239 * T3) * RAD
  const C =
    (0.1734 - 0.000393 * T) * Math.sin(M) +
    0.0021 * Math.sin(2 * M) -
    0.4068 * Math.sin(Mpr) +
    0.0161 * Math.sin(2 * Mpr) -
    0.0004 * Math.sin(3 * Mpr) +
    0.0104 * Math.sin(2 * F) -
    0.0051 * Math.sin(M + Mpr) -
    0.0074 * Math.sin(M - Mpr) +
    0.0004 * Math.sin(2 * F + M) -
    0.0004 * Math.sin(2 * F - M) -
    0.0006 * Math.sin(2 * F + Mpr) +
    0.001 * Math.sin(2 * F - Mpr) +
    0.0005 * Math.sin(2 * Mpr + M)
  const deltaT = -0.000278 + 0.000265 * T + 0.000262 * T2
  return mean + C - deltaT
}

const dayOf = (julian: number): string => localDate(new Date((julian - JD_1970) * 86_400_000))

function newMoonDays(year: number): string[] {
  const first = Math.floor((year - 1900) * 12.3685) - 2
  return Array.from({ length: 10 }, (_, i) => dayOf(newMoon(first + i)))
}

function lunarNewYear(year: number): string {
  // Between 21 January and 20 February there is exactly one in years without a late leap month: 2024 … 2030 have none there.
  const found = newMoonDays(year).filter((day) => day >= `${year}-01-21` && day <= `${year}-02-20`)
  if (found.length !== 1) throw new Error(`${year}: ${found.join()}`)
  return found[0] as string
}

/** The leap months of 2025 (6th), 2028 (5th) come after the third. */
function tenthOfThirdMonth(tet: string): string {
  const moons = newMoonDays(Number(tet.slice(0, 4)))
  return addDays(moons[moons.indexOf(tet) + 2] as string, 9)
}
