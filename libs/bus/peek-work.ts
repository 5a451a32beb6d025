import type { NatsConnection } from 'nats'
import { busUnavailable } from './bus-unavailable.ts'
import type { StreamName } from './streams.ts'

const API_TIMEOUT_MS = 5_000
const NO_MESSAGE = 10037
const NO_STREAM = 10059

/** What waits in a stream, those under way included. */
export interface WaitingWork {
  readonly total: number
  /** The oldest ones, as they were published. */
  readonly messages: readonly { readonly sequence: number; readonly subject: string; readonly data: Uint8Array }[]
}

/** Reads the oldest messages of a stream one by one; they stay where they are. @throws BusError LT_DLV_BUS_UNAVAILABLE */
export async function peekWork(connection: NatsConnection, stream: StreamName, limit: number): Promise<WaitingWork> {
  try {
    const manager = await connection.jetstreamManager({ checkAPI: false, timeout: API_TIMEOUT_MS })
    const { state } = await manager.streams.info(stream)
    const messages: WaitingWork['messages'][number][] = []
    for (let sequence = state.first_seq; messages.length < limit && sequence <= state.last_seq; ) {
      const message = await manager.streams.getMessage(stream, { seq: sequence, next_by_subj: '>' } as { seq: number })
      messages.push({ sequence: message.seq, subject: message.subject, data: message.data })
      sequence = message.seq + 1
    }
    return { total: state.messages, messages }
  } catch (error) {
    const code = (error as { api_error?: { err_code?: number } } | undefined)?.api_error?.err_code
    // Taken between two looks, or there is no such stream: nothing waits.
    if (code === NO_MESSAGE || code === NO_STREAM) return { total: 0, messages: [] }
    throw busUnavailable(error)
  }
}
