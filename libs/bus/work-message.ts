import type { Msg, NatsConnection } from 'nats'

/** One piece of work. Whatever the handler does not settle itself is acknowledged when it resolves. */
export interface WorkMessage {
  readonly subject: string
  readonly data: Uint8Array
  /** Done: the server forgets it. */
  ack(): void
  /** Still at it: the server waits from now on as long as it would for a new one. */
  working(): void
  /** Not now: the server hands it out again after `delayMs`. */
  nak(delayMs: number): void
}

export interface PulledMessage extends WorkMessage {
  readonly settled: boolean
}

/** Acknowledging by the wire protocol: an empty answer is fire and forget, a lost one means a second delivery. */
export function toWorkMessage(connection: NatsConnection, message: Msg): PulledMessage {
  let settled = false
  const settle = (answer: string): void => {
    if (settled || !message.reply || connection.isClosed()) return
    settled = true
    connection.publish(message.reply, answer)
  }
  return {
    subject: message.subject,
    data: message.data,
    get settled() {
      return settled
    },
    ack: () => settle('+ACK'),
    working: () => {
      if (!settled && message.reply && !connection.isClosed()) connection.publish(message.reply, '+WPI')
    },
    nak: (delayMs) => settle(`-NAK {"delay": ${Math.round(delayMs * 1e6)}}`),
  }
}
