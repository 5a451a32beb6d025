import type { Queryable } from './pool.ts'

/** Without a sign for so long the axis counts as having been away. */
export const DOOR_GAP_S = 60

/** A gateway says that it takes calls. After a gap the time begins anew, whichever gateway comes first. */
export async function noteDoorUp(database: Queryable): Promise<void> {
  await database.query({
    name: 'note-door-up',
    text: `insert into door_up as d (since, seen_at) values (clock_timestamp(), clock_timestamp())
      on conflict (only_row) do update set seen_at = excluded.seen_at,
        since = case when d.seen_at < excluded.seen_at - make_interval(secs => $1) then excluded.since else d.since end`,
    values: [DOOR_GAP_S],
  })
}
