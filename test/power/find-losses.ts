import type { CommitRecord } from './commit-records.ts'
import type { RecordedRun } from './record-run.ts'
import type { Remains } from './start-copy.ts'

export interface Promised {
  /** Commits by transaction. */
  readonly commits: ReadonlyMap<number, CommitRecord>
  /** The log's segment at the end of the run. */
  readonly after: Buffer
  /** Dispatches whose answer had left. */
  readonly answered: readonly string[]
}

/** What is missing of documents that were answered: a file that is not there whole, a commit that is not in the log. */
export function findLosses(
  run: Pick<RecordedRun, 'files' | 'blobDir' | 'transactions'>,
  { disk, wal }: Pick<Remains, 'disk' | 'wal'>,
  { commits, after, answered }: Promised,
): string[] {
  const good = sameUntil(wal, after)
  const wanted = new Set(answered)
  const losses: string[] = []
  for (const { dispatch, path, size } of run.files) {
    const left = disk.get(`${run.blobDir}/${path}`)
    if (wanted.has(dispatch) && left !== size)
      losses.push(`${dispatch}: ${left ?? 'nothing'} of ${size} bytes of ${path}`)
  }
  for (const dispatch of answered) {
    const commit = commits.get(run.transactions.get(dispatch) ?? -1)
    // Recovery stops at the first record that is not whole: what lies behind it is gone.
    if (!commit || commit.end > good) losses.push(`${dispatch}: its commit is not in the log`)
  }
  return losses
}

const STEP = 4096

/** How many bytes from the beginning are the same. */
function sameUntil(a: Buffer, b: Buffer): number {
  let at = 0
  while (at < a.length && a.compare(b, at, at + STEP, at, at + STEP) === 0) at += STEP
  while (at < a.length && a[at] === b[at]) at += 1
  return Math.min(at, a.length)
}
