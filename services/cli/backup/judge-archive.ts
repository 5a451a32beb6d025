import type { WalStatus } from '../../../libs/store/index.ts'

/** Whether the archive of the write-ahead log can be relied on. `failing`: the newest attempt did not succeed. */
export type ArchiveVerdict = 'good' | 'off' | 'failing' | 'nothing-yet'

/** What to think of an archive. */
export function judgeArchive({
  archive_mode,
  last_archived_at,
  last_failed_at,
}: Pick<WalStatus, 'archive_mode' | 'last_archived_at' | 'last_failed_at'>): ArchiveVerdict {
  if (archive_mode === 'off') return 'off'
  if (last_failed_at && (!last_archived_at || last_failed_at > last_archived_at)) return 'failing'
  return last_archived_at ? 'good' : 'nothing-yet'
}
