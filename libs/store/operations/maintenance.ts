import { auditCtes } from '../audit-sql.ts'
import type { Queryable } from '../pool.ts'
import { asJson, instantText } from './as-seen.ts'

/** Whether new submissions are kept out, since when and why. */
export interface MaintenanceRow {
  readonly since: Date | null
  /** When it is expected to end. */
  readonly until: Date | null
  readonly reason: string | null
  readonly by_operator: string | null
}

export async function readMaintenance(database: Queryable): Promise<MaintenanceRow> {
  const { rows } = await database.query<MaintenanceRow>({
    name: 'read-maintenance',
    text: 'select since, until, reason, by_operator from maintenance',
    values: [],
  })
  return rows[0] ?? { since: null, until: null, reason: null, by_operator: null }
}

/** Since when maintenance goes on. */
export interface MaintenanceSeen {
  readonly since: string | null
}

export async function seeMaintenance(database: Queryable): Promise<MaintenanceSeen> {
  const { rows } = await database.query<MaintenanceSeen>({
    name: 'see-maintenance',
    text: `select ${instantText('since')} as since from maintenance`,
    values: [],
  })
  return rows[0] ?? { since: null }
}

/**
 * Begins maintenance, or with `on: null` ends it; with `seen` only where it stands as it was seen. Answers whether anything changed: then
 * the entry owned by `entryOwner` is written.
 */
export async function updateMaintenance(
  database: Queryable,
  on: { readonly reason: string; readonly by: string; readonly at: string; readonly until: string | null } | null,
  entryOwner: string,
  entries: readonly ({ readonly owner: string } & object)[],
  seen?: MaintenanceSeen,
): Promise<boolean> {
  const { rowCount } = await database.query({
    name: 'update-maintenance',
    text: `with changed as (
        update maintenance set since = $1, until = $2, reason = $3, by_operator = $4
        where (since is null) <> ($1::timestamptz is null)
          and ($7::json is null or since is not distinct from ($7::json ->> 'since')::timestamptz)
        returning one
      ), moved as (select $5::uuid as id from changed), ${auditCtes('$6', 'moved')} select id from moved`,
    values: [
      on?.at ?? null,
      on?.until ?? null,
      on?.reason ?? null,
      on?.by ?? null,
      entryOwner,
      JSON.stringify(entries),
      asJson(seen),
    ],
  })
  return rowCount === 1
}
