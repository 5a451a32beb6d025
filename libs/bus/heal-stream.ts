import type { ConsumerInfo, JetStreamManager, NatsConnection, StreamInfo } from 'nats'

/** Beyond twice the time after which unacknowledged work is handed out again: then nothing will be. */
const STILL_MS = 65_000

/** How consumers with work under way looked over a connection, and since when. */
type Seen = Map<string, { readonly place: string; readonly since: number }>
const seenBy = new WeakMap<NatsConnection, Seen>()

/**
 * Gets a stream going that a killed server brought back half. It may remember that a consumer had a message and not that it was removed,
 * or remember more for the consumer than for the stream: what lies at or below what the consumer was given is never handed out.
 * Where nothing is under way it is removed; where something is, and has stood still, the consumer is made anew and gets all of it again.
 * A consumer that was given more than the stream ever had is made anew too: the stream came back older, and its new messages are below.
 * Either way the work itself lies in the database: at worst it is done twice, which changes nothing.
 */
export async function healStream(
  connection: NatsConnection,
  manager: JetStreamManager,
  { config, state }: StreamInfo,
): Promise<void> {
  if (state.messages === 0) return
  const seen: Seen = seenBy.get(connection) ?? new Map()
  seenBy.set(connection, seen)
  for (const consumer of await manager.consumers.list(config.name).next()) {
    const { num_pending: toCome, num_ack_pending: underWay, delivered, name } = consumer
    const filter = consumer.config.filter_subject
    if (delivered.stream_seq > state.last_seq && (await isAhead(manager, config.name, delivered.stream_seq))) {
      seen.delete(name)
      await manager.consumers.delete(config.name, name)
      continue
    }
    if (toCome > 0 || state.first_seq > delivered.stream_seq || filter === undefined) seen.delete(name)
    else if (underWay === 0) await manager.streams.purge(config.name, { filter, seq: delivered.stream_seq + 1 })
    else if (stoodStill(seen, consumer)) {
      seen.delete(name)
      await manager.consumers.delete(config.name, name)
    }
  }
}

/** Asked after the consumer was: what a living one was given meanwhile the stream has by then. */
async function isAhead(manager: JetStreamManager, stream: string, given: number): Promise<boolean> {
  return given > (await manager.streams.info(stream)).state.last_seq
}

function stoodStill(
  seen: Seen,
  { name, num_ack_pending, num_redelivered, delivered, ack_floor }: ConsumerInfo,
): boolean {
  const place = [num_ack_pending, num_redelivered, delivered.consumer_seq, ack_floor.consumer_seq].join()
  const before = seen.get(name)
  if (before?.place === place) return performance.now() - before.since > STILL_MS
  seen.set(name, { place, since: performance.now() })
  return false
}
