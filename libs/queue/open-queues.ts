import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { BusError } from '../errors/index.ts'
import { type Logger, sabotaged } from '../runtime/index.ts'
import { openRedis, openWorkerRedis } from './open-redis.ts'
import { queueUnavailable } from './queue-unavailable.ts'
import { within } from './within.ts'
import { type QueueWorker, type Timed, type WorkQueueOptions, workQueue } from './work-queue.ts'

const ANSWER_MS = 2_000
const PREFIX = 'lt'

export interface QueuesOptions {
  readonly redisUrl: string
  readonly name: string
  readonly log: Logger
}

export interface AddOptions {
  /** Adding an id that still waits changes nothing. Ids are free again once their entry has run. */
  readonly id: string
  /** Small and without content: references only. */
  readonly data: Readonly<Record<string, string | number>>
  /** Not before so many milliseconds from now. */
  readonly delayMs?: number
  /** Goes before everything of its queue that is not. */
  readonly urgent?: boolean
}

/** Time and order for work whose truth is in PostgreSQL: one queue per system, entries given out when they are due. */
export interface Queues {
  readonly connected: boolean
  /** @throws BusError LT_DLV_QUEUE_UNAVAILABLE when Redis does not answer within 2 s */
  add(queue: string, entry: AddOptions): Promise<void>
  /** Adds many in one exchange. @throws BusError LT_DLV_QUEUE_UNAVAILABLE */
  addAll(queue: string, entries: readonly AddOptions[]): Promise<void>
  work(queue: string, options: WorkQueueOptions): QueueWorker
  /** @throws BusError LT_DLV_QUEUE_UNAVAILABLE */
  counts(queue: string): Promise<{ readonly waiting: number; readonly delayed: number; readonly active: number }>
  /** What waits in a queue or runs, soonest first, and takes nothing. @throws BusError LT_DLV_QUEUE_UNAVAILABLE */
  peek(queue: string, limit: number): Promise<Peeked[]>
  /** Calls back when Redis is reachable again; it may have come back empty. Answers the function that stops it. */
  onReconnect(callback: () => void): () => void
  /** Closes all workers (waiting for what runs), then the connections. */
  close(): Promise<void>
}

/** An entry that is in a queue, and when its turn comes. */
export interface Peeked extends Timed {
  readonly dueAtMs: number
}

/** Opens the queues of one service. Never fails for Redis being away: adding fails until it is back, workers wait. */
export async function openQueues({ redisUrl, name, log }: QueuesOptions): Promise<Queues> {
  const adding = openRedis({ url: redisUrl, name, log })
  const working = openWorkerRedis({ url: redisUrl, name: `${name} worker`, log })
  await firstConnection(adding)
  return new RedisQueues(adding, working, log)
}

class RedisQueues implements Queues {
  readonly #adding: Redis
  readonly #working: Redis
  readonly #log: Logger
  readonly #queues = new Map<string, Queue>()
  readonly #workers = new Set<QueueWorker>()

  constructor(adding: Redis, working: Redis, log: Logger) {
    this.#adding = adding
    this.#working = working
    this.#log = log
  }

  get connected(): boolean {
    return this.#adding.status === 'ready'
  }

  add(queue: string, entry: AddOptions): Promise<void> {
    return this.addAll(queue, [entry])
  }

  async addAll(queue: string, entries: readonly AddOptions[]): Promise<void> {
    const jobs = entries.map(({ id, data, delayMs = 0, urgent = false }) => ({
      name: 'due',
      data,
      // Both must go at the end: a reused id of a kept entry would be dropped in silence.
      opts: {
        jobId: id,
        delay: Math.max(0, Math.round(delayMs)),
        removeOnComplete: true,
        removeOnFail: true,
        attempts: 1,
        // Entries without a priority go before all that have one.
        ...(urgent !== sabotaged('urgent-last') ? {} : { priority: 1 }),
      },
    }))
    await this.#answer(() => this.#queue(queue).addBulk(jobs))
  }

  work(queue: string, options: WorkQueueOptions): QueueWorker {
    const worker = workQueue(queue, PREFIX, this.#working, this.#log, options)
    const close = async (): Promise<void> => {
      await worker.close()
      this.#workers.delete(tracked)
    }
    const tracked: QueueWorker = { close, setConcurrency: worker.setConcurrency }
    this.#workers.add(tracked)
    return tracked
  }

  async counts(queue: string): Promise<{ waiting: number; delayed: number; active: number }> {
    const {
      waiting = 0,
      prioritized = 0,
      delayed = 0,
      active = 0,
    } = await this.#answer(() => this.#queue(queue).getJobCounts('waiting', 'prioritized', 'delayed', 'active'))
    return { waiting: waiting + prioritized, delayed, active }
  }

  async peek(queue: string, limit: number): Promise<Peeked[]> {
    const jobs = await this.#answer(() =>
      this.#queue(queue).getJobs(['active', 'waiting', 'prioritized', 'delayed'], 0, limit - 1, true),
    )
    // One that runs out between two questions comes as nothing.
    return jobs.flatMap((job) =>
      job ? [{ id: job.id ?? '', data: job.data as unknown, dueAtMs: job.timestamp + job.delay }] : [],
    )
  }

  onReconnect(callback: () => void): () => void {
    this.#adding.on('ready', callback)
    return () => void this.#adding.off('ready', callback)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.close()))
    this.#adding.disconnect()
    this.#working.disconnect()
  }

  #queue(name: string): Queue {
    const known = this.#queues.get(name)
    if (known) return known
    const queue = new Queue(name, { connection: this.#adding, prefix: PREFIX, skipVersionCheck: true })
    queue.on('error', (error) => this.#log.debug({ err: error, queue: name }, 'queue'))
    this.#queues.set(name, queue)
    return queue
  }

  async #answer<T>(ask: () => Promise<T>): Promise<T> {
    if (!this.connected) throw new BusError('LT_DLV_QUEUE_UNAVAILABLE', { reason: 'not connected' })
    try {
      return await within(ANSWER_MS, ask())
    } catch (error) {
      throw queueUnavailable(error)
    }
  }
}

/** Waits for the first connection, but never longer than a start may take. */
async function firstConnection(redis: Redis): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ANSWER_MS)
    redis.once('ready', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
