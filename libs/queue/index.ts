export { type AddOptions, openQueues, type Queues, type QueuesOptions } from './open-queues.ts'
export { openRedis, type Redis, type RedisOptions } from './open-redis.ts'
export type { QueueWorker, Timed, WorkQueueOptions } from './work-queue.ts'
