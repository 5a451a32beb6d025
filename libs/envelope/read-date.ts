export interface ReadDate {
  /** `yyyy-MM-dd`. */
  readonly iso: string
  /** Written as the regulation says, `yyyy/MM/dd`. */
  readonly regular: boolean
}

const YEAR_FIRST = /^(\d{4})([/-])(\d{1,2})\2(\d{1,2})(?:[T ].{0,40})?$/
const DAY_FIRST = /^(\d{1,2})([/-])(\d{1,2})\2(\d{4})(?:[T ].{0,40})?$/
const REGULAR = /^\d{4}\/\d{2}\/\d{2}$/
const TIMESTAMP = /^\d{4}\/\d{2}\/\d{2} ([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/

/**
 * Reads a date as real systems write it: `yyyy/MM/dd`, `yyyy-MM-dd`, `dd/MM/yyyy`, `dd-MM-yyyy`, with or without a time
 * behind it. `undefined` when it is none of these or no day of the calendar.
 */
export function readDate(text: string): ReadDate | undefined {
  const yearFirst = YEAR_FIRST.exec(text)
  const match = yearFirst ?? DAY_FIRST.exec(text)
  if (!match) return undefined
  const [year, month, day] = (yearFirst ? [match[1], match[3], match[4]] : [match[4], match[3], match[1]]).map(
    Number,
  ) as [number, number, number]
  const date = new Date(Date.UTC(year, month - 1, day))
  if (year < 1000 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  return { iso: date.toISOString().slice(0, 10), regular: REGULAR.test(text) }
}

/** Whether a text is a timestamp as the regulation writes it (`yyyy/MM/dd HH:mm:ss`, no zone, meaning UTC+7). */
export function isTimestamp(text: string): boolean {
  return TIMESTAMP.test(text) && readDate(text) !== undefined
}

/** A date of ours (`yyyy-MM-dd`) as the wire wants it, or `undefined` when it is no date. */
export function wireDate(iso: string): string | undefined {
  const read = /^\d{4}-\d{2}-\d{2}$/.test(iso) ? readDate(iso) : undefined
  return read?.iso.replaceAll('-', '/')
}

const HO_CHI_MINH_OFFSET_MS = 7 * 3600_000

/** The calendar day at an instant in Asia/Ho_Chi_Minh (UTC+7 without summer time since 1975), as `yyyy-MM-dd`. */
export function dayInVietnam(instant: Date): string {
  return new Date(instant.getTime() + HO_CHI_MINH_OFFSET_MS).toISOString().slice(0, 10)
}
