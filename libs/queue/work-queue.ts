import { Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Logger } from '../runtime/index.ts'
import { within } from './within.ts'

const CLOSE_TIMEOUT_MS = 8_000
/** An entry is held so long at most without a sign of life (one each half of it): a busy process must not lose what it works on. */
const HELD_MS = 8_000
/** Pause between two looks at what is held no longer. What a killed process had is given out again within both together. */
const LOOK_MS = 4_000

/** One entry of a queue as its handler sees it. */
export interface Timed {
  readonly id: string
  /** As given to `add`; read back from Redis, so it must be checked before it is trusted. */
  readonly data: unknown
}

export interface WorkQueueOptions {
  readonly concurrency: number
  /** An entry is gone when it ends, whether it resolved or not: what has to be tried again is a row in PostgreSQL. */
  handler(entry: Timed): Promise<void>
}

export interface QueueWorker {
  /** Entries at a time from now on. */
  setConcurrency(concurrency: number): void
  /** Takes nothing new and waits for what runs. */
  close(): Promise<void>
}

/** Starts to work on one queue. Survives Redis going away and coming back empty. */
export function workQueue(
  name: string,
  prefix: string,
  connection: Redis,
  log: Logger,
  options: WorkQueueOptions,
): QueueWorker {
  const handle = async (id: string, data: unknown): Promise<void> => {
    try {
      await options.handler({ id, data })
    } catch (error) {
      log.error({ err: error, queue: name, job: id }, 'a queued step failed')
    }
  }
  const worker = new Worker(name, (job) => handle(job.id ?? '', job.data), {
    connection,
    prefix,
    concurrency: options.concurrency,
    lockDuration: HELD_MS,
    stalledInterval: LOOK_MS,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  })
  worker.on('error', (error) => log.debug({ err: error, queue: name }, 'worker of a queue'))
  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => {
    try {
      await within(CLOSE_TIMEOUT_MS, worker.close())
    } catch (error) {
      log.warn({ err: error, queue: name }, 'worker did not close in time')
      void worker.close(true)
    }
  }
  return {
    setConcurrency(concurrency) {
      if (worker.concurrency !== concurrency) worker.concurrency = concurrency
    },
    close: () => {
      closed ??= close()
      return closed
    },
  }
}
