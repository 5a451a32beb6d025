import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { findProgram } from '../../deploy/local/find-program.ts'
import { PROJECT } from '../../deploy/local/folders.ts'
import { type Environment, processEnvironment } from '../../libs/runtime/index.ts'
import type { WorldService } from '../harness/world.ts'

/** What a process needs of ours besides its settings. */
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'LIENTHONG_SABOTAGE']
/** As a supervisor would: a service that cannot start yet, since its database is away, tries again. */
const RESTART_MS = 100

/** How a process ended: by us, at a named point, before it served, or by itself while it served, which is a defect. */
export type Death =
  | { readonly by: 'kill' }
  | { readonly by: 'point'; readonly point: string }
  | { readonly by: 'failed-start' | 'itself'; readonly said: readonly string[] }

export interface KeeperOptions {
  readonly service: WorldService
  /** The compiled service. */
  readonly program: string
  readonly settings: Environment
  /** Folder for what the process says. */
  readonly logs: string
  readonly onDeath: (death: Death, keeper: ServiceKeeper) => void
}

/** What the next process is started with. */
export interface NextStart {
  /** A named point at which it dies, `name` or `name:n`. */
  readonly point?: string | undefined
  /** Switches of the laboratory. */
  readonly switches?: readonly string[]
  /** After it died at its point no other is started until `release`. */
  readonly holdAfter?: boolean
}

/** Keeps one service running as a process of its own: whenever it dies, the next one is started. */
export class ServiceKeeper {
  readonly service: WorldService
  readonly #options: KeeperOptions
  #next: NextStart = {}
  #child: ChildProcess | undefined
  #killed = false
  #serving = false
  #kept: Promise<void> | undefined
  #held = false
  #stopped = false
  #wake: (() => void)[] = []
  /** Starts that came to serve, and the milliseconds they took. */
  readonly startTimes: number[] = []

  constructor(options: KeeperOptions) {
    this.service = options.service
    this.#options = options
  }

  get serving(): boolean {
    return this.#serving
  }

  get alive(): boolean {
    return this.#child !== undefined
  }

  /** Median of the starts so far, in milliseconds; 0 before the first. */
  get usualStartMs(): number {
    return this.startTimes.toSorted((a, b) => a - b)[this.startTimes.length >> 1] ?? 0
  }

  start(): void {
    this.#kept ??= this.#keep()
  }

  /** What the next process, and only that one, is started with. */
  arm(next: NextStart): void {
    this.#next = next
  }

  /** `kill -9` of the process there is, serving or not; the next one follows. Answers whether there was one. */
  async kill(): Promise<boolean> {
    const child = this.#child
    if (!child || this.#killed) return false
    this.#killed = true
    child.kill('SIGKILL')
    await once(child, 'close')
    return true
  }

  release(): void {
    this.#held = false
    this.#changed()
  }

  /** Resolves when it serves or `ms` are over; says which. */
  async untilServing(ms: number): Promise<boolean> {
    return this.#until(() => this.#serving, ms)
  }

  /** Resolves when there is no process or `ms` are over; says which. */
  async untilDead(ms: number): Promise<boolean> {
    return this.#until(() => this.#child === undefined, ms)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#changed()
    await this.kill()
    await this.#kept
  }

  async #keep(): Promise<void> {
    while (!this.#stopped) {
      if (this.#held) {
        await this.#until(() => !this.#held || this.#stopped, 600_000)
        continue
      }
      const death = await this.#run()
      if (this.#stopped) return
      this.#options.onDeath(death, this)
      if (death.by === 'failed-start') await sleep(RESTART_MS)
    }
  }

  async #run(): Promise<Death> {
    const { service, program, settings, logs } = this.#options
    const { point, switches = [], holdAfter = false } = this.#next
    this.#next = {}
    const inherited = Object.fromEntries(INHERITED.map((name) => [name, processEnvironment()[name]]))
    const sabotage = [inherited.LIENTHONG_SABOTAGE, ...switches].filter((name) => name !== undefined)
    const env = {
      ...inherited,
      ...settings,
      NODE_ENV: 'test',
      LOG_LEVEL: 'info',
      ...(sabotage.length > 0 ? { LIENTHONG_SABOTAGE: sabotage.join() } : {}),
      ...(point === undefined ? {} : { LIENTHONG_CRASH_AT: point }),
    }
    const begun = performance.now()
    const node = [process.execPath, program]
    const tie = findProgram('setpriv')
    const [command = '', ...args] = tie ? [tie, '--pdeathsig', 'KILL', ...node] : node
    const child = spawn(command, args, {
      cwd: PROJECT,
      env: env as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    this.#killed = false
    const said: string[] = []
    let reached: string | undefined
    const file = createWriteStream(join(logs, `${service}.log`), { flags: 'a' })
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      note(said, line)
      file.write(`${line}\n`)
      if (this.#serving || !line.includes('"msg":"serving"')) return
      this.startTimes.push(performance.now() - begun)
      this.#serving = true
      this.#changed()
    })
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      note(said, line)
      file.write(`${line}\n`)
      reached ??= /^crash point (.+)$/.exec(line)?.[1]
    })
    await once(child, 'close')
    file.end()
    const served = this.#serving
    this.#child = undefined
    this.#serving = false
    this.#held = reached !== undefined && holdAfter
    this.#changed()
    if (reached !== undefined) return { by: 'point', point: reached }
    if (this.#killed) return { by: 'kill' }
    return { by: served ? 'itself' : 'failed-start', said }
  }

  async #until(done: () => boolean, ms: number): Promise<boolean> {
    const end = Date.now() + ms
    while (!done() && Date.now() < end) {
      const timer = new AbortController()
      await Promise.race([
        new Promise<void>((resolve) => this.#wake.push(resolve)),
        sleep(Math.max(0, end - Date.now()), undefined, { signal: timer.signal }).catch(String),
      ])
      timer.abort()
    }
    return done()
  }

  #changed(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}

function note(said: string[], line: string): void {
  said.push(line)
  if (said.length > 30) said.shift()
}
