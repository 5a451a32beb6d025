import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** A process of ours, told apart from a later one that got the same number. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it was started, in whatever form the system tells. */
  readonly started: string
}

/** Who runs under `pid` now; `undefined` when nobody (or only a zombie) does. */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : { pid, started: String(fields[19]) }
  } catch {
    if (process.platform === 'linux') return undefined
  }
  try {
    const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()
    return started ? { pid, started } : undefined
  } catch {
    return undefined // ps ends with 1 when there is no such process
  }
}

export function isAlive(identity: ProcessIdentity | undefined): identity is ProcessIdentity {
  return identity !== undefined && identify(identity.pid)?.started === identity.started
}

/** Sends `signal` and waits until the process is gone; after `patienceMs` it is killed. Never touches another process. */
export async function endProcess(
  identity: ProcessIdentity,
  signal: NodeJS.Signals = 'SIGTERM',
  patienceMs = 10_000,
): Promise<void> {
  if (!isAlive(identity)) return
  process.kill(identity.pid, signal)
  const deadline = Date.now() + patienceMs
  while (isAlive(identity)) {
    if (Date.now() > deadline) process.kill(identity.pid, 'SIGKILL')
    await sleep(20)
  }
}
