import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Teardown } from './teardown.ts'

/** One system call; times are seconds of the machine's clock. Only one that has ended promises anything. */
export interface SystemCall {
  /** Thread that made it. */
  readonly pid: number
  readonly begun: number
  readonly ended: number
  /** As strace writes it, file descriptors with their paths; result included. */
  readonly text: string
}

const CALLS = 'fdatasync,fsync,rename,renameat,renameat2,pwrite64,pwritev,write,writev,sendto,sendmsg'

export interface TraceOptions {
  /** Names of the calls, separated by commas; those that write and sync unless told. */
  readonly calls?: string
  /** So much of each string is written down. */
  readonly stringBytes?: number
}

const ATTACH_MS = 10_000

/**
 * Attaches strace to processes with all their threads and children until the result is called, which answers the calls of
 * all of them in order of time. `undefined` where that is forbidden or strace is missing.
 */
export async function traceCalls(
  t: Teardown,
  pids: readonly number[],
  { calls = CALLS, stringBytes = 60 }: TraceOptions = {},
): Promise<(() => Promise<SystemCall[]>) | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'lt-trace-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const log = join(folder, 'trace')
  const args = [
    '-f',
    '-ttt',
    '-T',
    '-y',
    '-s',
    String(stringBytes),
    '-e',
    `trace=${calls}`,
    '-o',
    log,
    ...pids.flatMap((pid) => ['-p', String(pid)]),
  ]
  const strace = spawn('strace', args, { stdio: 'ignore' })
  let over = false
  const note = (): void => {
    over = true
  }
  const ended = once(strace, 'exit').then(note, note)
  t.teardown(() => stop(strace, ended))
  const deadline = Date.now() + ATTACH_MS
  while (!pids.every(isTraced)) {
    if (over || Date.now() > deadline) return undefined
    await sleep(20)
  }
  return async () => {
    await stop(strace, ended)
    return existsSync(log) ? readCalls(readFileSync(log, 'utf8')) : []
  }
}

/** Detaches; the traced processes go on. */
async function stop(strace: ChildProcess, ended: Promise<void>): Promise<void> {
  if (strace.pid !== undefined && strace.exitCode === null) strace.kill('SIGINT')
  await ended
}

function isTraced(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every((thread) => {
    try {
      return !/^TracerPid:\s+0$/m.test(readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8'))
    } catch {
      return true // a thread that has ended meanwhile
    }
  })
}

function readCalls(log: string): SystemCall[] {
  const calls: SystemCall[] = []
  const unfinished = new Map<string, { begun: number; text: string }>()
  for (const line of log.split('\n')) {
    const [, pid = '', time = '', text = ''] = /^(\d+) +([\d.]+) (.*)$/.exec(line) ?? []
    const at = Number(time)
    if (text.endsWith('<unfinished ...>'))
      unfinished.set(pid, { begun: at, text: text.slice(0, -'<unfinished ...>'.length) })
    else if (text.startsWith('<... ')) {
      const begin = unfinished.get(pid)
      if (begin) calls.push({ pid: Number(pid), begun: begin.begun, ended: at, text: begin.text + text })
      unfinished.delete(pid)
    } else {
      const took = / <([\d.]+)>$/.exec(text)?.[1]
      if (took !== undefined) calls.push({ pid: Number(pid), begun: at, ended: at + Number(took), text })
    }
  }
  return calls.sort((a, b) => a.begun - b.begun)
}
