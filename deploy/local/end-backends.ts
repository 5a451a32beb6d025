import { readdirSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { endProcess, identify } from './process-identity.ts'

/**
 * Waits for the backends of a postmaster that died: they notice by themselves, and are killed after 10 s. A new postmaster
 * beside an old backend would ruin the data. PostgreSQL guards against it by the pid file, which a zombie can block for ever.
 */
export async function endBackends(data: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < 10_000 && workingIn(data).length > 0; waitedMs += 50) await sleep(50)
  for (const pid of workingIn(data)) {
    const identity = identify(pid)
    if (identity) await endProcess(identity, 'SIGKILL')
  }
}

/** Processes whose working folder is `data`: every process of PostgreSQL works in its data folder. */
function workingIn(data: string): number[] {
  try {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    return pids.map(Number).filter((pid) => folderOf(pid) === data)
  } catch {
    return [] // no /proc: PostgreSQL's own guard has to do
  }
}

function folderOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return undefined // ended meanwhile, a zombie, or not ours to look into
  }
}
