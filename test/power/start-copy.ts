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
    return await lookFor(run.url(port), blobs, dispatches)
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

/** Each of the dispatches has its row; and fsck, which reads every row, entry and byte, finds nothing of anything that it reports as lost. */
async function lookFor(url: string, blobDir: string, dispatches: readonly string[]): Promise<string[]> {
  const pool = openPool(url, { name: 'power', max: 2 })
  try {
    const { rows } = await pool.query<{ id: string }>('select id from dispatch where id = any($1)', [dispatches])
    const found = new Set(rows.map(({ id }) => id))
    const missing = dispatches.filter((id) => !found.has(id)).map((id) => `${id}: no row`)
    const blobs = await openBlobStore({ dir: blobDir })
    const counts = { dispatches: 0, entries: 0, leaves: 0, files: 0 }
    // Nothing routes or sequences here: what waits for that is no fault.
    const fsck = { pool, blobs, systems: [], content: true, graceSeconds: 3_600, counts }
    for await (const { kind, id, severity, what, expected, found: instead } of runFsck(fsck))
      if (severity === 'critical' || severity === 'error')
        missing.push(`${id}: ${kind}, ${what}: ${expected} expected, ${instead} found`)
    if (counts.dispatches < dispatches.length || counts.entries < dispatches.length)
      missing.push(`fsck saw ${counts.dispatches} dispatches and ${counts.entries} entries of ${dispatches.length}`)
    return missing
  } finally {
    await pool.end()
  }
}
