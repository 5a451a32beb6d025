import type { Queryable } from './pool.ts'

export const STUCK_KINDS = [
  'unrouted',
  'overdue',
  'attempt',
  'retrying',
  'lease',
  'held',
  'recall',
  'change',
  'dead',
  'unsequenced',
  'reader',
  'deleting',
  'undeleted',
  'suspended',
  'partition',
] as const
export type StuckKind = (typeof STUCK_KINDS)[number]

/** Something that does not move. */
export interface StuckItem {
  readonly kind: StuckKind
  /** Of the dispatch, the consignment or the audit entry; the code of a system, the name of a reader of the log or of a table. */
  readonly id: string
  readonly agency: string
  readonly since: Date
}

export interface StuckQuestion {
  /** How long routing and sequencing may take, in seconds. */
  readonly moveSeconds: number
  /** How long a receiver may leave a consignment, in hours. */
  readonly overdueHours: number
  /** How far back consignments are looked at that ended without arriving, in days. */
  readonly deadDays: number
  /** Items of one kind at most. */
  readonly limit: number
}

export interface StuckQuery {
  readonly text: string
  readonly values: readonly number[]
}

/** By then the receiver was away for hours: the pauses double. */
const MANY_ATTEMPTS = 5

/** What the index of open consignments covers: they are few, however many there ever were. */
const OPEN = `state not in ('ACKNOWLEDGED', 'REFUSED', 'DEAD', 'EXPIRED', 'RECALLED')`

/**
 * One question per kind, none of which reads a whole table: what is open is read by the partial indexes on it, what has ended by
 * time, and of what waits for the log only its beginning.
 */
export function stuckQueries(question: StuckQuestion): Readonly<Record<StuckKind, StuckQuery>> {
  const { moveSeconds, overdueHours, deadDays, limit } = question
  return {
    unrouted: {
      text: `select id, sender_code as agency, accepted_at as since from dispatch
        where state = 'ACCEPTED' and accepted_at < now() - make_interval(secs => $1) order by accepted_at limit $2`,
      values: [moveSeconds, limit],
    },
    overdue: {
      text: `select id, agency_code as agency, available_at as since from consignment
        where ${OPEN} and state in ('AVAILABLE', 'QUEUED', 'RETRYING') and available_at < now() - make_interval(hours => $1)
        order by available_at limit $2`,
      values: [overdueHours, limit],
    },
    // The sweeper of delivery ends them within seconds.
    attempt: {
      text: `select c.id, c.agency_code as agency, a.deadline as since from (
          select consignment_id, deadline from delivery_attempt
          where ended_at is null and deadline < now() - make_interval(secs => $1) order by deadline limit $2
        ) a cross join lateral (select id, agency_code from consignment c where c.id = a.consignment_id offset 0) c
        order by a.deadline`,
      values: [moveSeconds, limit],
    },
    retrying: {
      text: `select id, agency_code as agency, available_at as since from consignment
        where state in ('QUEUED', 'RETRYING') and attempt >= $1 order by available_at limit $2`,
      values: [MANY_ATTEMPTS, limit],
    },
    // At the compatible door a lease has run out when it begins: a client gets its time to store what it fetched.
    lease: {
      text: `select id, agency_code as agency, lease_until as since from consignment
        where ${OPEN} and state = 'HANDED_OVER' and lease_until < now()
          and coalesce(handed_over_at, available_at) < now() - interval '15 minutes' order by lease_until limit $1`,
      values: [limit],
    },
    held: {
      text: `select id, agency_code as agency, available_at as since from consignment
        where ${OPEN} and state = 'HELD' order by available_at limit $1`,
      values: [limit],
    },
    recall: {
      text: `select id, agency_code as agency, coalesce(handed_over_at, available_at) as since from consignment
        where recall_pending and available_at < now() - make_interval(hours => $1) order by since limit $2`,
      values: [overdueHours, limit],
    },
    change: {
      text: `select consignment_id as id, agency_code as agency, opened_at as since from business_request
        where outcome = 'pending' and action in ('update', 'replace') and opened_at < now() - make_interval(hours => $1)
        order by opened_at limit $2`,
      values: [overdueHours, limit],
    },
    dead: {
      text: `select id, agency_code as agency, ended_at as since from consignment
        where state = 'DEAD' and id >= uuid_floor(now() - make_interval(days => $1)) order by ended_at limit $2`,
      values: [deadDays, limit],
    },
    unsequenced: {
      text: `select e.id, '' as agency, e.event_time as since
        from (select seq, entry_id from audit_pending order by seq limit $2) p join audit_entry e on e.id = p.entry_id
        where e.event_time < now() - make_interval(secs => $1) order by p.seq`,
      values: [moveSeconds, limit],
    },
    // Whoever reads the log closes dispatches and tells senders: what one has not read for a while stands still.
    reader: {
      text: `select r.reader as id, '' as agency, e.event_time as since from log_cursor r
        cross join lateral (
          select entry_id from log_leaf l where (l.epoch, l.index) >= (r.epoch, r.index) order by l.epoch, l.index limit 1
        ) l cross join lateral (select event_time from audit_entry e where e.id = l.entry_id offset 0) e
        where e.event_time < now() - make_interval(secs => $1) order by since limit $2`,
      values: [moveSeconds, limit],
    },
    deleting: {
      text: `select d.id, d.sender_code as agency, p.made_at as since from dispatch d
        join lateral (select made_at from content_proof p where p.dispatch_id = d.id offset 0) p on true
        where d.content_state = 'DELETING' and p.made_at < now() - interval '3 hours' order by since limit $1`,
      values: [limit],
    },
    undeleted: {
      text: `select d.id, d.agency, d.since from retention_class k cross join lateral (
          select id, sender_code as agency, closed_at as since from dispatch
          where state = 'CLOSED' and content_state = 'KEPT' and not content_hold and retention_class = k.code
            and closed_at < now() - make_interval(days => k.keep_days + 2)
            -- Kept until its receiver answers; that is told as what it is.
            and not exists (select from business_request r where r.target_dispatch_id = dispatch.id and r.outcome = 'pending') order by closed_at limit $1 offset 0
        ) d where k.keep_days is not null order by d.since limit $1`,
      values: [limit],
    },
    suspended: {
      text: `select code as id, '' as agency, suspended_at as since from system
        where suspended_at is not null order by suspended_at limit $1`,
      values: [limit],
    },
    partition: {
      text: `select parent as id, '' as agency, now() as since from unnest(array['dispatch', 'consignment', 'content', 'audit_entry']) as parent
        where to_regclass(parent || '_' || to_char((now() + interval '7 days') at time zone 'UTC', 'YYYYMM')) is null limit $1`,
      values: [limit],
    },
  }
}

/** What does not move although it should, oldest first, by kind. */
export async function findStuck(database: Queryable, question: StuckQuestion): Promise<StuckItem[]> {
  const queries = stuckQueries(question)
  const found: StuckItem[] = []
  for (const kind of STUCK_KINDS) {
    const { text, values } = queries[kind]
    const { rows } = await database.query<Omit<StuckItem, 'kind'>>(text, [...values])
    found.push(...rows.map((row) => ({ kind, ...row })))
  }
  return found
}
