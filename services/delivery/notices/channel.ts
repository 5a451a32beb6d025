import type { ErrorCode } from '../../../libs/errors/index.ts'
import type { Message } from './compose-message.ts'

/**
 * What became of a message. `WAITING`: surely not sent, later may be better. `UNSURE`: it may have left; it is never sent again,
 * because nobody is told twice.
 */
export type SendOutcome =
  | { readonly state: 'SENT' }
  | { readonly state: 'WAITING' | 'FAILED' | 'UNSURE'; readonly code: ErrorCode; readonly reason: string }

export type ChannelName = 'mail' | 'sms'

/** A way to tell people something. */
export interface Channel {
  /** The longest that sending one message may take, in milliseconds. */
  readonly longestMs: number
  /** Sends one message, once. Never rejects: whatever happens is an outcome. */
  send(message: Message): Promise<SendOutcome>
  close(): Promise<void>
}
