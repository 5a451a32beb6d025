import { createPublicKey } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../deploy/local/free-port.ts'
import { addAgency, addSystem, addSystemKey, front } from '../../../libs/registry/index.ts'
import { unlessTaken } from '../../../services/cli/demo/seed.ts'
import { newKeyPem } from '../../../services/cli/pki/make-axis.ts'
import { makeSecret } from '../../../services/gateway/vxp/secrets/make-secret.ts'
import { type ServiceProcess, startServiceProcess } from '../../harness/service-process.ts'
import type { Teardown } from '../../harness/teardown.ts'
import { startWorld, type World } from '../../harness/world.ts'

/** One whole installation with its door, and the system that stands for the other one. */
export interface Side {
  readonly world: World
  readonly doorUrl: string
  readonly upstream: string
  readonly keyFile: string
  readonly secret: string
}

/** @param others codes of the agencies of the other axis, as the directory import leaves them */
export async function startSide(t: Teardown, upstream: string, others: readonly string[]): Promise<Side> {
  const port = await freePort()
  const world = await startWorld(t, { processes: ['gateway'], environment: { DOOR_PORT: String(port) } })
  const { operator, servers } = world
  await unlessTaken(addAgency(operator, { code: 'H53.01', name: 'Sở Nội vụ tỉnh Tây Ninh', source: 'test' }))
  const { id } = await addSystem(operator, { code: upstream, name: upstream, kind: 'vxp-upstream' })
  for (const code of others) await front(operator, upstream, code, { withDescendants: true })
  const keyPem = newKeyPem()
  const keyFile = join(servers.keyDir, `${upstream}.key.pem`)
  writeFileSync(keyFile, keyPem)
  await addSystemKey(operator, {
    systemCode: upstream,
    publicJwk: createPublicKey(keyPem).export({ format: 'jwk' }),
  })
  const secret = await makeSecret(operator, { id }, { keyDir: servers.keyDir, overlapHours: 0 })
  return { world, doorUrl: `http://127.0.0.1:${port}`, upstream, keyFile, secret }
}

interface Other {
  readonly url: string
  readonly systemId: string
  readonly secret: string
}

export const bridgeSettings = (ours: Side, other: Other): Record<string, string> => ({
  AXIS_URL: ours.world.baseUrl,
  SYSTEM_CODE: ours.upstream,
  SYSTEM_KEY_FILE: ours.keyFile,
  UPSTREAM_URL: other.url,
  UPSTREAM_SYSTEM_ID: other.systemId,
  UPSTREAM_SECRET: other.secret,
  UPSTREAM_NETWORKS: '127.0.0.0/8',
  UPSTREAM_UNKNOWN_MS: '500',
  STATE_DIR: ours.world.servers.keyDir,
})

export interface BridgeProcess {
  start(environment?: Readonly<Record<string, string>>): Promise<void>
  kill(): Promise<void>
  /** Resolves when the process has died by itself, or after so many milliseconds. */
  gone(ms: number): Promise<void>
}

/** A bridge of `ours` to a door, as a process that can be killed; its state outlives it. */
export function bridgeOf(t: Teardown, ours: Side, other: Other, name = 'door'): BridgeProcess {
  const stateDir = join(ours.world.servers.keyDir, '..', `bridge-${ours.upstream}-${name}`)
  mkdirSync(stateDir, { recursive: true })
  let running: ServiceProcess | undefined
  const kill = async (): Promise<void> => {
    const last = running
    running = undefined
    await last?.kill()
  }
  t.teardown(kill)
  return {
    kill,
    async gone(ms) {
      await Promise.race([running?.gone, sleep(ms)])
      await kill()
    },
    async start(environment = {}) {
      running = await startServiceProcess('bridge', {
        ...bridgeSettings(ours, other),
        STATE_DIR: stateDir,
        POLL_MS: '200',
        LEASE_SECONDS: '5',
        ...environment,
      })
    },
  }
}
