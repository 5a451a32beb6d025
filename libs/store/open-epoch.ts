import { auditCtes } from './audit-sql.ts'
import type { Queryable } from './pool.ts'

/** The hashes of one epoch's leaves in their order, from `index` on. */
export async function readLeafHashes(
  database: Queryable,
  epoch: number,
  index: number,
  limit: number,
): Promise<Buffer[]> {
  const { rows } = await database.query<{ leaf_hash: Buffer }>(
    'select leaf_hash from log_leaf where epoch = $1 and index >= $2 order by index limit $3',
    [epoch, index, limit],
  )
  return rows.map(({ leaf_hash }) => leaf_hash)
}

export interface NewEpoch {
  readonly epoch: number
  readonly origin: string
  /** The entry that becomes leaf 0, sealed (`AuditParameter` fields); `owner` is its own id. */
  readonly entry: { readonly owner: string; readonly id: string; readonly leaf_hash: string }
  /** The epoch it follows, and its size: the statement does nothing where the log has moved since they were read. */
  readonly after: { readonly epoch: number; readonly nextIndex: number }
}

/**
 * Opens a new epoch of the log after a restore: its origin and entry 0, in one statement, while nobody sequences. Entries that wait in
 * `audit_pending` follow in the new epoch. `busy`: a sequencer leads; `moved`: the log is not where `after` says. Rights of the owner.
 */
export async function openEpoch(database: Queryable, { epoch, origin, entry, after }: NewEpoch): Promise<EpochOutcome> {
  // An old copy has no partition for the entry of today.
  await database.query(`select ensure_partitions(now() - interval '1 month', 3)`)
  const { rows } = await database.query<{ free: boolean; opened: number }>(
    `with alone as materialized (select pg_try_advisory_xact_lock(hashtext('lienthong.sequencer')) as free),
      opened as (
        insert into log_origin (epoch, origin) select $1, $2 from alone where free
          and $5 = (select max(epoch) from log_origin)
          and $6 = (select coalesce(max(index) + 1, 0) from log_leaf where epoch = $5)
        returning $3::uuid as id
      ), ${auditCtes('$4', 'opened').replace(/, audit_queue as \([\s\S]*$/, '')}, leaf as (
        insert into log_leaf (epoch, index, entry_id, leaf_hash) select $1, 0, id, decode(leaf_hash, 'hex') from audit_rows
      )
      select free, (select count(*) from opened) as opened from alone`,
    [epoch, origin, entry.owner, JSON.stringify([entry]), after.epoch, after.nextIndex],
  )
  const row = rows[0]
  if (!row?.free) return 'busy'
  return row.opened === 1 ? 'opened' : 'moved'
}
export type EpochOutcome = 'opened' | 'busy' | 'moved'
