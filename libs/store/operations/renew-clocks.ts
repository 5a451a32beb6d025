import type { Queryable } from '../pool.ts'

/** The last consignment of a page; nothing comes before the first one. */
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000'
/** Rows of one commit: an operator must be heard within the time of a statement, however much waits. */
const PAGE = 5_000

/**
 * Begins the terms of everything anew that waits in the mailboxes of these agencies; a warning given before is void. Doing it again
 * only begins them later. @throws BusError LT_STORE_UNAVAILABLE
 */
export async function renewClocks(database: Queryable, agencies: readonly string[]): Promise<void> {
  let after = BEFORE_ALL
  for (;;) {
    const { rows } = await database.query<{ id: string }>({
      name: 'renew-clocks',
      text: `with due as materialized (
          select c.id from consignment c
          where c.agency_code = any($1) and c.mode = 'pull' and c.state in ('AVAILABLE', 'HANDED_OVER') and c.id > $2
          order by c.id limit $3
        ), locked as materialized (
          select l.id from due w cross join lateral (
            select k.consignment_id as id from consignment_clock k where k.consignment_id = w.id for update of k
          ) l
        ), renewed as (
          update consignment_clock k set since = clock_timestamp(), due_at = clock_timestamp(), done = k.done - 'uncollected',
            version = k.version + 1
          from unnest(array(select id from locked)) as l(id) where k.consignment_id = l.id
        )
        select id from due order by id`,
      values: [agencies, after, PAGE],
    })
    const last = rows.at(-1)
    if (!last || rows.length < PAGE) return
    after = last.id
  }
}
