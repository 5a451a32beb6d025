import type { ConsumeWorkOptions } from './consume-work.ts'
import type { WaitingWork } from './peek-work.ts'
import type { StreamName } from './streams.ts'

export interface PublishWorkOptions {
  /** `Nats-Msg-Id`: the server drops a second message with it within two minutes. Saves work; correctness never rests on it. */
  readonly msgId?: string
}

/** The connection of one service role to NATS. It carries references and wake-ups, never the truth. */
export interface Bus {
  readonly connected: boolean
  /** Sends a wake-up and forgets it. `false`: not connected, nothing was sent; whoever waits finds out by itself later. */
  publish(subject: string, payload?: Uint8Array | string): boolean
  /**
   * Gives work to its stream and waits until the server holds it. Calls run side by side; the order of one caller is kept.
   * @throws BusError LT_DLV_BUS_UNAVAILABLE when not connected, when the stream is gone, or without an answer for 5 s
   */
  publishWork(subject: string, data: Uint8Array, options?: PublishWorkOptions): Promise<void>
  /**
   * Makes the streams where they are gone and brings their settings up to date; for role `routing` only. Answers how many messages
   * wait under each subject of accepted dispatches, those under way included.
   * @throws BusError LT_DLV_BUS_UNAVAILABLE
   */
  ensureStreams(): Promise<ReadonlyMap<string, number>>
  /**
   * Looks at what waits in a stream, oldest first, and takes nothing.
   * @throws BusError LT_DLV_BUS_UNAVAILABLE, also where this role may not look
   */
  peekWork(stream: StreamName, limit: number): Promise<WaitingWork>
  /** Takes work until `signal` is aborted; resolves when the last handler has finished. Never rejects, never gives up. */
  consumeWork(options: ConsumeWorkOptions): Promise<void>
  /** Listens for wake-ups, also across reconnects. Answers the function that stops it. */
  subscribe(subject: string, handler: (subject: string, data: Uint8Array) => void): () => void
  /** Calls back after each new connection: wake-ups may have been lost in between. Answers the function that stops it. */
  onReconnect(callback: () => void): () => void
  /** Sends what is buffered and closes; at most 2 s. */
  close(): Promise<void>
}
