import { type ConsumerInfo, connect } from 'nats'
import type { WorldService } from '../harness/world.ts'
import type { CrashWorld } from './crash-world.ts'

const CONSUMERS: Partial<Record<WorldService, readonly [stream: string, durable: string]>> = {
  routing: ['DISPATCH', 'routing'],
  delivery: ['CONSIGNMENT_PUSH', 'delivery'],
}

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

async function readConsumers({ servers }: CrashWorld, service: 'routing' | 'delivery'): Promise<ConsumerInfo[]> {
  const url = new URL(servers.nats.url(service))
  const connection = await connect({
    servers: url.host,
    user: url.username,
    pass: url.password,
    inboxPrefix: `_INBOX_${url.username}`,
  })
  try {
    const manager = await connection.jetstreamManager({ checkAPI: false })
    const [stream, durable] = CONSUMERS[service] as readonly [string, string]
    return await Promise.all(['urgent', 'normal'].map((lane) => manager.consumers.info(stream, `${durable}-${lane}`)))
  } finally {
    await connection.close()
  }
}
