import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { clusterOwner } from '../../deploy/local/cluster-owner.ts'
import { startPostgres } from '../../deploy/local/postgres.ts'
import { endProcess } from '../../deploy/local/process-identity.ts'
import { openBlobStore } from '../../libs/blobs/index.ts'
import { openConnection } from '../../libs/store/index.ts'
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

async function lookFor(url: string, blobDir: string, dispatches: readonly string[]): Promise<string[]> {
  const missing: string[] = []
  const connection = await openConnection(url, 'power')
  try {
    const blobs = await openBlobStore({ dir: blobDir })
    const { rows } = await connection.query<{ id: string; receipts: number; entries: number }>(
      `select d.id, (select count(*)::int from receipt r where r.dispatch_id = d.id) as receipts,
        (select count(*)::int from audit_entry e where e.dispatch_id = d.id) as entries from dispatch d`,
    )
    const found = new Map(rows.map((row) => [row.id, row]))
    for (const id of dispatches) {
      const row = found.get(id)
      if (!row) missing.push(`${id}: no row`)
      else if (row.receipts === 0 || row.entries === 0) missing.push(`${id}: no receipt or no entry`)
    }
    const parts = await connection.query<{
      dispatch_id: string
      path: string | null
      bytes: Buffer | null
      sha256: Buffer
    }>(
      'select dispatch_id, path, bytes, sha256 from content where dispatch_id = any($1) and num_nonnulls(path, bytes) = 1',
      [dispatches],
    )
    for (const { dispatch_id: id, path, bytes, sha256 } of parts.rows) {
      const fault = path === null ? digestFault(bytes, sha256) : await readFault(() => blobs.read(path))
      if (fault) missing.push(`${id}: ${fault}`)
    }
  } finally {
    await connection.end()
  }
  return missing
}

function digestFault(bytes: Buffer | null, sha256: Buffer): string | undefined {
  const same = bytes !== null && createHash('sha256').update(bytes).digest().equals(sha256)
  return same ? undefined : 'other bytes in a row'
}

/** The store checks a whole read against the digest in the path. */
async function readFault(open: () => AsyncIterable<unknown>): Promise<string | undefined> {
  try {
    for await (const _ of open());
    return undefined
  } catch (error) {
    return String(error)
  }
}
