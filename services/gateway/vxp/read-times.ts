const DAY_MS = 86_400_000
const DATE =
  /^(?:(\d{1,2})\/(\d{1,2})\/(\d{4})|(\d{4})[/-](\d{1,2})[/-](\d{1,2}))(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?/

/**
 * An instant as clients write it, in Asia/Ho_Chi_Minh: `dd/MM/yyyy`, `dd/MM/yyyy HH:mm:ss`, `yyyy/MM/dd` and the like. With `end` a date
 * means its last moment. What cannot be read is no instant, and no reason to fail.
 */
export function readTime(text: string | undefined, end = false): Date | undefined {
  const match = DATE.exec(text?.trim() ?? '')
  if (!match) return undefined
  const [, day, month, year, year2, month2, day2, hour, minute, second] = match
  const pad = (part: string | undefined): string => (part ?? '0').padStart(2, '0')
  const date = `${year ?? year2}-${pad(month ?? month2)}-${pad(day ?? day2)}`
  const time = Date.parse(`${date}T${pad(hour)}:${pad(minute)}:${pad(second)}+07:00`)
  if (Number.isNaN(time)) return undefined
  return new Date(end && hour === undefined ? time + DAY_MS : time)
}
