import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PROJECT } from './folders.ts'
import { type LaunchOptions, launch } from './launch.ts'
import type { ProcessIdentity } from './process-identity.ts'
import { type Passwords, SERVICE_ROLES, type ServiceRole } from './role.ts'
import { waitForPort } from './wait-for-port.ts'

export interface LocalServer {
  readonly folder: string
  readonly port: number
  readonly passwords: Passwords
  readonly life: LaunchOptions['life']
  readonly onStarted?: LaunchOptions['onStarted']
}

/** Starts a private nats-server with the production rights (`deploy/nats/nats-server.conf`) and JetStream on file. */
export async function startNats({ folder, port, passwords, life, onStarted }: LocalServer): Promise<ProcessIdentity> {
  const data = join(folder, 'data')
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const config = join(folder, 'nats-server.conf')
  copyFileSync(join(PROJECT, 'deploy/nats/nats-server.conf'), config)
  const site = SERVICE_ROLES.map((role) => `${role.toUpperCase()}_PASSWORD: "${passwords[role]}"`)
  writeFileSync(join(folder, 'site.conf'), `${site.join('\n')}\n`, { mode: 0o600 })
  const log = join(folder, 'nats-server.log')
  const args = ['-c', config, '-a', '127.0.0.1', '-p', String(port), '-sd', data]
  const identity = await launch({ program: 'nats-server', args, log, life, folder: data, onStarted })
  await waitForPort('nats-server', port, identity, log)
  return identity
}

export function natsUrl(port: number, role: ServiceRole, passwords: Passwords): string {
  return `nats://${role}:${passwords[role]}@127.0.0.1:${port}`
}
