import { uuidTimeMs } from '../model/index.ts'

/**
 * Joins the row with an id, one look-up in the one partition that can hold it. Written as a plain join, or with `= any(…)`, a plan
 * that is kept visits every month, or reads a table whole.
 */
export function rowById(
  table: 'dispatch' | 'consignment' | 'audit_entry',
  id: string,
  as: string,
  condition = 'true',
): string {
  return `cross join lateral (
    select * from (select * from ${table} ${as} where ${as}.id = ${id} offset 0) ${as} where ${condition} offset 0
  ) ${as}`
}

/**
 * A text column in a condition beside a look-up by id, as no index knows it. A plan that was made while the table was small and is
 * kept may otherwise read a partial index of work from end to end for each row, once there is much work.
 */
export function beside(column: string): string {
  return `(${column} || '')`
}

/** How far the clocks of two processes may be apart, with room to spare. */
const SLACK_MS = 3_600_000

/**
 * The least id that a row made after these ones can have: a bound by which months before them are left out. Consignments and entries
 * are made after their dispatch.
 */
export function idFloor(ids: readonly string[]): string {
  const oldest = ids.reduce((least, id) => Math.min(least, uuidTimeMs(id)), Date.now())
  const hex = Math.max(0, Math.floor(oldest) - SLACK_MS)
    .toString(16)
    .padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}
