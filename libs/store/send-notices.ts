import { auditCtes } from './audit-sql.ts'
import type { Queryable } from './pool.ts'

/** A notice that is claimed: this process and no other may send it, once. */
export interface ClaimedNotice {
  readonly id: string
  readonly claim_id: string
  readonly kind: string
  readonly channel: 'mail' | 'sms'
  readonly recipient: string
  readonly language: 'vi' | 'en'
  readonly agency_code: string | null
  readonly dispatch_id: string | null
  readonly consignment_id: string | null
  readonly facts: Readonly<Record<string, string>>
  readonly attempts: number
  readonly made_at: Date
}

export interface ClaimLimits {
  readonly channels: readonly string[]
  /** Messages (of any number of notices) begun at a time. */
  readonly messages: number
  /** Notices in one message. */
  readonly perMessage: number
  /** Messages to one contact within an hour. */
  readonly perHour: number
  /** A claim without an end so long after it was made counts as unsure, in milliseconds. */
  readonly deadlineMs: number
}

/** How long a contact waits that has had its share: looked at again, not forgotten. */
const SHARE_PAUSE = `interval '1 minute'`

const CLAIM = `
with due as materialized (
  select channel, recipient, language, min(next_attempt_at) as first from notice
  where state = 'WAITING' and next_attempt_at <= clock_timestamp() and channel = any($1::text[])
  group by channel, recipient, language order by 4 limit $2
), judged as materialized (
  select d.*, gen_random_uuid() as claim_id, (
      select count(distinct n.claim_id) from notice n where n.channel = d.channel and n.recipient = d.recipient
        and n.claimed_at > clock_timestamp() - interval '1 hour' and n.state in ('CLAIMED', 'SENT', 'UNSURE')
    ) < $4 as within
  from due d
), mine as materialized (
  -- Two processes at once would cut what belongs into one message into two.
  select * from judged where within and pg_try_advisory_xact_lock(hashtextextended('lienthong.notice ' || channel || ' ' || recipient, 0))
), locked as materialized (
  select l.id, m.claim_id from mine m cross join lateral (
    select n.id from notice n where n.channel = m.channel and n.recipient = m.recipient and n.language = m.language
      and n.state = 'WAITING' and (n.attempts = 0 or n.next_attempt_at <= clock_timestamp())
    order by n.made_at limit $3 for update skip locked
  ) l
), postponed as (
  update notice n set next_attempt_at = clock_timestamp() + ${SHARE_PAUSE}
  from judged j where not j.within and n.channel = j.channel and n.recipient = j.recipient and n.language = j.language
    and n.state = 'WAITING' and n.next_attempt_at <= clock_timestamp()
)
update notice n set state = 'CLAIMED', attempts = n.attempts + 1, claim_id = l.claim_id, claimed_at = clock_timestamp(),
  claimed_until = clock_timestamp() + make_interval(secs => $5::float8 / 1000)
from locked l where n.id = l.id
returning n.id, n.claim_id, n.kind, n.channel, n.recipient, n.language, n.agency_code, n.dispatch_id, n.consignment_id, n.facts,
  n.attempts, n.made_at`

/**
 * Claims notices that are due, together with whatever else waits for the same contact: one claim, one message. Committed when
 * it answers; only then may the network be touched.
 */
export async function claimNotices(database: Queryable, limits: ClaimLimits): Promise<ClaimedNotice[]> {
  const { channels, messages, perMessage, perHour, deadlineMs } = limits
  const { rows } = await database.query<ClaimedNotice>({
    name: 'claim-notices',
    text: CLAIM,
    values: [channels, messages, perMessage, perHour, deadlineMs],
  })
  return rows
}

/** What became of a message. */
export interface MessageEnd {
  readonly claimId: string
  /** WAITING: surely not sent, to be tried again. */
  readonly state: 'SENT' | 'WAITING' | 'FAILED' | 'UNSURE'
  /** With WAITING: milliseconds until the next attempt. */
  readonly retryMs: number | null
  readonly code: string | null
  /** With WAITING: attempts after which it has failed. */
  readonly maxAttempts: number
}

const END = `
with moved as (
  update notice n set
    state = case when $2 = 'WAITING' and n.attempts >= $5 then 'FAILED' else $2 end,
    next_attempt_at = case when $2 = 'WAITING' then clock_timestamp() + make_interval(secs => $3::float8 / 1000) else n.next_attempt_at end,
    ended_at = case when $2 = 'WAITING' and n.attempts < $5 then null else clock_timestamp() end,
    code = $4
  -- Taken for unsure when it was slow: its own claim still knows better.
  where n.claim_id = $1 and n.state in ('CLAIMED', 'UNSURE')
  returning n.id
), ${auditCtes('$6', 'moved')}
select id from moved`

/** Writes down what became of a claimed message, with entries (owner: the notice) where it was sent. */
export async function endMessage(
  database: Queryable,
  end: MessageEnd,
  entries: readonly ({ readonly owner: string } & object)[],
): Promise<string[]> {
  const { rows } = await database.query<{ id: string }>({
    name: 'end-message',
    text: END,
    values: [end.claimId, end.state, end.retryMs, end.code, end.maxAttempts, JSON.stringify(entries)],
  })
  return rows.map(({ id }) => id)
}

/** Claims whose process is gone: nobody knows whether their message left, so it is not sent again. */
export async function closeLostClaims(database: Queryable, code: string, state: 'UNSURE' | 'WAITING'): Promise<number> {
  const { rowCount } = await database.query({
    name: 'close-lost-claims',
    text: `update notice set state = $2, ended_at = clock_timestamp(), code = $1
      where state = 'CLAIMED' and claimed_until < clock_timestamp()`,
    values: [code, state],
  })
  return rowCount ?? 0
}
