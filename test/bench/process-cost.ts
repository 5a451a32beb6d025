import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

/** Clock ticks of /proc are hundredths of a second on every Linux. */
const MS_PER_TICK = 10

/** CPU that a process has used until now, in milliseconds; with `family`, all below it too, ended ones included. */
export function cpuMs(pid: number, family = false): number {
  const fields = statOf(pid)
  if (!fields) return 0
  const at = (index: number): number => Number(fields[index - 3])
  const own = at(14) + at(15)
  if (!family) return own * MS_PER_TICK
  const ended = at(16) + at(17)
  return (own + ended) * MS_PER_TICK + childrenOf(pid).reduce((sum, child) => sum + cpuMs(child, true), 0)
}

/** Memory that a process holds now, in MB. */
export function rssMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024
}

/** Mean number of processes that ran or wanted to, over the last minute. */
export function loadAverage(): number {
  return Number(read('/proc/loadavg').split(' ')[0] ?? 0)
}

/** CPU time of the whole machine that was not idle, in milliseconds: what others used shows in the difference to our own. */
export function machineBusyMs(): number {
  const fields = (read('/proc/stat').split('\n', 1)[0] ?? '').trim().split(/\s+/).slice(1).map(Number)
  const idle = (fields[3] ?? 0) + (fields[4] ?? 0)
  return (fields.slice(0, 8).reduce((sum, value) => sum + value, 0) - idle) * MS_PER_TICK
}

/** Waits until the machine has been four fifths idle for three seconds, at most `ms`. Answers whether it was. */
export async function quietMachine(ms: number): Promise<boolean> {
  const end = performance.now() + ms
  for (let quiet = 0; performance.now() < end; ) {
    const [busy, began] = [machineBusyMs(), performance.now()]
    await sleep(1000)
    const share = (machineBusyMs() - busy) / (performance.now() - began) / availableParallelism()
    quiet = share < 0.2 ? quiet + 1 : 0
    if (quiet === 3) return true
  }
  return false
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((other) => Number(statOf(other)?.[1]) === pid)
}

/** Fields from the third on: the name before may hold anything. */
function statOf(pid: number): string[] | undefined {
  const stat = read(`/proc/${pid}/stat`)
  return stat ? stat.slice(stat.lastIndexOf(')') + 2).split(' ') : undefined
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // the process has ended
  }
}
