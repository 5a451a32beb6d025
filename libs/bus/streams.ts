import {
  DiscardPolicy,
  type NatsConnection,
  nanos,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfoRequestOptions,
} from 'nats'
import { busUnavailable } from './bus-unavailable.ts'
import { healStream } from './heal-stream.ts'

const API_TIMEOUT_MS = 5_000
const STREAM_NOT_FOUND = 10059

export type StreamName = 'DISPATCH' | 'CONSIGNMENT_PUSH'

/**
 * The streams, one per kind of work. Work-queue retention: a message goes when it is acknowledged. `discard: new`: a full
 * stream refuses, the publisher sees it and the sweeper tries again; the oldest work is never dropped in silence.
 */
const STREAMS: Readonly<Record<StreamName, Partial<StreamConfig>>> = {
  DISPATCH: { subjects: ['lt.dispatch.accepted.*'] },
  CONSIGNMENT_PUSH: { subjects: ['lt.consignment.push.>'] },
}
/** Where messages are counted by subject: only where there are few of them. */
const COUNTED: Readonly<Partial<Record<StreamName, Partial<StreamInfoRequestOptions>>>> = {
  DISPATCH: { subjects_filter: 'lt.dispatch.accepted.*' },
}
const SHARED: Partial<StreamConfig> = {
  discard: DiscardPolicy.New,
  duplicate_window: nanos(120_000),
  max_bytes: 1024 ** 3,
  max_msg_size: 4096,
}

/**
 * Makes the streams where they are gone, and gets them going that came back half. Answers how many messages wait under each subject,
 * those under way included.
 * @throws BusError LT_DLV_BUS_UNAVAILABLE
 */
export async function ensureStreams(connection: NatsConnection): Promise<ReadonlyMap<string, number>> {
  try {
    const manager = await connection.jetstreamManager({ checkAPI: false, timeout: API_TIMEOUT_MS })
    const waiting = new Map<string, number>()
    for (const [name, own] of Object.entries(STREAMS)) {
      const wanted = { ...SHARED, ...own }
      const found = await findStream(() => manager.streams.info(name, COUNTED[name as StreamName]))
      if (!found) {
        const fixed = { name, retention: RetentionPolicy.Workqueue, storage: StorageType.File }
        await manager.streams.add({ ...fixed, ...wanted })
      } else {
        for (const [subject, count] of Object.entries(found.state.subjects ?? {})) waiting.set(subject, count)
        await healStream(connection, manager, found)
        if (differs(found.config, wanted)) await manager.streams.update(name, { ...found.config, ...wanted })
      }
    }
    return waiting
  } catch (error) {
    throw busUnavailable(error)
  }
}

function differs(found: StreamConfig, wanted: Partial<StreamConfig>): boolean {
  return Object.entries(wanted).some(
    ([key, value]) => JSON.stringify(found[key as keyof StreamConfig]) !== JSON.stringify(value),
  )
}

async function findStream<T>(info: () => Promise<T>): Promise<T | undefined> {
  try {
    return await info()
  } catch (error) {
    if (isApiError(error, STREAM_NOT_FOUND)) return undefined
    throw error
  }
}

function isApiError(error: unknown, code: number): boolean {
  return (
    error instanceof Error &&
    'api_error' in error &&
    (error.api_error as { err_code?: number } | undefined)?.err_code === code
  )
}
