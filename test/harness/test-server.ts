import { rmSync } from 'node:fs'
import { endProcess, isAlive, type ProcessIdentity } from '../../deploy/local/process-identity.ts'

/** A private server of one test file that can be hurt in every way a real one is. */
export interface ServerControl {
  readonly port: number
  readonly pid: number
  readonly running: boolean
  /** Starts it again on the same port with the data it left. */
  start(): Promise<void>
  /** Orderly end. */
  stop(): Promise<void>
  /** `kill -9`. */
  kill(): Promise<void>
  restart(): Promise<void>
  /** `kill -9`, all data gone, started again. */
  wipe(): Promise<void>
  /** Stops answering without closing a connection, until `resume`. */
  freeze(): void
  resume(): void
}

/** Gives the controls of a server whose `launch` starts it and whose data lies in `data`. */
export async function controlServer(
  port: number,
  data: string,
  launch: () => Promise<ProcessIdentity>,
): Promise<ServerControl> {
  let process_ = await launch()
  const start = async (): Promise<void> => {
    if (!isAlive(process_)) process_ = await launch()
  }
  const stop = (): Promise<void> => endProcess(process_)
  const kill = (): Promise<void> => endProcess(process_, 'SIGKILL')
  const signal = (name: NodeJS.Signals): void => {
    if (isAlive(process_)) process.kill(process_.pid, name)
  }
  return {
    port,
    get pid() {
      return process_.pid
    },
    get running() {
      return isAlive(process_)
    },
    start,
    stop,
    kill,
    async restart() {
      await stop()
      await start()
    },
    async wipe() {
      await kill()
      rmSync(data, { recursive: true, force: true })
      await start()
    },
    freeze: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
  }
}
