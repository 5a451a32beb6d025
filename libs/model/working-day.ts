import type { Holidays } from './holidays.ts'
import { addDays, atLocal, localDate, localTime, weekday } from './local-time.ts'

/** Which days state agencies work: Monday to Friday (Decision 188/1999/QĐ-TTg) but for days off, and the days worked instead. */
export interface WorkingCalendar {
  isWorkingDay(date: string): boolean
  /** The first working day after a date, the date itself never. */
  nextWorkingDay(date: string): string
  /** The n-th working day after a date (before, when negative); for 0 the date itself, or the next working day where it is none. */
  addWorkingDays(date: string, days: number): string
  /** How many working days lie after `from`, up to and with `to`; 0 when `to` is not later. */
  workingDaysBetween(from: string, to: string): number
  /** The end of the working day that an instant belongs to: one outside working hours belongs to the next. */
  endOfWorkingDay(instant: Date, endsAt: string): Date
  /** `HH:mm` on the first working day after a date: until then a document signed on it has to be sent (Decision 28/2018 art. 6). */
  nextWorkingMorning(date: string, until?: string): Date
}

/** Noon: where the regulation says "morning", its end. */
const NOON = '12:00'

/** Where a rule would look through more days than a calendar can leave off, it is the calendar that is wrong. */
const REACH_DAYS = 20_000

export function createCalendar(holidays: Holidays): WorkingCalendar {
  const off = new Set(holidays.off.map(({ date }) => date))
  const working = new Set(holidays.working.map(({ date }) => date))
  const fixed = new Set(holidays.fixed.map(({ day }) => day))

  function isOff(date: string): boolean {
    if (off.has(date)) return true
    const year = Number(date.slice(0, 4))
    return (year < holidays.from || year > holidays.to) && fixed.has(date.slice(5))
  }

  function isWorkingDay(date: string): boolean {
    if (working.has(date)) return true
    const day = weekday(date)
    return day !== 0 && day !== 6 && !isOff(date)
  }

  function step(date: string, direction: 1 | -1): string {
    let day = date
    for (let i = 0; i < REACH_DAYS; i++) {
      day = addDays(day, direction)
      if (isWorkingDay(day)) return day
    }
    throw new RangeError(`no working day within ${REACH_DAYS} days of ${date}`)
  }

  function addWorkingDays(date: string, days: number): string {
    if (days === 0) return isWorkingDay(date) ? date : step(date, 1)
    let day = date
    for (let i = 0; i < Math.abs(days); i++) day = step(day, days < 0 ? -1 : 1)
    return day
  }

  return {
    isWorkingDay,
    nextWorkingDay: (date) => step(date, 1),
    addWorkingDays,
    workingDaysBetween(from, to) {
      let count = 0
      for (let day = addDays(from, 1); day <= to; day = addDays(day, 1)) if (isWorkingDay(day)) count++
      return count
    },
    endOfWorkingDay(instant, endsAt) {
      const today = localDate(instant)
      const within = isWorkingDay(today) && localTime(instant) < endsAt
      return atLocal(within ? today : step(today, 1), endsAt)
    },
    nextWorkingMorning: (date, until = NOON) => atLocal(step(date, 1), until),
  }
}
