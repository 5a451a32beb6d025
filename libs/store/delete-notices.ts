import type { Queryable } from './pool.ts'

/** For how long notices that ended are kept, in days. */
export interface NoticeAges {
  readonly sentDays: number
  /** Of those that failed, or of which nobody knows whether they arrived. */
  readonly failedDays: number
}

/** Deletes notices that ended so long ago, the oldest first, at most so many of each kind. Answers how many. */
export async function deleteOldNotices(
  database: Queryable,
  { sentDays, failedDays }: NoticeAges,
  limit: number,
): Promise<number> {
  const { rowCount } = await database.query({
    name: 'delete-old-notices',
    // What ended before then was made before then too: ids are in the order of time, and so is the index.
    text: `delete from notice n using (values ('SENT', $1::int), ('FAILED', $2), ('UNSURE', $2)) as k(state, days)
      where n.id = any(array(
        select o.id from notice o where o.state = k.state and o.id < uuid_floor(now() - make_interval(days => k.days))
          and o.ended_at < now() - make_interval(days => k.days)
        order by o.id limit $3 for update skip locked
      ))`,
    values: [sentDays, failedDays, limit],
  })
  return rowCount ?? 0
}
