import { BusError } from '../../errors/index.ts'

/** RFC 3339 5.6 within what the database can hold: no year 0, no leap second, no offset that no place on earth has. */
const INSTANT = /^([12]\d{3}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-](0\d|1[0-4]):[0-5]\d)$/

/** The form alone, for schemas; whether the day exists is said by their format `date-time`. */
export const INSTANT_PATTERN: string = INSTANT.source

/** An instant that exists, as it was written. @throws BusError LT_OPS_BAD_FIELD */
export function checkInstant(field: string, text: string): string {
  const day = INSTANT.exec(text)?.[1]
  const time = day === undefined ? Number.NaN : Date.parse(`${day}T00:00:00Z`)
  // The 31st of February would silently be a day in March.
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== day)
    throw new BusError('LT_OPS_BAD_FIELD', { field })
  return text
}
