import { type ExecFileSyncOptionsWithStringEncoding, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { findProgram } from '../../deploy/local/find-program.ts'

const PAGE = 8192
const PAGE_HEADER = 24
const SEGMENT = 16 * 1024 * 1024

/** Where the record of a commit lies in its segment, in bytes. */
export interface CommitRecord {
  readonly begin: number
  readonly end: number
}

/** The commits in one segment of a write-ahead log, by transaction, as `pg_waldump` reads them. */
export function readCommits(walFolder: string, segment: string): Map<number, CommitRecord> {
  const commits = new Map<number, CommitRecord>()
  for (const line of dump(join(walFolder, segment)).split('\n')) {
    const found = /len \(rec\/tot\):\s*\d+\/\s*(\d+), tx:\s*(\d+), lsn: [0-9A-F]+\/([0-9A-F]+),.*COMMIT/.exec(line)
    if (!found) continue
    const begin = Number.parseInt(found[3] ?? '', 16) % SEGMENT
    commits.set(Number(found[2]), { begin, end: endOf(begin, Number(found[1])) })
  }
  return commits
}

/** A record that reaches into the next page has that page's header in it. */
function endOf(begin: number, size: number): number {
  let [at, left] = [begin, size]
  for (;;) {
    const room = PAGE - (at % PAGE)
    if (left <= room) return at + left
    left -= room
    at += room + PAGE_HEADER
  }
}

function dump(file: string): string {
  const options: ExecFileSyncOptionsWithStringEncoding = {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  }
  try {
    return execFileSync(findProgram('pg_waldump') ?? 'pg_waldump', ['--rmgr=Transaction', file], options)
  } catch (error) {
    // It ends with an error where the log ends, after all records.
    const { stdout } = error as { stdout?: string }
    if (!stdout) throw error
    return stdout
  }
}
