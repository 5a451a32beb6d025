import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { clusterOwner } from '../../deploy/local/cluster-owner.ts'
import { startPostgres } from '../../deploy/local/postgres.ts'
import { endProcess } from '../../deploy/local/process-identity.ts'
import { openBlobStore } from '../../libs/blobs/index.ts'
import { openPool } from '../../libs/store/index.ts'
import { runFsck } from '../../services/cli/operate/fsck/run-fsck.ts'
import { freePort } from '../harness/harness.ts'
import type { RecordedRun } from './record-run.ts'

/** What a machine would find after the power came back. */
export interface Remains {
  /** Bytes left of each file, by path. */
  readonly disk: ReadonlyMap<string, number>
  readonly segment: string
  readonly wal: Buffer
}

/**
 * Rebuilds content folder and cluster as they lie on the disk after the loss, really starts PostgreSQL on them, and looks for each
 * of the dispatches as the services would. Answers what is missing.
 */
export async function startCopy(run: RecordedRun, remains: Remains, dispatches: readonly string[]): Promise<string[]> {
  const home = join(run.folder, 'copy')
  rmSync(home, { recursive: true, force: true })
  execFileSync('cp', ['-a', run.base, home])
  writeFileSync(join(home, 'data/pg_wal', remains.segment), remains.wal)
  const blobs = join(run.folder, 'blobs')
  rmSync(blobs, { recursive: true, force: true })
  rebuildContent(run, remains.disk, blobs)
  const port = await freePort()
  const postmaster = await startPostgres({ home, data: join(home, 'data'), ...clusterOwner() }, port, 'own')
  try {
    return await lookFor(run, run.url(port), blobs, dispatches)
  } finally {
    await endProcess(postmaster, 'SIGKILL')
  }
}

function rebuildContent({ blobDir }: RecordedRun, disk: ReadonlyMap<string, number>, target: string): void {
  mkdirSync(target)
  for (const [path, bytes] of disk) {
    const place = join(target, path.slice(blobDir.length))
    mkdirSync(dirname(place), { recursive: true })
    // A file that was still on its way in has no name in the end; nobody looks into it.
    if (path.includes('/incoming/')) writeFileSync(place, Buffer.alloc(bytes))
    else {
      copyFileSync(path, place)
      truncateSync(place, bytes)
    }
  }
}

/**
 * Each of the dispatches has its row and all its parts; and fsck, which looks at every row, entry and byte, saw all of them and finds
 * nothing wrong that it reports as lost or damaged.
 */
async function lookFor(
  { parts }: RecordedRun,
  url: string,
  blobDir: string,
  dispatches: readonly string[],
): Promise<string[]> {
  const pool = openPool(url, { name: 'power', max: 2 })
  try {
    const { rows } = await pool.query<{ id: string; parts: number; files: number }>(
      `select d.id, count(c.dispatch_id)::int as parts, count(c.path)::int as files
       from dispatch d left join content c on c.dispatch_id = d.id group by d.id`,
    )
    const found = new Map(rows.map((row) => [row.id, row]))
    const missing = dispatches.flatMap((id) => {
      const [row, wanted] = [found.get(id), parts.get(id) ?? 0]
      if (!row) return `${id}: no row`
      return row.parts === wanted && wanted > 0 ? [] : `${id}: ${row.parts} of ${wanted} parts`
    })
    const blobs = await openBlobStore({ dir: blobDir })
    const counts = { dispatches: 0, entries: 0, leaves: 0, files: 0 }
    // Nothing routes or sequences here: what waits for that is no fault.
    const fsck = { pool, blobs, systems: [], content: true, graceSeconds: 3_600, counts }
    for await (const { kind, id, severity, what, expected, found: instead } of runFsck(fsck))
      if (severity === 'critical' || severity === 'error')
        missing.push(`${id}: fsck: ${kind}, ${what}: ${expected} expected, ${instead} found`)
    const files = rows.reduce((sum, row) => sum + row.files, 0)
    if (counts.dispatches !== rows.length || counts.files !== files || counts.entries < rows.length)
      missing.push(`fsck saw ${counts.dispatches} of ${rows.length} dispatches, ${counts.files} of ${files} files`)
    return missing
  } finally {
    await pool.end()
  }
}
