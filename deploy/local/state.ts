import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { BusError } from '../../libs/errors/index.ts'
import { freePort } from './free-port.ts'
import type { ProcessIdentity } from './process-identity.ts'
import { type Passwords, SERVICE_ROLES, type ServiceRole } from './role.ts'

export type ServerName = 'nats' | 'postgres' | 'redis'
export const SERVERS: readonly ServerName[] = ['nats', 'postgres', 'redis']

/** What `.local/state.json` remembers between runs: passwords, ports, and the processes that we started. Mode 0600. */
export interface LocalState {
  readonly passwords: Passwords
  readonly ports: Record<ServerName, number>
  /** Ports of the services' listeners, given to them by their env files. */
  readonly listenPorts: Record<ServiceRole | 'door', number>
  processes: Partial<Record<ServerName, ProcessIdentity>>
}

/**
 * The state of an earlier run; `undefined` only when there was none. Whoever finds none starts anew and removes the old cluster,
 * so a file that is there but cannot be understood is never taken for none.
 * @throws BusError LT_CONF_FILE_UNREADABLE; LT_CONF_INVALID when it is damaged
 */
export function readState(path: string): LocalState | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new BusError('LT_CONF_FILE_UNREADABLE', { path }, { cause })
  }
  const state = parse(text)
  if (state) return state
  const problems = `${path} is damaged, and with it the passwords of the private cluster. Restore the file; or remove it to start anew: the next \`make up\` then removes the cluster and all documents in it.`
  throw new BusError('LT_CONF_INVALID', { problems })
}

function parse(text: string): LocalState | undefined {
  try {
    const value = JSON.parse(text) as Partial<Record<keyof LocalState, unknown>> | null
    const parts = [value?.passwords, value?.ports, value?.listenPorts, value?.processes]
    return parts.every((part) => typeof part === 'object' && part !== null) ? (value as LocalState) : undefined
  } catch {
    return undefined
  }
}

export function writeState(path: string, state: LocalState): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600, flush: true })
  renameSync(`${path}.new`, path)
}

export async function newState(): Promise<LocalState> {
  const ports = { nats: await freePort(), postgres: await freePort(), redis: await freePort() }
  const listenPorts: Record<string, number> = {}
  for (const [index, name] of [...SERVICE_ROLES, 'door'].entries()) listenPorts[name] = await freePort(8400 + index)
  return { passwords: newPasswords(), ports, listenPorts, processes: {} }
}

/** Random passwords, one per role. The leading letter keeps NATS from reading one as a number. */
export function newPasswords(): Passwords {
  const names = [...SERVICE_ROLES, 'owner', 'backup', 'postgres', 'redis'] as const
  return Object.fromEntries(names.map((name) => [name, `p${randomBytes(16).toString('hex')}`])) as Passwords
}
