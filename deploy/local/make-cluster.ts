import { execFile } from 'node:child_process'
import {
  chownSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { BusError } from '../../libs/errors/index.ts'
import { type ClusterOwner, clusterOwner } from './cluster-owner.ts'
import { findProgram } from './find-program.ts'
import { clusterHome, type Folders, PROJECT } from './folders.ts'

const run = promisify(execFile)

export interface Cluster extends ClusterOwner {
  /** Folder that holds `data`, the log and the settings; belongs to the cluster's user. */
  readonly home: string
  readonly data: string
}

/**
 * The private cluster, made when it is not there. Made beside its place and renamed, so that an interrupted run leaves
 * nothing that looks finished.
 * @throws BusError LT_CONF_SERVER_FAILED, LT_CONF_PROGRAM_MISSING
 */
export async function makeCluster(folders: Folders, superuserPassword: string): Promise<Cluster> {
  const cluster = placeOf(folders)
  copyFileSync(join(PROJECT, 'deploy/postgres/postgresql.conf'), join(cluster.home, 'lienthong.conf'))
  give(cluster, join(cluster.home, 'lienthong.conf'))
  if (existsSync(join(cluster.data, 'PG_VERSION'))) return cluster
  const fresh = `${cluster.data}.new`
  const passwordFile = join(cluster.home, 'initdb-password')
  rmSync(fresh, { recursive: true, force: true })
  writeFileSync(passwordFile, superuserPassword, { mode: 0o600 })
  give(cluster, passwordFile)
  try {
    const args = ['-D', fresh, '-U', 'postgres', '--pwfile', passwordFile, '--auth=scram-sha-256', '--data-checksums']
    await run(findProgram('initdb') ?? 'initdb', [...args, '--encoding=UTF8', '--locale=C.UTF-8'], {
      ...cluster,
      cwd: '/',
    })
  } catch (cause) {
    throw new BusError('LT_CONF_SERVER_FAILED', { server: 'initdb', log: cluster.home }, { cause })
  } finally {
    rmSync(passwordFile, { force: true })
  }
  const settings = join(fresh, 'postgresql.conf')
  writeFileSync(settings, `${readFileSync(settings, 'utf8')}\ninclude '../lienthong.conf'\n`)
  renameSync(fresh, cluster.data)
  return cluster
}

/** Where the cluster lies, without making it. */
export function clusterOf(folders: Folders): Cluster {
  const owner = clusterOwner()
  const home = owner.uid === undefined ? folders.postgres : clusterHome(folders.base)
  return { ...owner, home, data: join(home, 'data') }
}

function placeOf(folders: Folders): Cluster {
  const cluster = clusterOf(folders)
  if (existsSync(cluster.home)) refuseStranger(cluster)
  else mkdirSync(cluster.home, { recursive: true, mode: 0o700 })
  give(cluster, cluster.home)
  if (cluster.uid !== undefined && !isLink(folders.postgres)) symlinkSync(cluster.home, folders.postgres)
  return cluster
}

/** Removes a cluster that no state knows any more: without its passwords nobody can enter it. It must not be running. */
export function removeCluster(folders: Folders): boolean {
  const cluster = clusterOf(folders)
  rmSync(folders.postgres, { recursive: true, force: true })
  if (!existsSync(cluster.home)) return false
  refuseStranger(cluster)
  rmSync(cluster.home, { recursive: true })
  return true
}

/** /var/tmp is open to all: a folder that somebody else put there is not ours. Ours: the cluster's, or made by us a moment ago. */
function refuseStranger({ home, uid }: Cluster): void {
  const found = lstatSync(home)
  const ours = found.uid === uid || found.uid === process.getuid?.()
  if (!found.isDirectory() || !ours) throw new BusError('LT_CONF_SERVER_FAILED', { server: 'initdb', log: home })
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
}

function give({ uid, gid }: ClusterOwner, path: string): void {
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid)
}
