import { beside } from '../look-up.ts'
import type { Queryable } from '../pool.ts'

/** The last consignment of a page; nothing comes before the first one. */
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000'
/** Rows of one commit: an operator must be heard within the time of a statement, however much waits. */
const PAGE = 5_000

/**
 * Begins the time to live of all pushes to these agencies anew, those with an attempt under way included. Like the rounds of
 * publication that time stands outside `version`: it is no move. Doing it again only begins it later. Answers how many there were.
 * @throws BusError LT_STORE_UNAVAILABLE
 */
export async function renewPushes(database: Queryable, agencies: readonly string[], page = PAGE): Promise<number> {
  let renewed = 0
  let after = BEFORE_ALL
  for (;;) {
    const { rows } = await database.query<{ id: string }>({
      name: 'renew-pushes',
      text: `with due as materialized (
          select c.id from consignment c where c.agency_code = any($1) and c.mode = 'push' and c.state in ('QUEUED', 'RETRYING') and c.id > $2
          order by c.id limit $3
        ), locked as materialized (
          -- One by one in id order, as by everybody else; what ended meanwhile is left alone.
          select l.id from due w cross join lateral (
            select c.id from consignment c where c.id = w.id and c.mode = 'push' and ${beside('c.state')} in ('QUEUED', 'RETRYING')
            for update of c
          ) l
        ), moved as (
          update consignment c set available_at = clock_timestamp()
          from unnest(array(select id from locked)) as l(id) where c.id = l.id
        )
        select id from due order by id`,
      values: [agencies, after, page],
    })
    renewed += rows.length
    const last = rows.at(-1)
    if (!last || rows.length < page) return renewed
    after = last.id
  }
}
