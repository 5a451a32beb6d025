import type { Queryable } from './pool.ts'

export const STUCK_KINDS = ['unrouted', 'overdue', 'lease', 'held', 'dead', 'unsequenced'] as const
export type StuckKind = (typeof STUCK_KINDS)[number]

/** Something that does not move. */
export interface StuckItem {
  readonly kind: StuckKind
  /** Of the dispatch, the consignment or the audit entry. */
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
    lease: {
      text: `select id, agency_code as agency, lease_until as since from consignment
        where ${OPEN} and state = 'HANDED_OVER' and lease_until < now() order by lease_until limit $1`,
      values: [limit],
    },
    held: {
      text: `select id, agency_code as agency, available_at as since from consignment
        where ${OPEN} and state = 'HELD' order by available_at limit $1`,
      values: [limit],
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
