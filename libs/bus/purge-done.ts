import type { JetStreamManager, StreamInfo } from 'nats'

/**
 * Removes messages that no consumer will get any more. A server that was killed may remember that a consumer had a message and not that
 * it was removed, or remember more for the consumer than for the stream: what gets a number below that is never handed out. Whatever
 * work such a message named is published anew from the database.
 */
export async function purgeDone(manager: JetStreamManager, { config, state }: StreamInfo): Promise<void> {
  if (state.messages === 0) return
  for (const consumer of await manager.consumers.list(config.name).next()) {
    const { num_pending: toCome, num_ack_pending: underWay, delivered } = consumer
    const filter = consumer.config.filter_subject
    if (toCome > 0 || underWay > 0 || state.first_seq > delivered.stream_seq || filter === undefined) continue
    await manager.streams.purge(config.name, { filter, seq: delivered.stream_seq + 1 })
  }
}
