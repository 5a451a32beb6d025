import type { Pool } from '../../../libs/store/index.ts'

export const STUCK_KINDS = ['unrouted', 'overdue', 'lease', 'dead', 'unsequenced'] as const
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
  /** Items of one kind at most. */
  readonly limit: number
}

const QUERIES: Readonly<Record<StuckKind, string>> = {
  unrouted: `select id, sender_code as agency, accepted_at as since from dispatch
    where state = 'ACCEPTED' and accepted_at < now() - make_interval(secs => $1) and $2::float is not null
    order by accepted_at limit $3`,
  overdue: `select id, agency_code as agency, available_at as since from consignment
    where state in ('AVAILABLE', 'QUEUED', 'RETRYING') and available_at < now() - make_interval(secs => $2 * 3600) and $1::float is not null
    order by available_at limit $3`,
  lease: `select id, agency_code as agency, lease_until as since from consignment
    where state = 'HANDED_OVER' and lease_until < now() and $1::float is not null and $2::float is not null
    order by lease_until limit $3`,
  dead: `select id, agency_code as agency, ended_at as since from consignment
    where state = 'DEAD' and $1::float is not null and $2::float is not null order by ended_at limit $3`,
  unsequenced: `select e.id, '' as agency, e.event_time as since from audit_pending p join audit_entry e on e.id = p.entry_id
    where e.event_time < now() - make_interval(secs => $1) and $2::float is not null order by p.seq limit $3`,
}

/** What does not move although it should, oldest first, by kind. */
export async function findStuck(pool: Pool, { moveSeconds, overdueHours, limit }: StuckQuestion): Promise<StuckItem[]> {
  const found: StuckItem[] = []
  for (const kind of STUCK_KINDS) {
    const { rows } = await pool.query<Omit<StuckItem, 'kind'>>(QUERIES[kind], [moveSeconds, overdueHours, limit])
    found.push(...rows.map((row) => ({ kind, ...row })))
  }
  return found
}
