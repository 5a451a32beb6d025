import { existsSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { BusError } from '../../libs/errors/index.ts'
import { endBackends } from './end-backends.ts'
import { type LaunchOptions, launch } from './launch.ts'
import type { Cluster } from './make-cluster.ts'
import { endProcess, identify, isAlive, type ProcessIdentity } from './process-identity.ts'

/** Starts the cluster on a port of 127.0.0.1, without a socket file; every connection needs its password. */
export async function startPostgres(
  { home, data, ...owner }: Cluster,
  port: number,
  life: LaunchOptions['life'],
  onStarted?: LaunchOptions['onStarted'],
): Promise<ProcessIdentity> {
  await endCluster({ home, data, ...owner })
  const log = join(home, 'postgres.log')
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=']
  const args = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])]
  // SIGINT is PostgreSQL's fast shutdown: sessions are ended, the last checkpoint is written.
  const postmaster = await launch({ program: 'postgres', args, log, life, lastSignal: 'INT', owner, onStarted })
  await untilReady({ home, data }, postmaster)
  return postmaster
}

/** Waits until a postmaster takes connections. @throws BusError LT_CONF_SERVER_FAILED when it ends first */
export async function untilReady({ home, data }: Cluster, postmaster: ProcessIdentity): Promise<void> {
  const log = join(home, 'postgres.log')
  while (!isReady(data)) {
    if (!isAlive(postmaster)) throw new BusError('LT_CONF_SERVER_FAILED', { server: 'postgres', log })
    await sleep(25)
  }
}

/** The eighth line of the pid file says how far the start is; recovery after a crash may take its time. */
function isReady(data: string): boolean {
  const file = join(data, 'postmaster.pid')
  return existsSync(file) && readFileSync(file, 'utf8').split('\n')[7]?.trim() === 'ready'
}

/**
 * Stops whatever serves this cluster. A pid file that names a zombie or a stranger is removed: PostgreSQL would refuse to
 * start for ever.
 */
export async function endCluster(cluster: Cluster): Promise<void> {
  const postmaster = runningPostmaster(cluster)
  if (postmaster) await endProcess(postmaster, 'SIGINT', 60_000)
  if (pidInFile(cluster) < 0) return
  await endBackends(realpathSync(cluster.data))
  rmSync(join(cluster.data, 'postmaster.pid'), { force: true })
}

/** The postmaster of this very cluster, if it runs. */
export function runningPostmaster(cluster: Cluster): ProcessIdentity | undefined {
  const pid = pidInFile(cluster)
  const identity = identify(pid)
  return identity && commandLine(pid).includes(cluster.data) ? identity : undefined
}

function pidInFile(cluster: Cluster): number {
  try {
    return Number.parseInt(readFileSync(join(cluster.data, 'postmaster.pid'), 'utf8'), 10) || -1
  } catch {
    return -1 // no pid file: nothing runs
  }
}

function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}
