import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { foldersOf, makeFolders } from '../../deploy/local/folders.ts'
import { clusterOf, makeCluster, removeCluster } from '../../deploy/local/make-cluster.ts'
import { endCluster, startPostgres } from '../../deploy/local/postgres.ts'
import { endProcess, identify } from '../../deploy/local/process-identity.ts'
import type { ServiceRole } from '../../deploy/local/role.ts'
import { DATABASE, databaseUrl, makeDatabase, makeRoles } from '../../deploy/local/start-servers.ts'
import { newState } from '../../deploy/local/state.ts'
import { migrate } from '../../libs/store/index.ts'
import type { Teardown } from './teardown.ts'
import { controlServer, type ServerControl } from './test-server.ts'

export interface PrivateCluster extends Omit<ServerControl, 'wipe'> {
  /** With the role of that service, on a migrated database. */
  url(role: ServiceRole | 'owner' | 'backup' | 'postgres'): string
  /** The postmaster and everything it has started. */
  readonly processes: readonly number[]
}

/** A PostgreSQL cluster of its own, for tests that stop or kill it; takes two seconds, so others share one. */
export async function startPrivateCluster(t: Teardown): Promise<PrivateCluster> {
  const folders = foldersOf(mkdtempSync(join(tmpdir(), 'lt-cluster-')))
  makeFolders(folders)
  const state = await newState()
  const cluster = await makeCluster(folders, state.passwords.postgres)
  const control = await controlServer(state.ports.postgres, cluster.data, () =>
    startPostgres(cluster, state.ports.postgres, 'own'),
  )
  const stop = (): Promise<void> => endCluster(clusterOf(folders))
  const kill = (): Promise<void> => killTree(control.pid)
  t.teardown(async () => {
    await kill()
    removeCluster(folders)
    rmSync(folders.base, { recursive: true, force: true })
  })
  await makeRoles(state)
  await makeDatabase(state)
  await migrate(databaseUrl(state, 'owner'))
  const { start, freeze, resume } = control
  return {
    port: control.port,
    get pid() {
      return control.pid
    },
    get running() {
      return control.running
    },
    start,
    stop,
    kill,
    async restart() {
      await stop()
      await start()
    },
    freeze,
    resume,
    url: (role) => databaseUrl(state, role, DATABASE),
    get processes() {
      return [control.pid, ...childrenOf(control.pid)]
    },
  }
}

/** `kill -9` of the postmaster and every backend, as when the power goes; the kernel's page cache survives. */
async function killTree(pid: number): Promise<void> {
  const processes = [pid, ...childrenOf(pid)].map(identify)
  for (const each of processes) if (each) await endProcess(each, 'SIGKILL')
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
  } catch {
    return [] // already gone
  }
}
