import { auditCtes } from './audit-sql.ts'
import { asJson, instantText } from './operations/as-seen.ts'
import type { Queryable } from './pool.ts'

/** `held`, `released`: done. `unchanged`: it was so before, or is not as it was seen. `gone`: its deletion was begun. `unknown`: no such dispatch. */
export type HoldOutcome = 'held' | 'released' | 'unchanged' | 'gone' | 'unknown'

/** Whether a hold stands, since when (`null` too of one older than that was kept) and why. */
export interface HoldSeen {
  readonly held: boolean
  readonly since: string | null
  readonly reason: string | null
}

/** `undefined`: there is no such dispatch. */
export async function seeHold(database: Queryable, dispatch: string): Promise<HoldSeen | undefined> {
  const { rows } = await database.query<HoldSeen>({
    name: 'see-hold',
    text: `select content_hold as held, ${instantText('held_at')} as since, hold_reason as reason from dispatch where id = $1`,
    values: [dispatch],
  })
  return rows[0]
}

/**
 * Sets or lifts a legal hold, compare-and-set on what the row says (and, with `seen`, on what it said): while it stands, nothing of the content is deleted. Deletion locks
 * the same row, so that of the two one comes first and the other sees it.
 */
export async function holdContent(
  database: Queryable,
  wanted: { readonly id: string; readonly hold: boolean; readonly reason: string; readonly seen?: HoldSeen },
  entries: readonly ({ readonly owner: string } & object)[],
): Promise<HoldOutcome> {
  const { rows } = await database.query<{ outcome: HoldOutcome }>({
    text: `with locked as materialized (
        select d.id, d.content_state, d.content_hold, $5::json is null or (d.content_hold = ($5::json ->> 'held')::boolean
            and d.held_at is not distinct from ($5::json ->> 'since')::timestamptz
            and d.hold_reason is not distinct from $5::json ->> 'reason') as as_seen
        from dispatch d where d.id = $1 for update of d
      ), moved as (
        update dispatch d set content_hold = $2, hold_reason = case when $2 then $3::text end,
          held_at = case when $2 then clock_timestamp() end
        from locked l where d.id = l.id and l.as_seen and l.content_state = 'KEPT' and l.content_hold <> $2
        returning d.id
      ), ${auditCtes('$4', 'moved')}
      select case when exists (select from moved) then case when $2 then 'held' else 'released' end
        when l.content_state <> 'KEPT' then 'gone' else 'unchanged' end as outcome
      from locked l`,
    values: [wanted.id, wanted.hold, wanted.reason, JSON.stringify(entries), asJson(wanted.seen)],
  })
  return rows[0]?.outcome ?? 'unknown'
}

export interface HeldContent {
  readonly id: string
  readonly sender_code: string
  readonly number: string
  readonly notation: string
  readonly reason: string | null
}

/** Dispatches under a hold, oldest first. */
export async function listHeldContent(database: Queryable, limit: number): Promise<HeldContent[]> {
  const { rows } = await database.query<HeldContent>(
    `select id, sender_code, number, notation, hold_reason as reason from dispatch where content_hold order by id limit $1`,
    [limit],
  )
  return rows
}
