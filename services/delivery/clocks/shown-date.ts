import { localDate, localTime } from '../../../libs/model/index.ts'

/** A date as people here write it: `26/11/2026`. */
export function shownDate(date: string): string {
  return date.split('-').reverse().join('/')
}

/** An instant in Vietnam: `17:00 26/11/2026`. */
export function shownInstant(instant: Date): string {
  return `${localTime(instant)} ${shownDate(localDate(instant))}`
}
