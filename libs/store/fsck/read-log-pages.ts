import type { Queryable } from '../pool.ts'

/** One audit entry with all that its hashes are made of, and where it stands in the log. */
export interface CheckedEntry {
  readonly id: string
  readonly event: string
  readonly event_time: Date
  readonly details_digest: Buffer
  readonly leaf_hash: Buffer
  /** `null` where the details were deleted, as they may be. */
  readonly salt: Buffer | null
  readonly details: string | null
  /** The hash its place in the log holds; `null` without a place. */
  readonly logged_hash: Buffer | null
  /** How often it waits for a place. */
  readonly waiting: number
}

/** Entries from `after` to `before` (both left out), in the order of their ids. */
export async function readEntryPage(
  database: Queryable,
  range: { readonly after: string; readonly before: string },
  limit: number,
): Promise<CheckedEntry[]> {
  const { rows } = await database.query<CheckedEntry>(
    `select e.id, e.event, e.event_time, e.details_digest, e.leaf_hash, d.salt, d.details, l.leaf_hash as logged_hash,
        (select count(*) from audit_pending p where p.entry_id = e.id)::int as waiting
      from (select * from audit_entry where id > $1 and id < $2 order by id limit $3) e
      left join lateral (select salt, details from audit_detail d where d.entry_id = e.id offset 0) d on true
      left join lateral (select leaf_hash from log_leaf l where l.entry_id = e.id offset 0) l on true
      order by e.id`,
    [range.after, range.before, limit],
  )
  return rows
}

/** One place of the log. */
export interface CheckedLeaf {
  readonly epoch: number
  readonly index: number
  readonly entry_id: string
  /** Whether the entry is there. */
  readonly known: boolean
}

/** Places of the log behind one, in order. */
export async function readLeafPage(
  database: Queryable,
  after: { readonly epoch: number; readonly index: number },
  limit: number,
): Promise<CheckedLeaf[]> {
  const { rows } = await database.query<CheckedLeaf>(
    `select l.*, e.id is not null as known
      from (select epoch, index, entry_id from log_leaf where (epoch, index) > ($1, $2) order by epoch, index limit $3) l
      left join lateral (select id from audit_entry e where e.id = l.entry_id offset 0) e on true
      order by l.epoch, l.index`,
    [after.epoch, after.index, limit],
  )
  return rows
}

/** Entries that wait for a place although there are none, or under a hash that is not theirs. */
export async function findFalsePending(database: Queryable, limit: number): Promise<{ id: string; known: boolean }[]> {
  const { rows } = await database.query<{ id: string; known: boolean }>(
    `select p.entry_id as id, e.id is not null as known from audit_pending p
      left join lateral (select id, leaf_hash from audit_entry e where e.id = p.entry_id offset 0) e on true
      where e.id is null or e.leaf_hash <> p.leaf_hash order by p.seq limit $1`,
    [limit],
  )
  return rows
}
