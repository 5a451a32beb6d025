import { connect } from 'nats'
import type { WorldService } from '../harness/world.ts'
import type { CrashWorld } from './crash-world.ts'

const CONSUMERS: Partial<Record<WorldService, readonly [stream: string, durable: string]>> = {
  routing: ['DISPATCH', 'routing'],
  delivery: ['CONSIGNMENT_PUSH', 'delivery'],
}

/** Messages that NATS has given to that service and that were not acknowledged. */
export async function countUnacknowledged({ servers }: CrashWorld, service: 'routing' | 'delivery'): Promise<number> {
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
    const lanes = await Promise.all(
      ['urgent', 'normal'].map((lane) => manager.consumers.info(stream, `${durable}-${lane}`)),
    )
    return lanes.reduce((sum, { num_ack_pending: pending }) => sum + pending, 0)
  } finally {
    await connection.close()
  }
}
