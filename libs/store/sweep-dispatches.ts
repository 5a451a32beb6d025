import type { Queryable } from './pool.ts'

export interface DueDispatch {
  readonly id: string
  readonly lane: 'urgent' | 'normal'
  readonly version: number
  readonly publish_round: number
}

/**
 * Takes accepted dispatches whose publication is due again and moves their next time on: 10 s doubling to 5 min.
 * The round stands outside `version`: publishing again is no move.
 * @param lanes those looked at now; of the others only what has waited for five minutes
 */
export async function takeDueDispatches(
  database: Queryable,
  limit: number,
  lanes: readonly string[],
): Promise<DueDispatch[]> {
  const { rows } = await database.query<DueDispatch>({
    name: 'take-due-dispatches',
    text: `with due as materialized (
        select id from dispatch where state = 'ACCEPTED' and next_publish_at <= now()
          and (lane = any($2::text[]) or accepted_at < now() - interval '5 minutes')
        order by next_publish_at limit $1 for update skip locked
      )
      update dispatch d set publish_round = d.publish_round + 1,
        next_publish_at = now() + least(interval '5 minutes', interval '10 seconds' * power(2, least(d.publish_round, 5)))
      from unnest(array(select id from due)) as due(id) where d.id = due.id
      returning d.id, d.lane, d.version, d.publish_round`,
    values: [limit, lanes],
  })
  return rows
}
