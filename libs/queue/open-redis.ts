import { Redis } from 'ioredis'
import type { Logger } from '../runtime/index.ts'

export interface RedisOptions {
  readonly url: string
  /** Shown in `CLIENT LIST`. */
  readonly name: string
  readonly log: Logger
}

export type { Redis }

/**
 * A connection that answers or fails within a blink: for adding work and for rate limits, where waiting is worse than
 * doing without. Never throws for being unconnected; it keeps trying and each command fails meanwhile.
 */
export function openRedis(options: RedisOptions): Redis {
  return watch(
    options,
    new Redis(options.url, {
      connectionName: options.name,
      connectTimeout: 1_000,
      commandTimeout: 1_000,
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      retryStrategy,
    }),
  )
}

/** A connection for workers, whose blocking reads wait as long as it takes. */
export function openWorkerRedis(options: RedisOptions): Redis {
  const settings = { connectionName: options.name, connectTimeout: 2_000, maxRetriesPerRequest: null, retryStrategy }
  return watch(options, new Redis(options.url, settings))
}

function retryStrategy(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt, 6), 1_000)
}

/** One line when it is lost, one when it is back: not one per attempt. */
function watch({ log, name }: RedisOptions, redis: Redis): Redis {
  let lost = false
  redis.on('error', (error) => {
    if (!lost) log.warn({ err: error, server: name }, 'Redis cannot be reached')
    lost = true
  })
  redis.on('ready', () => {
    if (lost) log.info({ server: name }, 'Redis is back')
    lost = false
  })
  return redis
}
