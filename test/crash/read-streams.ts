import { type ConsumerInfo, connect, type JetStreamManager } from 'nats'
import type { CrashWorld } from './crash-world.ts'

const CONSUMERS = {
  routing: ['DISPATCH', 'routing'],
  delivery: ['CONSIGNMENT_PUSH', 'delivery'],
} as const
const STREAMS = ['DISPATCH', 'CONSIGNMENT_PUSH']

/** Messages that NATS has given to that service and that were not acknowledged. */
export async function countUnacknowledged(world: CrashWorld, service: 'routing' | 'delivery'): Promise<number> {
  return (await readConsumers(world, service)).reduce((sum, { num_ack_pending: pending }) => sum + pending, 0)
}

/** What each consumer of that service says of itself, for whoever has to find out why a message stays. */
export async function describeConsumers(world: CrashWorld, service: 'routing' | 'delivery'): Promise<string[]> {
  const consumers = await readConsumers(world, service)
  return consumers.map(({ name, num_pending, num_ack_pending, delivered, ack_floor }) =>
    [
      `${name}: ${num_pending} to come, ${num_ack_pending} not acknowledged`,
      `delivered to ${delivered.stream_seq}, all acknowledged to ${ack_floor.stream_seq}`,
    ].join(', '),
  )
}

/** Messages that lie in each stream, also those that no consumer will ever get. */
export async function countMessages(world: CrashWorld): Promise<Readonly<Record<string, number>>> {
  return withManager(world, 'routing', async (manager) => {
    const streams = await Promise.all(STREAMS.map((name) => manager.streams.info(name)))
    return Object.fromEntries(streams.map(({ config, state }) => [config.name, state.messages]))
  })
}

function readConsumers(world: CrashWorld, service: 'routing' | 'delivery'): Promise<ConsumerInfo[]> {
  const [stream, durable] = CONSUMERS[service]
  return withManager(world, service, (manager) =>
    Promise.all(['urgent', 'normal'].map((lane) => manager.consumers.info(stream, `${durable}-${lane}`))),
  )
}

async function withManager<T>(
  { servers }: CrashWorld,
  role: 'routing' | 'delivery',
  ask: (manager: JetStreamManager) => Promise<T>,
): Promise<T> {
  const url = new URL(servers.nats.url(role))
  const connection = await connect({
    servers: url.host,
    user: url.username,
    pass: url.password,
    inboxPrefix: `_INBOX_${url.username}`,
  })
  try {
    return await ask(await connection.jetstreamManager({ checkAPI: false }))
  } finally {
    await connection.close()
  }
}
