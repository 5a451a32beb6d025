import { sabotaged } from '../../runtime/index.ts'

/** What was seen of a row, as a statement compares it; `null` where nothing is compared. */
export const asJson = (seen: object | undefined): string | null =>
  seen === undefined || sabotaged('unseen-approval') ? null : JSON.stringify(seen)

/** An instant as text that is the same in every session, whole to the microsecond (RFC 3339). */
export const instantText = (column: string): string =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
