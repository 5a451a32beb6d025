import { auditCtes } from '../audit-sql.ts'
import type { Queryable } from '../pool.ts'

/**
 * Suspends a system for a reason or, with `null`, lets it act again; the entry's owner is the system's id. `unchanged`: it was so
 * before, nothing is written.
 */
export async function operateSystem(
  database: Queryable,
  system: { readonly id: string; readonly reason: string | null },
  entries: readonly ({ readonly owner: string } & object)[],
): Promise<'changed' | 'unchanged'> {
  const { rowCount } = await database.query({
    name: 'operate-system',
    text: `with moved as (
        update system set suspended_reason = $2, suspended_at = case when $2::text is null then null else now() end
        where id = $1 and (suspended_at is null) <> ($2::text is null)
        returning id
      ), ${auditCtes('$3', 'moved')} select id from moved`,
    values: [system.id, system.reason, JSON.stringify(entries)],
  })
  return rowCount === 1 ? 'changed' : 'unchanged'
}
