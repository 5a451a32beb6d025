import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { findProgram } from '../../deploy/local/find-program.ts'
import { PROJECT } from '../../deploy/local/folders.ts'
import { type Environment, processEnvironment } from '../../libs/runtime/index.ts'

/** What a process needs of ours besides the settings of its service. */
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'NODE_ENV', 'LIENTHONG_SABOTAGE']
const START_MS = 60_000

/** A service in a process of its own, as in production. Disposing ends it in order (SIGTERM). */
export interface ServiceProcess extends AsyncDisposable {
  readonly pid: number
  /** Resolves when it is gone, however that came. */
  readonly gone: Promise<unknown>
  /** `kill -9`; resolves when it is gone. */
  kill(): Promise<void>
}

/** Starts `services/<name>/main.ts` and resolves once it serves. It dies with this process, however that ends. */
export async function startServiceProcess(name: string, settings: Environment): Promise<ServiceProcess> {
  const inherited = Object.fromEntries(INHERITED.map((variable) => [variable, processEnvironment()[variable]]))
  const node = [process.execPath, '--import=tsx', `services/${name}/main.ts`]
  const tie = findProgram('setpriv')
  const [command = '', ...args] = tie ? [tie, '--pdeathsig', 'KILL', ...node] : node
  const child = spawn(command, args, {
    cwd: PROJECT,
    env: { ...inherited, ...settings, LOG_LEVEL: 'info' } as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const gone = once(child, 'exit')
  const said: string[] = []
  const note = (line: string): void => {
    said.push(line)
    if (said.length > 40) said.shift()
  }
  createInterface({ input: child.stderr }).on('line', note)
  await new Promise<void>((resolve, reject) => {
    const fail = (reason: string): void => reject(new Error(`${name} ${reason}:\n${said.join('\n')}`))
    const timer = setTimeout(() => fail('did not start in time'), START_MS)
    createInterface({ input: child.stdout }).on('line', (line) => {
      note(line)
      if (!line.includes('"msg":"serving"')) return
      clearTimeout(timer)
      resolve()
    })
    void gone.then(([code, signal]) => {
      clearTimeout(timer)
      fail(`ended with ${code ?? signal}`)
    })
  })
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await gone
  }
  return {
    pid: child.pid as number,
    gone,
    kill: () => end('SIGKILL'),
    [Symbol.asyncDispose]: () => end('SIGTERM'),
  }
}
