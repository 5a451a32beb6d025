import { setTimeout as sleep } from 'node:timers/promises'
import { Events, headers, type NatsConnection, type Subscription } from 'nats'
import { BusError } from '../errors/index.ts'
import { type Logger, sabotaged } from '../runtime/index.ts'
import type { Bus, PublishWorkOptions } from './bus.ts'
import { busUnavailable } from './bus-unavailable.ts'
import { connectNats } from './connect-nats.ts'
import { type ConsumeWorkOptions, consumeWork } from './consume-work.ts'
import { labFault } from './lab-fault.ts'
import { pause } from './pause.ts'
import { peekWork, type WaitingWork } from './peek-work.ts'
import { ensureStreams, type StreamName } from './streams.ts'

/** How long a start waits for the first connection before it goes on without. */
const FIRST_CONNECTION_MS = 2_000
const PUBLISH_TIMEOUT_MS = 5_000
const CLOSE_TIMEOUT_MS = 2_000
const REDIAL_MS = 500

export interface BusOptions {
  /** `nats://user:password@host:port`; servers of a cluster separated by commas. The user is the service role. */
  readonly url: string
  /** Shown in the server's list of connections. */
  readonly name: string
  /** Aborted: no new connection is opened any more; consumers have their own signals. */
  readonly signal: AbortSignal
  readonly log: Logger
}

/**
 * Opens the bus. A service starts without NATS too: what was accepted waits in PostgreSQL, and the connection is tried for
 * ever. Answers once connected, or after 2 s.
 */
export async function connectBus(options: BusOptions): Promise<Bus> {
  const bus = new NatsBus(options)
  const patience = new AbortController()
  const timer = setTimeout(() => patience.abort(), FIRST_CONNECTION_MS)
  await bus.connection(AbortSignal.any([patience.signal, options.signal]))
  clearTimeout(timer)
  return bus
}

interface Listener {
  readonly subject: string
  readonly handler: (subject: string, data: Uint8Array) => void
  subscription?: Subscription
}

class NatsBus implements Bus {
  readonly #log: Logger
  readonly inboxPrefix: string
  readonly #closing = new AbortController()
  readonly #listeners = new Set<Listener>()
  readonly #reconnectCallbacks = new Set<() => void>()
  readonly #kept: Promise<void>
  #connection: NatsConnection | undefined
  #connected = false

  constructor(options: BusOptions) {
    this.#log = options.log
    const user = decodeURIComponent(new URL(options.url.split(',', 1)[0] as string).username)
    this.inboxPrefix = user ? `_INBOX_${user}` : '_INBOX'
    this.#kept = this.#keepConnected(options)
  }

  get connected(): boolean {
    return this.#connected
  }

  get log(): Logger {
    return this.#log
  }

  /** The connection as soon as there is one; `undefined` when `signal` is aborted or the bus closed first. */
  async connection(signal: AbortSignal): Promise<NatsConnection | undefined> {
    while (!signal.aborted && !this.#closing.signal.aborted) {
      if (this.#connection && this.#connected) return this.#connection
      await this.#nextConnection(signal)
    }
    return undefined
  }

  publish(subject: string, payload: Uint8Array | string = ''): boolean {
    if (!this.#connection || !this.#connected) return false
    if (labFault('lab-drop')) return true
    try {
      this.#connection.publish(subject, payload)
      return true
    } catch (error) {
      // The client throws while it closes. Whoever sends a wake-up has committed already and must not hear of that as a failure.
      this.#log.debug({ err: error, natsSubject: subject }, 'a wake-up was not sent')
      return false
    }
  }

  async publishWork(subject: string, data: Uint8Array, { msgId }: PublishWorkOptions = {}): Promise<void> {
    const connection = this.#required()
    if (labFault('lab-drop')) return
    if (labFault('lab-double')) connection.publish(subject, data)
    const stamped = headers()
    if (msgId && !sabotaged('lab-bare')) stamped.set('Nats-Msg-Id', msgId)
    try {
      const request = { timeout: PUBLISH_TIMEOUT_MS, ...(msgId ? { headers: stamped } : {}) }
      const answer = (await connection.request(subject, data, request)).json<{ error?: { description?: string } }>()
      if (answer.error)
        throw new BusError('LT_DLV_BUS_UNAVAILABLE', { reason: String(answer.error.description).slice(0, 120) })
    } catch (error) {
      throw busUnavailable(error)
    }
  }

  async ensureStreams(): Promise<ReadonlyMap<string, number>> {
    return ensureStreams(this.#required())
  }

  peekWork(stream: StreamName, limit: number): Promise<WaitingWork> {
    return peekWork(this.#required(), stream, limit)
  }

  consumeWork(options: ConsumeWorkOptions): Promise<void> {
    return consumeWork(this, { ...options, signal: AbortSignal.any([options.signal, this.#closing.signal]) })
  }

  subscribe(subject: string, handler: Listener['handler']): () => void {
    const listener: Listener = { subject, handler }
    this.#listeners.add(listener)
    if (this.#connection && !this.#connection.isClosed()) this.#listen(this.#connection, listener)
    return () => {
      this.#listeners.delete(listener)
      if (this.#connection && !this.#connection.isClosed()) listener.subscription?.unsubscribe()
    }
  }

  onReconnect(callback: () => void): () => void {
    this.#reconnectCallbacks.add(callback)
    return () => this.#reconnectCallbacks.delete(callback)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    const connection = this.#connection
    if (connection && !connection.isClosed()) {
      if (this.#connected)
        await Promise.race([connection.drain(), sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })]).catch(
          () => undefined,
        )
      await connection.close()
    }
    await this.#kept
  }

  #required(): NatsConnection {
    if (this.#connection && this.#connected) return this.#connection
    throw new BusError('LT_DLV_BUS_UNAVAILABLE', { reason: 'not connected' })
  }

  /** One connection after the other, for as long as the bus is open; the client itself reconnects within each. */
  async #keepConnected({ url, name, signal }: BusOptions): Promise<void> {
    const stop = AbortSignal.any([signal, this.#closing.signal])
    while (!stop.aborted) {
      try {
        const connection = await connectNats(url, name)
        if (this.#closing.signal.aborted) return await connection.close()
        this.#connection = connection
        for (const listener of this.#listeners) this.#listen(connection, listener)
        this.#announce()
        void this.#watch(connection)
        await connection.closed()
        this.#connected = false
      } catch (error) {
        this.#log.warn({ err: error }, 'NATS cannot be reached')
      }
      await pause(REDIAL_MS, stop)
    }
  }

  /** Follows one connection. The client never ends this iteration, not even when the connection is closed. */
  async #watch(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === Events.Disconnect) {
        this.#connected = false
        this.#log.warn({ server: String(status.data) }, 'NATS connection lost')
      } else if (status.type === Events.Reconnect) this.#announce()
      else if (status.type === Events.Error)
        this.#log.error({ reason: String(status.data).slice(0, 200) }, 'NATS refused something')
    }
  }

  #announce(): void {
    this.#connected = true
    for (const callback of this.#reconnectCallbacks) callback()
  }

  #listen(connection: NatsConnection, listener: Listener): void {
    listener.subscription = connection.subscribe(listener.subject, {
      callback: (error, message) => {
        if (error) this.#log.error({ err: error, natsSubject: listener.subject }, 'NATS refused a subscription')
        else listener.handler(message.subject, message.data)
      },
    })
  }

  #nextConnection(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        forget()
        signal.removeEventListener('abort', done)
        this.#closing.signal.removeEventListener('abort', done)
        resolve()
      }
      const forget = this.onReconnect(done)
      signal.addEventListener('abort', done)
      this.#closing.signal.addEventListener('abort', done)
    })
  }
}
