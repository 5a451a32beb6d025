import { rowById } from './look-up.ts'
import type { Queryable } from './pool.ts'

/** A consignment that waits to be pushed: nothing of it is under way. */
export interface WaitingPush {
  readonly id: string
  readonly version: number
  readonly dispatch_id: string
  readonly agency_code: string
  readonly kind: string
  readonly lane: 'urgent' | 'normal'
  /** Attempts made so far. */
  readonly attempt: number
  /** Of those, made before an operator queued it again: they count no more. */
  readonly attempt_base: number
  readonly publish_round: number
  /** Milliseconds until its next attempt is due; 0 when it is. */
  readonly due_ms: number
  /** Milliseconds since it was consigned. */
  readonly age_ms: number
  readonly form: string
  readonly content_hash: Buffer
  readonly content_size: number
  /** Its sender asked for it back, and the receiver, who may have it, has not answered. */
  readonly recall_pending: boolean
}

// An attempt under way has no time of its own in the row: it has a deadline in `delivery_attempt`.
const WAITS = `(c.state = 'QUEUED' or (c.state = 'RETRYING' and c.next_attempt_at is not null))`
const COLUMNS = `c.id, c.version, c.dispatch_id, c.agency_code, c.kind, c.lane, c.attempt, c.attempt_base, c.publish_round, c.recall_pending,
  d.form, d.content_hash, d.content_size,
  greatest(0, extract(epoch from coalesce(c.next_attempt_at, clock_timestamp()) - clock_timestamp()) * 1000)::float8 as due_ms,
  (extract(epoch from clock_timestamp() - c.available_at) * 1000)::float8 as age_ms`

/** Those of the consignments that wait to be pushed; others ended, are under way, or are none. */
export async function findWaitingPushes(database: Queryable, ids: readonly string[]): Promise<WaitingPush[]> {
  const { rows } = await database.query<WaitingPush>({
    name: 'find-waiting-pushes',
    text: `select ${COLUMNS} from (select distinct unnest($1::uuid[]) as id) w
      ${rowById('consignment', 'w.id', 'c', WAITS)} ${rowById('dispatch', 'c.dispatch_id', 'd')}`,
    values: [ids],
  })
  return rows
}

/**
 * Takes waiting pushes that should have been begun long ago and moves their next look on: `pauseMs` doubling, at most 5 min.
 * The round stands outside `version`: filling a queue again is no move.
 */
export async function takeDuePushes(database: Queryable, limit: number, pauseMs: number): Promise<WaitingPush[]> {
  const { rows } = await database.query<WaitingPush>({
    name: 'take-due-pushes',
    text: `with due as materialized (
        select id from consignment where state in ('QUEUED', 'RETRYING') and next_publish_at <= now()
        order by next_publish_at limit $1 for update skip locked
      ), c as (
        update consignment c set publish_round = c.publish_round + 1,
          next_publish_at = now() + least(interval '5 minutes', make_interval(secs => $2::float8 / 1000) * power(2, least(c.publish_round, 10)))
        from unnest(array(select id from due)) as due(id) where c.id = due.id
        returning c.*
      )
      select ${COLUMNS} from c ${rowById('dispatch', 'c.dispatch_id', 'd')} where ${WAITS}`,
    values: [limit, pauseMs],
  })
  return rows
}

/** An attempt that was begun and not ended within its deadline: nobody knows what the receiver has. */
export interface OverdueAttempt {
  readonly id: string
  readonly version: number
  readonly dispatch_id: string
  readonly agency_code: string
  readonly attempt: number
  readonly attempt_base: number
  readonly age_ms: number
  readonly duration_ms: number
}

/** Open attempts past their deadline by the database's clock, oldest first. */
export async function findOverdueAttempts(database: Queryable, limit: number): Promise<OverdueAttempt[]> {
  const { rows } = await database.query<OverdueAttempt>({
    name: 'find-overdue-attempts',
    text: `select c.id, c.version, c.dispatch_id, c.agency_code, a.attempt, c.attempt_base,
        (extract(epoch from clock_timestamp() - c.available_at) * 1000)::float8 as age_ms,
        (extract(epoch from clock_timestamp() - a.claimed_at) * 1000)::float8 as duration_ms
      from delivery_attempt a
      ${rowById('consignment', 'a.consignment_id', 'c', `c.attempt = a.attempt and c.state = 'RETRYING'`)}
      where a.ended_at is null and a.deadline < clock_timestamp()
      order by a.deadline limit $1`,
    values: [limit],
  })
  return rows
}
