import type { Folders } from './folders.ts'
import { clusterOf } from './make-cluster.ts'
import { endCluster, runningPostmaster } from './postgres.ts'
import { endProcess, isAlive } from './process-identity.ts'
import { readState, SERVERS, type ServerName, writeState } from './state.ts'

/** Stops what `startServers` started here, and nothing else. Data stays. Answers what was stopped. */
export async function stopServers(folders: Folders): Promise<ServerName[]> {
  const state = readState(folders.state)
  if (!state) return []
  const stopped: ServerName[] = []
  for (const name of SERVERS) {
    const identity = state.processes[name]
    if (isAlive(identity)) {
      if (name === 'postgres' && runningPostmaster(clusterOf(folders))) await endCluster(clusterOf(folders))
      else await endProcess(identity)
      stopped.push(name)
    }
    delete state.processes[name]
  }
  writeState(folders.state, state)
  return stopped
}
