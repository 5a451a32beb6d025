import type { Queryable } from './pool.ts'

/** How far the write-ahead log was archived. Times are of the database's clock. */
export interface WalStatus {
  /** `off`, `on` or `always`. */
  readonly archive_mode: string
  readonly position: string
  /** The segment that is written to now. */
  readonly segment: string
  readonly archived_count: number
  readonly last_archived: string | null
  readonly last_archived_at: Date | null
  readonly failed_count: number
  readonly last_failed: string | null
  readonly last_failed_at: Date | null
  /** Standbys that are connected: `sync`, `quorum`, `potential` or `async` each; hidden ones are left out. */
  readonly standbys: readonly string[]
}

/** What PostgreSQL says of its archive and its standbys. */
export async function readWalStatus(database: Queryable): Promise<WalStatus> {
  const { rows } = await database.query<WalStatus>(
    `select current_setting('archive_mode') as archive_mode, pg_current_wal_lsn()::text as position,
       pg_walfile_name(pg_current_wal_lsn()) as segment, archived_count, last_archived_wal as last_archived,
       last_archived_time as last_archived_at, failed_count, last_failed_wal as last_failed, last_failed_time as last_failed_at,
       coalesce((select json_agg(sync_state) from pg_stat_replication where sync_state is not null), '[]') as standbys
     from pg_stat_archiver`,
  )
  if (!rows[0]) throw new Error('the server says nothing of its archive')
  return rows[0]
}
