import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../deploy/local/free-port.ts'
import { installPrograms } from '../../deploy/local/install-programs.ts'
import { startNats as launchNats, natsUrl } from '../../deploy/local/nats.ts'
import { startRedis as launchRedis, redisUrl } from '../../deploy/local/redis.ts'
import type { ServiceRole } from '../../deploy/local/role.ts'
import { newPasswords } from '../../deploy/local/state.ts'
import type { Teardown } from './teardown.ts'
import { controlServer, type ServerControl } from './test-server.ts'

export interface TestNats extends ServerControl {
  /** With the user and the rights of that service, as in production. */
  url(role: ServiceRole): string
  /** Where it keeps its streams. */
  readonly dataDir: string
}

export interface TestRedis extends ServerControl {
  readonly url: string
}

/** A private nats-server for this test file, with the production users and rights. */
export async function startNats(t: Teardown): Promise<TestNats> {
  const { folder, server } = await prepare(t, 'nats-server')
  const control = await controlServer(server.port, join(folder, 'data'), () => launchNats(server))
  t.teardown(() => control.kill())
  const dataDir = join(folder, 'data')
  return Object.assign(control, { dataDir, url: (role: ServiceRole) => natsUrl(server.port, role, server.passwords) })
}

/** A private redis-server for this test file. */
export async function startRedis(t: Teardown): Promise<TestRedis> {
  const { folder, server } = await prepare(t, 'redis-server')
  const control = await controlServer(server.port, join(folder, 'data'), () => launchRedis(server))
  t.teardown(() => control.kill())
  return Object.assign(control, { url: redisUrl(server.port, server.passwords) })
}

async function prepare(t: Teardown, program: string) {
  installPrograms([program], (line) => process.stderr.write(`${line}\n`))
  const folder = mkdtempSync(join(tmpdir(), `lt-${program}-`))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return { folder, server: { folder, port: await freePort(), passwords: newPasswords(), life: 'own' } as const }
}
