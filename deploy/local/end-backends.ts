import { setTimeout as sleep } from 'node:timers/promises'
import { endProcess, identify } from './process-identity.ts'
import { processesIn } from './processes-in.ts'

/**
 * Waits for the backends of a postmaster that died: they notice by themselves, and are killed after 10 s. A new postmaster
 * beside an old backend would ruin the data. PostgreSQL guards against it by the pid file, which a zombie can block for ever.
 * Every process of PostgreSQL works in its data folder; where there is no /proc, PostgreSQL's own guard has to do.
 */
export async function endBackends(data: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < 10_000 && processesIn(data).length > 0; waitedMs += 50) await sleep(50)
  for (const pid of processesIn(data)) {
    const identity = identify(pid)
    if (identity) await endProcess(identity, 'SIGKILL')
  }
}
