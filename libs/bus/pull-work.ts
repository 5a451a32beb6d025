import { createInbox, type Msg, type NatsConnection, type Subscription } from 'nats'
import { type PulledMessage, toWorkMessage } from './work-message.ts'

/** How long the server keeps a request for work open. A vanished consumer is noticed one second after. */
export const EXPIRES_MS = 5_000
const OVERDUE_MS = EXPIRES_MS + 1_000

export interface PullOptions {
  readonly stream: string
  readonly durable: string
  readonly batch: number
  readonly inboxPrefix: string
  onMessages(): void
  /** The consumer or its stream is gone, or the connection lost the request: start over. */
  onBroken(reason: string): void
}

/**
 * Asks the consumer for work, one open request at a time, and keeps at most two batches. Speaks the request protocol
 * itself: the client's own iterator hides a vanished stream for as long as it likes.
 */
export class PullWork {
  readonly #connection: NatsConnection
  readonly #options: PullOptions
  readonly #subscription: Subscription
  readonly #inbox: string
  readonly #waiting: PulledMessage[] = []
  #outstanding = 0
  #overdue: NodeJS.Timeout | undefined
  #stopped = false

  constructor(connection: NatsConnection, options: PullOptions) {
    this.#connection = connection
    this.#options = options
    this.#inbox = createInbox(options.inboxPrefix)
    this.#subscription = connection.subscribe(this.#inbox, {
      callback: (error, message) => (error ? this.#break(error.message) : this.#receive(message)),
    })
    this.#request()
  }

  /** Up to one batch of what has arrived; asks for more. */
  take(): PulledMessage[] {
    const taken = this.#waiting.splice(0, this.#options.batch)
    this.#request()
    return taken
  }

  /** Gives back what was not taken, so that another process gets it now and not after the acknowledgement deadline. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    clearTimeout(this.#overdue)
    if (!this.#connection.isClosed()) this.#subscription.unsubscribe()
    for (const message of this.#waiting.splice(0)) message.nak(0)
  }

  #request(): void {
    const { stream, durable, batch } = this.#options
    // A request that was answered whole is overdue no more, however long the handlers take.
    if (this.#outstanding === 0) clearTimeout(this.#overdue)
    if (this.#stopped || this.#outstanding > 0 || this.#waiting.length >= batch) return
    this.#outstanding = batch
    const request = JSON.stringify({ batch, expires: EXPIRES_MS * 1e6 })
    this.#connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`, request, { reply: this.#inbox })
    clearTimeout(this.#overdue)
    this.#overdue = setTimeout(() => this.#break('no answer'), OVERDUE_MS)
  }

  #receive(message: Msg): void {
    const code = message.headers?.code ?? 0
    if (code >= 300) this.#hear(code, message.headers?.description ?? '')
    else if (this.#stopped) toWorkMessage(this.#connection, message).nak(0)
    else {
      this.#waiting.push(toWorkMessage(this.#connection, message))
      this.#outstanding -= 1
      this.#request()
      this.#options.onMessages()
    }
  }

  /** 404 and 408: nothing more came in time. 409 is either that too, or the end of the consumer. */
  #hear(code: number, description: string): void {
    const ended = code === 503 || (code === 409 && /deleted|leadership/i.test(description))
    if (ended) this.#break(`${code} ${description}`)
    else {
      this.#outstanding = 0
      this.#request()
    }
  }

  #break(reason: string): void {
    if (this.#stopped) return
    this.stop()
    this.#options.onBroken(reason)
  }
}
