import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { BenchAxis } from './bench-axis.ts'
import type { LoadOrder, PhaseOrder, PhaseResult } from './drive-load.ts'
import { cpuMs, loadAverage, machineBusyMs, rssMb } from './process-cost.ts'

/** One phase with what it cost beside what it did. */
export interface MeasuredPhase extends PhaseResult {
  /** CPU by process within the window, milliseconds. `elsewhere`: what the rest of the machine used. */
  readonly cpuMs: Readonly<Record<string, number>>
  /** Memory by process, MB: at the window's begin, and the most that was seen until its end. */
  readonly rss: Readonly<Record<string, { begin: number; peak: number }>>
  readonly loadAverage: number
}

const OURS = ['gateway', 'routing', 'audit', 'receipts'] as const

/** The process that plays senders and receivers, and what is measured around it. */
export class LoadRun implements Disposable {
  readonly #child: ChildProcess
  readonly #pids: Readonly<Record<string, number>>
  /** Nothing in it when the process has ended. */
  readonly #ended: Promise<unknown[]>

  private constructor(child: ChildProcess, pids: Readonly<Record<string, number>>) {
    this.#child = child
    this.#pids = { ...pids, load: child.pid as number }
    this.#ended = once(child, 'exit').then(() => [])
  }

  static async start(axis: BenchAxis, files: readonly string[], connections: number): Promise<LoadRun> {
    const child = fork(join(import.meta.dirname, 'drive-load.ts'), { execArgv: ['--import=tsx'] })
    const [sender, ...receivers] = await Promise.all(
      axis.systems.map(async ({ systemCode }) => ({ token: await axis.token(systemCode) })),
    )
    const load: LoadOrder = { port: axis.port, files, sender: sender as { token: string }, receivers }
    child.send({ load, connections })
    return new LoadRun(child, axis.pids)
  }

  async phase(order: PhaseOrder): Promise<MeasuredPhase> {
    let begin: Snapshot | undefined
    let used: Record<string, number> = {}
    const rss: Record<string, { begin: number; peak: number }> = {}
    const look = (): void => {
      for (const name of OURS) {
        const now = rssMb(this.#pids[name] as number)
        const known = rss[name] ?? { begin: now, peak: now }
        rss[name] = { ...known, peak: Math.max(known.peak, now) }
      }
    }
    const timer = setInterval(() => begin && look(), 250)
    this.#child.send({ phase: order })
    try {
      for (;;) {
        const [message] = (await this.#heard()) as [{ mark?: 'begin' | 'end'; result?: PhaseResult }]
        if (message.mark === 'begin') {
          begin = this.#snapshot()
          look()
        } else if (message.mark === 'end' && begin) {
          used = difference(begin, this.#snapshot())
        } else if (message.result) return { ...message.result, cpuMs: used, rss, loadAverage: loadAverage() }
      }
    } finally {
      clearInterval(timer)
    }
  }

  [Symbol.dispose](): void {
    this.#child.kill()
  }

  async #heard(): Promise<unknown[]> {
    const [message] = await Promise.race([once(this.#child, 'message'), this.#ended])
    if (message === undefined) throw new Error('the load ended too early')
    return [message]
  }

  #snapshot(): Snapshot {
    const each = Object.entries(this.#pids).map(([name, pid]) => [name, cpuMs(pid, name === 'postgres')] as const)
    return { processes: Object.fromEntries(each), machine: machineBusyMs() }
  }
}

interface Snapshot {
  readonly processes: Readonly<Record<string, number>>
  readonly machine: number
}

function difference(begin: Snapshot, end: Snapshot): Record<string, number> {
  const used = Object.fromEntries(
    Object.entries(end.processes).map(([name, value]) => [name, value - (begin.processes[name] ?? 0)]),
  )
  const ours = Object.values(used).reduce((sum, value) => sum + value, 0)
  return { ...used, elsewhere: Math.max(0, end.machine - begin.machine - ours) }
}
