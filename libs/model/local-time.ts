/**
 * Legal dates and hours are those of Asia/Ho_Chi_Minh, which keeps UTC+7 all year (Decision 134/2002/QĐ-TTg):
 * plain arithmetic, no time-zone data. Dates are `yyyy-MM-dd`, times of day `HH:mm`.
 */
const OFFSET_MS = 7 * 3_600_000
const DAY_MS = 86_400_000

/** The date on which an instant falls. */
export function localDate(instant: Date): string {
  return new Date(instant.getTime() + OFFSET_MS).toISOString().slice(0, 10)
}

/** The time of day at an instant, as `HH:mm`. */
export function localTime(instant: Date): string {
  return new Date(instant.getTime() + OFFSET_MS).toISOString().slice(11, 16)
}

/** The instant of a time of day on a date. */
export function atLocal(date: string, time: string): Date {
  return new Date(`${date}T${time}:00.000+07:00`)
}

/** The date so many days later; earlier when negative. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10)
}

/** 0 = Sunday … 6 = Saturday. */
export function weekday(date: string): number {
  return new Date(date).getUTCDay()
}

/** Whether a text is a date of the calendar, written `yyyy-MM-dd`. */
export function isDate(text: string): boolean {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN
  return !Number.isNaN(time) && new Date(time).toISOString().slice(0, 10) === text
}
