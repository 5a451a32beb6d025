import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { launch } from './launch.ts'
import type { LocalServer } from './nats.ts'
import type { ProcessIdentity } from './process-identity.ts'
import { waitForPort } from './wait-for-port.ts'

/** Starts a private redis-server: append-only, nothing evicted (a queue must not lose keys), on 127.0.0.1 only. */
export async function startRedis({ folder, port, passwords, life, onStarted }: LocalServer): Promise<ProcessIdentity> {
  const data = join(folder, 'data')
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const config = join(folder, 'redis.conf')
  const settings = [
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${passwords.redis}`,
    `dir "${data}"`,
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    'maxmemory-policy noeviction',
    'daemonize no',
  ]
  writeFileSync(config, `${settings.join('\n')}\n`, { mode: 0o600 })
  const log = join(folder, 'redis-server.log')
  const identity = await launch({ program: 'redis-server', args: [config], log, life, folder: data, onStarted })
  await waitForPort('redis-server', port, identity, log)
  return identity
}

export function redisUrl(port: number, { redis }: Pick<LocalServer['passwords'], 'redis'>): string {
  return `redis://:${redis}@127.0.0.1:${port}`
}
