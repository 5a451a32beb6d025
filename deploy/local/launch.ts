import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { BusError } from '../../libs/errors/index.ts'
import type { ClusterOwner } from './cluster-owner.ts'
import { findProgram } from './find-program.ts'
import { identify, type ProcessIdentity } from './process-identity.ts'

export interface LaunchOptions {
  readonly program: string
  readonly args: readonly string[]
  /** File that gets what the server says. */
  readonly log: string
  /** `own`: ends when we end, even when we are killed (tests). `apart`: outlives us (`make up`). */
  readonly life: 'own' | 'apart'
  /** How it is ended when we die before it; SIGKILL unless told. */
  readonly lastSignal?: 'KILL' | 'INT'
  /** The user it runs as, where that is not ourselves. */
  readonly owner?: ClusterOwner
  /** Where it works; `/` unless told. By its folder a server is found again of which nothing was noted. */
  readonly folder?: string
  /** Told who it is as soon as it exists, before anybody waits for it: whoever dies while waiting has it noted already. */
  readonly onStarted?: ((identity: ProcessIdentity) => void) | undefined
}

/**
 * Starts a server process and answers who it is.
 * @throws BusError LT_CONF_SERVER_FAILED
 */
export async function launch(options: LaunchOptions): Promise<ProcessIdentity> {
  const { program, args, log, life, lastSignal = 'KILL', owner = {}, folder = '/', onStarted } = options
  const path = findProgram(program)
  if (!path) throw new BusError('LT_CONF_SERVER_FAILED', { server: program, log })
  const tie = life === 'own' ? findProgram('setpriv') : undefined
  const [command, all] = tie ? [tie, ['--pdeathsig', lastSignal, path, ...args]] : [path, [...args]]
  const out = openSync(log, 'a', 0o600)
  const child = spawn(command, all, { ...owner, stdio: ['ignore', out, out], detached: life === 'apart', cwd: folder })
  closeSync(out)
  const started = await new Promise<boolean>((resolve) => {
    child.once('spawn', () => resolve(true))
    child.once('error', () => resolve(false))
  })
  child.unref()
  const identity = started && child.pid ? identify(child.pid) : undefined
  if (!identity) throw new BusError('LT_CONF_SERVER_FAILED', { server: program, log })
  onStarted?.(identity)
  return identity
}
