import { addSystem, front } from '../../../libs/registry/index.ts'
import { makeSecret } from '../../../services/gateway/vxp/secrets/make-secret.ts'
import type { Teardown } from '../../harness/teardown.ts'
import { startWorld, type World, type WorldOptions } from '../../harness/world.ts'
import { GoldenClient, type Version } from './golden-client.ts'

export interface DoorWorld extends World {
  readonly doorUrl: string
  /** Gives a system of the world a secret at the door, tolerant and with signatures reported. */
  open(systemCode: string): Promise<string>
  closeClients(): void
  client(
    systemCode: string,
    options?: { prefix?: string; version?: Version; madeAt?: Date; secret?: string },
  ): GoldenClient
}

/** The whole axis with its compatible door, through which the demo systems may go. */
export async function startDoorWorld(t: Teardown, options: WorldOptions = {}): Promise<DoorWorld> {
  const world = await startWorld(t, options)
  const secrets = new Map<string, string>()
  const clients: GoldenClient[] = []
  const closeClients = (): void => {
    for (const client of clients.splice(0)) client.close()
  }
  t.teardown(closeClients)
  const keyDir = world.servers.keyDir
  const door: DoorWorld = {
    ...world,
    closeClients,
    get doorUrl() {
      const port = options.environment?.DOOR_PORT
      return port === undefined ? world.urlOf('gateway', 'door') : `http://127.0.0.1:${port}`
    },
    async open(systemCode) {
      const { rows } = await world.operator.query(
        `update system set signature_policy = 'report', tolerance = 'tolerant', door_connections = 1000 where code = $1 returning id`,
        [systemCode],
      )
      const secret = await makeSecret(world.operator, { id: rows[0].id }, { keyDir, overlapHours: 0 })
      secrets.set(systemCode, secret)
      return secret
    },
    client(systemCode, { prefix = '', version, madeAt, secret } = {}) {
      const own = secret ?? secrets.get(systemCode)
      if (own === undefined) throw new Error(`${systemCode} has no secret`)
      const client = new GoldenClient(`${door.doorUrl}${prefix}`, systemCode, own, version, madeAt)
      clients.push(client)
      return client
    },
  }
  for (const code of Object.keys(world.systems)) await door.open(code)
  // The gateway hears of secrets within two seconds.
  await world.until(async () => {
    const { json } = await door.client('demo-h53').list('countReceiveEdoc')
    return json.status === 'OK'
  })
  return door
}

/** A system of the door alone. */
export async function addDoorSystem(world: DoorWorld, code: string, agencies: readonly string[]): Promise<void> {
  await addSystem(world.operator, { code, name: code })
  for (const agency of agencies) await front(world.operator, code, agency, { withDescendants: true })
  await world.open(code)
}
