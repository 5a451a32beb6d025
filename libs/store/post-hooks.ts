import type { Queryable } from './pool.ts'
import type { HookNotice } from './queue-hook-notices.ts'

/** A system that has something waiting for its hook and is not being told just now. */
export interface DueHook {
  readonly system_id: string
  readonly version: number
  /** Posts in a row that did not arrive. */
  readonly failures: number
}

/** Hooks that are due, whoever is not called yet the longest first. */
export async function findDueHooks(database: Queryable, limit: number): Promise<DueHook[]> {
  const { rows } = await database.query<DueHook>({
    name: 'find-due-hooks',
    text: `select h.system_id, h.version, h.failures from hook_state h
      join system s on s.id = h.system_id and s.hook_url is not null and s.suspended_at is null
      where (waiting > 0 or dropped > 0) and next_at <= clock_timestamp()
        and (lease_until is null or lease_until < clock_timestamp())
      order by next_at limit $1`,
    values: [limit],
  })
  return rows
}

/** A post that was begun. */
export interface HookPost {
  readonly attempt: number
  /** The version since it was begun. */
  readonly version: number
  /** Notices that were not kept, since when. */
  readonly dropped: number
  readonly dropped_at: Date | null
}

/** Begins one post: compare-and-set on the system's row, and the row of the attempt. `undefined`: another process does it. */
export async function claimHook(
  database: Queryable,
  hook: DueHook,
  notices: number,
  leaseMs: number,
): Promise<HookPost | undefined> {
  const { rows } = await database.query<HookPost>({
    name: 'claim-hook',
    text: `with claimed as (
        update hook_state set version = version + 1, attempt = attempt + 1,
          lease_until = clock_timestamp() + make_interval(secs => $4::float8 / 1000)
        where system_id = $1 and version = $2 and (lease_until is null or lease_until < clock_timestamp())
        returning system_id, attempt, version, dropped, dropped_at
      ), attempts as (
        insert into hook_attempt (system_id, attempt, notices, claimed_at) select system_id, attempt, $3, clock_timestamp() from claimed
      )
      select attempt, version, dropped, dropped_at from claimed`,
    values: [hook.system_id, hook.version, notices, leaseMs],
  })
  return rows[0]
}

/** One notice, with the signed receipt of its event where that was asked for and made. */
export type NoticeToPost = Omit<HookNotice, 'system_id' | 'event_time'> & {
  readonly event_time: Date
  readonly xml: Buffer | null
}

/** What a system is to be told next, in log order. */
export async function readHookNotices(
  database: Queryable,
  systemId: string,
  withReceipts: boolean,
  limit: number,
): Promise<NoticeToPost[]> {
  const { rows } = await database.query<NoticeToPost>({
    name: 'read-hook-notices',
    text: `select n.epoch, n.index, n.entry_id, n.event, n.event_time, n.dispatch_id, n.consignment_id, n.status, r.xml
      from (select * from hook_notice where system_id = $1 order by epoch, index limit $3) n
      left join receipt r on $2 and r.entry_id = n.entry_id
      order by n.epoch, n.index`,
    values: [systemId, withReceipts, limit],
  })
  return rows
}

export interface HookPostEnd {
  readonly system_id: string
  readonly attempt: number
  readonly outcome: 'delivered' | 'transient' | 'permanent' | 'busy' | 'ambiguous'
  readonly http_status: number | null
  readonly duration_ms: number
  readonly code: string | null
  readonly answer: string | null
  /** Delivered: the last place that was told, and how many dropped ones were named. */
  readonly told: { readonly epoch: number; readonly index: number } | null
  readonly told_dropped: number
  /** Milliseconds until the next post. */
  readonly pause_ms: number
}

/**
 * Ends a post. Delivered: what was told is deleted in the same commit. Whoever was overtaken since (its time was over and another began)
 * changes nothing but its own attempt.
 */
export async function endHookPost(database: Queryable, end: HookPostEnd): Promise<void> {
  await database.query({
    name: 'end-hook-post',
    text: `with attempts as (
        update hook_attempt set ended_at = clock_timestamp(), outcome = $3, http_status = $4, duration_ms = $5, code = $6, answer = $7
        where system_id = $1 and attempt = $2 and ended_at is null
      ), held as materialized (
        select system_id from hook_state where system_id = $1 and attempt = $2 for update
      ), told as (
        delete from hook_notice n using held h
        where n.system_id = h.system_id and (n.epoch, n.index) <= ($8::int, $9::bigint)
        returning 1
      )
      update hook_state s set version = s.version + 1, lease_until = null,
        waiting = greatest(0, s.waiting - (select count(*) from told)),
        dropped = s.dropped - $10, dropped_at = case when s.dropped > $10 then s.dropped_at end,
        failures = case when $3 = 'delivered' then 0 else s.failures + 1 end,
        delivered_at = case when $3 = 'delivered' then clock_timestamp() else s.delivered_at end,
        next_at = clock_timestamp() + make_interval(secs => $11::float8 / 1000)
      from held h where s.system_id = h.system_id`,
    values: [
      end.system_id,
      end.attempt,
      end.outcome,
      end.http_status,
      end.duration_ms,
      end.code,
      end.answer,
      end.told?.epoch ?? null,
      end.told?.index ?? null,
      end.told_dropped,
      end.pause_ms,
    ],
  })
}

/** Forgets attempts that are older than `days`, a bounded number at a time. */
export async function forgetHookAttempts(database: Queryable, days: number): Promise<void> {
  await database.query({
    name: 'forget-hook-attempts',
    text: `delete from hook_attempt a using (
        select system_id, attempt from hook_attempt where claimed_at < now() - make_interval(days => $1) order by claimed_at limit 500
      ) old where a.system_id = old.system_id and a.attempt = old.attempt`,
    values: [days],
  })
}
