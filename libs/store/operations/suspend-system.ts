import { auditCtes } from '../audit-sql.ts'
import type { Queryable } from '../pool.ts'
import { asJson, instantText } from './as-seen.ts'

/** Whether a system stands suspended, since when and why. */
export interface SuspensionSeen {
  readonly since: string | null
  readonly reason: string | null
}

/** `undefined`: there is no such system. */
export async function seeSuspension(database: Queryable, code: string): Promise<SuspensionSeen | undefined> {
  const { rows } = await database.query<SuspensionSeen>({
    name: 'see-suspension',
    text: `select ${instantText('suspended_at')} as since, suspended_reason as reason from system where code = $1`,
    values: [code],
  })
  return rows[0]
}

/**
 * Suspends a system for a reason or, with `null`, lets it act again; the entry's owner is the system's id. `unchanged`: it was so
 * before, or with `seen` no longer as it was seen; nothing is written.
 */
export async function operateSystem(
  database: Queryable,
  system: { readonly id: string; readonly reason: string | null; readonly seen?: SuspensionSeen },
  entries: readonly ({ readonly owner: string } & object)[],
): Promise<'changed' | 'unchanged'> {
  const { rowCount } = await database.query({
    name: 'operate-system',
    text: `with moved as (
        update system set suspended_reason = $2, suspended_at = case when $2::text is null then null else now() end,
          fetches_since = case when $2::text is null then now() else fetches_since end
        where id = $1 and (suspended_at is null) <> ($2::text is null)
          and ($4::json is null or (suspended_at is not distinct from ($4::json ->> 'since')::timestamptz
            and suspended_reason is not distinct from $4::json ->> 'reason'))
        returning id
      ), ${auditCtes('$3', 'moved')} select id from moved`,
    values: [system.id, system.reason, JSON.stringify(entries), asJson(system.seen)],
  })
  return rowCount === 1 ? 'changed' : 'unchanged'
}
