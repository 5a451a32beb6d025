import { chownSync, copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { foldersOf, PROJECT } from '../../deploy/local/folders.ts'
import { type Cluster, clusterOf, removeCluster } from '../../deploy/local/make-cluster.ts'
import { endCluster } from '../../deploy/local/postgres.ts'
import type { Teardown } from './teardown.ts'

/** Where another cluster may lie that a test makes itself (a copy, a standby); its `data` does not exist yet. Ended and removed at the end. */
export function clusterPlace(t: Teardown): Cluster {
  const folders = foldersOf(mkdtempSync(join(tmpdir(), 'lt-place-')))
  const cluster = clusterOf(folders)
  mkdirSync(cluster.home, { recursive: true, mode: 0o700 })
  copyFileSync(join(PROJECT, 'deploy/postgres/postgresql.conf'), join(cluster.home, 'lienthong.conf'))
  if (cluster.uid !== undefined && cluster.gid !== undefined) {
    chownSync(cluster.home, cluster.uid, cluster.gid)
    chownSync(join(cluster.home, 'lienthong.conf'), cluster.uid, cluster.gid)
  }
  t.teardown(async () => {
    await endCluster(cluster)
    removeCluster(folders)
    rmSync(folders.base, { recursive: true, force: true })
  })
  return cluster
}

/** A folder PostgreSQL may write to, for its archive. */
export function archiveFolder(t: Teardown, { uid, gid }: Pick<Cluster, 'uid' | 'gid'>): string {
  const folder = mkdtempSync(join(tmpdir(), 'lt-wal-'))
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid)
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
