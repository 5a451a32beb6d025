import { BusError } from '../errors/index.ts'
import { isDate } from './local-time.ts'

/**
 * How sure a day off is. `fixed`: by law on this date. `announced`: in the yearly announcement for public employees. `computed`:
 * follows from the lunar calendar or from the rule of compensation. `expected`: what is usual, or decided and not yet law.
 */
export type Certainty = 'fixed' | 'announced' | 'computed' | 'expected'

export interface DayOff {
  readonly date: string
  /** Key of `names`, or the name itself where the list gives none. */
  readonly name: string
  readonly sure: Certainty
}

/** Days off and days worked instead, as `schemas/data/holidays.json` and an operator's file write them. */
export interface Holidays {
  /** First and last year whose days off are listed one by one. */
  readonly from: number
  readonly to: number
  readonly names: Readonly<Record<string, { readonly vi: string; readonly en: string }>>
  /** Days off of every year that is not listed, `MM-dd`. */
  readonly fixed: readonly { readonly day: string; readonly name: string }[]
  readonly off: readonly DayOff[]
  /** Days of weekends, or shipped days off, on which work is done. */
  readonly working: readonly { readonly date: string }[]
}

const SURE: readonly string[] = ['fixed', 'announced', 'computed', 'expected']

/** Checks the shipped list. @throws BusError LT_CONF_INVALID naming what is wrong with it */
export function readHolidays(text: string): Holidays {
  const value = parse(text) as Partial<Holidays>
  const { from, to, names, fixed } = value
  if (!Number.isInteger(from) || !Number.isInteger(to)) throw bad('from, to')
  if (typeof names !== 'object' || names === null) throw bad('names')
  const days = listOf(fixed, 'fixed')
  for (const { day } of days) if (!isDate(`2024-${String(day)}`)) throw bad(`fixed ${String(day)}`)
  return { from, to, names, fixed: days as Holidays['fixed'], ...readDays(value) } as Holidays
}

/**
 * The shipped list with an operator's on top: `{"off": [{"date", "name"}], "working": [{"date"}]}`. A day that the operator lists as
 * worked is worked whatever was shipped, and the other way round: compensation and swaps are decided year by year.
 * @throws BusError LT_CONF_INVALID
 */
export function overrideHolidays(shipped: Holidays, text: string): Holidays {
  const own = readDays(parse(text) as Partial<Holidays>)
  const [off, working] = [datesOf(own.off), datesOf(own.working)]
  return {
    ...shipped,
    off: [...shipped.off.filter(({ date }) => !working.has(date) && !off.has(date)), ...own.off],
    working: [...shipped.working.filter(({ date }) => !off.has(date)), ...own.working],
  }
}

function readDays(value: Partial<Holidays>): Pick<Holidays, 'off' | 'working'> {
  const off = listOf(value.off ?? [], 'off').map(({ date, name, sure = 'announced' }) => {
    if (typeof name !== 'string' || !SURE.includes(String(sure))) throw bad(`off ${String(date)}`)
    return { date: dateOf(date, 'off'), name, sure: sure as Certainty }
  })
  const working = listOf(value.working ?? [], 'working').map(({ date }) => ({ date: dateOf(date, 'working') }))
  const both = working.find(({ date }) => datesOf(off).has(date))
  if (both) throw bad(`${both.date} is off and working`)
  return { off, working }
}

const datesOf = (days: readonly { readonly date: string }[]): Set<string> => new Set(days.map(({ date }) => date))

function dateOf(date: unknown, where: string): string {
  if (typeof date !== 'string' || !isDate(date)) throw bad(`${where} ${String(date)}`)
  return date
}

function listOf(value: unknown, where: string): readonly Record<string, unknown>[] {
  if (!Array.isArray(value) || value.some((each) => typeof each !== 'object' || each === null)) throw bad(where)
  return value as Record<string, unknown>[]
}

function parse(text: string): object {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new BusError('LT_CONF_INVALID', { problems: 'holidays: not JSON' }, { cause })
  }
  if (typeof value !== 'object' || value === null) throw bad('not an object')
  return value
}

const bad = (what: string): BusError => new BusError('LT_CONF_INVALID', { problems: `holidays: ${what.slice(0, 80)}` })
