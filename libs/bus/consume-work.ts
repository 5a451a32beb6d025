import { AckPolicy, DeliverPolicy, type NatsConnection, nanos } from 'nats'
import { type Logger, sabotaged } from '../runtime/index.ts'
import { pause } from './pause.ts'
import { PullWork } from './pull-work.ts'
import type { StreamName } from './streams.ts'
import type { PulledMessage, WorkMessage } from './work-message.ts'

/** Work that is not acknowledged for so long is handed out again. */
const ACK_WAIT_MS = 30_000
/** So often the server hears that a handler is still at it, and so long at most: one that never ends must not keep its work. */
const WORKING_MS = 10_000
const WORKING_AT_MOST_MS = 300_000
const RETRY_AFTER_FAILURE_MS = 1_000
const MAX_PAUSE_MS = 2_000

export interface ConsumeWorkOptions {
  readonly stream: StreamName
  /** Name of the consumer; processes that use the same one share its work. */
  readonly durable: string
  /** One consumer per lane: a server of version 2.9 knows one filter per consumer. */
  readonly filterSubject: string
  /** Most messages a handler gets at once; it gets what is there and does not wait for more. */
  readonly batch: number
  readonly signal: AbortSignal
  /** Messages it does not settle are acknowledged when it resolves, and come again after 1 s when it rejects. */
  handler(messages: readonly WorkMessage[]): Promise<void>
}

/** What the consumer needs of the connection it lives on, which may be another one each time. */
export interface Lifeline {
  readonly log: Logger
  readonly inboxPrefix: string
  /** The present connection, once there is one; `undefined` when the signal was aborted first. */
  connection(signal: AbortSignal): Promise<NatsConnection | undefined>
  onReconnect(callback: () => void): () => void
}

/** See `Bus.consumeWork`. Starts over whenever stream, consumer or connection vanish, with a pause that grows to 2 s. */
export async function consumeWork(lifeline: Lifeline, options: ConsumeWorkOptions): Promise<void> {
  const { signal, stream, durable } = options
  let pauseMs = 50
  while (!signal.aborted) {
    const connection = await lifeline.connection(signal)
    if (!connection) return
    try {
      await ensureConsumer(connection, options)
      const handled = await consumeUntilBroken(lifeline, connection, options)
      if (handled) pauseMs = 50
    } catch (error) {
      lifeline.log.warn({ err: error, stream, consumer: durable }, 'consumer cannot be made yet')
    }
    await pause(pauseMs, signal)
    pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)
  }
}

async function ensureConsumer(
  connection: NatsConnection,
  { stream, durable, filterSubject }: ConsumeWorkOptions,
): Promise<void> {
  const manager = await connection.jetstreamManager({ checkAPI: false, timeout: 2_000 })
  await manager.consumers.add(stream, {
    durable_name: durable,
    filter_subject: filterSubject,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(ACK_WAIT_MS),
    max_ack_pending: 10_000,
    max_waiting: 64,
  })
}

/** Answers whether anything was handled before the consumer broke or the signal came. */
async function consumeUntilBroken(
  lifeline: Lifeline,
  connection: NatsConnection,
  options: ConsumeWorkOptions,
): Promise<boolean> {
  const { signal, stream, durable, batch } = options
  let wake = (): void => undefined
  const woken = (): void => wake()
  let broken: string | undefined
  const pull = new PullWork(connection, {
    stream,
    durable,
    batch,
    inboxPrefix: lifeline.inboxPrefix,
    onMessages: woken,
    onBroken: (reason) => {
      broken = reason
      woken()
    },
  })
  const stopListening = lifeline.onReconnect(() => {
    broken ??= 'reconnected'
    woken()
  })
  signal.addEventListener('abort', woken, { once: true })
  let handled = false
  try {
    while (!signal.aborted && broken === undefined) {
      const next = new Promise<void>((resolve) => {
        wake = resolve
      })
      const messages = pull.take()
      if (messages.length === 0) await next
      else {
        await handle(lifeline, options, messages)
        handled = true
      }
    }
  } finally {
    pull.stop()
    stopListening()
    signal.removeEventListener('abort', woken)
  }
  if (broken !== undefined) lifeline.log.info({ stream, consumer: durable, reason: broken }, 'consumer starts over')
  return handled
}

async function handle(
  { log }: Lifeline,
  { handler, stream, durable }: ConsumeWorkOptions,
  messages: readonly PulledMessage[],
): Promise<void> {
  const until = performance.now() + WORKING_AT_MOST_MS
  const timer = setInterval(() => {
    if (performance.now() < until) for (const message of messages) message.working()
  }, WORKING_MS)
  try {
    if (sabotaged('ack-before-commit')) for (const message of messages) message.ack()
    await handler(messages)
    for (const message of messages) message.ack()
  } catch (error) {
    log.error({ err: error, stream, consumer: durable, count: messages.length }, 'work failed and will come again')
    for (const message of messages) message.nak(RETRY_AFTER_FAILURE_MS)
  } finally {
    clearInterval(timer)
  }
}
