import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { PROJECT } from '../../deploy/local/folders.ts'
import { openQueues, openRedis, type Queues, type Timed } from '../../libs/queue/index.ts'
import { createLogger } from '../../libs/runtime/index.ts'
import { freePort, startRedis } from '../harness/harness.ts'

const log = createLogger('test', { level: process.env.LOG_LEVEL ?? 'silent' })

async function open(t: Test, redisUrl: string): Promise<Queues> {
  const queues = await openQueues({ redisUrl, name: 'test', log })
  t.teardown(() => queues.close())
  return queues
}

/** A worker that remembers what it got, and lets a test wait for a number of entries. */
function collect(queues: Queues, queue: string, handler?: (entry: Timed) => Promise<void>) {
  const got: string[] = []
  const seen = new EventTarget()
  const worker = queues.work(queue, {
    concurrency: 1,
    async handler(entry) {
      got.push(entry.id)
      seen.dispatchEvent(new Event('more'))
      await handler?.(entry)
    },
  })
  const until = async (count: number): Promise<string[]> => {
    const signal = AbortSignal.timeout(20_000)
    while (got.length < count) await once(seen, 'more', { signal })
    return got
  }
  return { got, until, worker }
}
const untilTrue = async (condition: () => boolean): Promise<void> => {
  for (let i = 0; i < 1000 && !condition(); i++) await sleep(20)
}

t.test('entries run once, when they are due, each queue by itself', async (t) => {
  const redis = await startRedis(t)
  const queues = await open(t, redis.url)
  const begun = Date.now()
  await queues.addAll('s1', [
    { id: 'late', data: { a: 1 }, delayMs: 300 },
    { id: 'now', data: { a: 2 } },
    { id: 'now', data: { a: 3 } },
  ])
  t.strictSame(await queues.counts('s1'), { waiting: 1, delayed: 1, active: 0 }, 'an id that waits is not taken twice')
  let stuck = (): void => undefined
  const blocked = collect(
    queues,
    's2',
    () =>
      new Promise<void>((resolve) => {
        stuck = resolve
      }),
  )
  await queues.add('s2', { id: 'dead-endpoint', data: {} })
  await blocked.until(1)
  const seen: unknown[] = []
  const one = collect(queues, 's1', async ({ data }) => void seen.push(data))
  t.strictSame(await one.until(2), ['now', 'late'])
  t.ok(Date.now() - begun >= 300)
  t.strictSame(seen, [{ a: 2 }, { a: 1 }])
  await queues.add('s1', { id: 'now', data: {} })
  t.strictSame(await one.until(3), ['now', 'late', 'now'], 'an id is free again once its entry has run')

  let closed = false
  const closing = blocked.worker.close().then(() => {
    closed = true
  })
  await sleep(50)
  t.equal(closed, false, 'closing waits for what runs')
  stuck()
  await closing
  await queues.add('s2', { id: 'after', data: {} })
  t.strictSame(blocked.got, ['dead-endpoint'], 'a closed worker takes nothing more')
})

t.test('a step that fails is gone: trying again is decided in PostgreSQL', async (t) => {
  const redis = await startRedis(t)
  const queues = await open(t, redis.url)
  const worker = collect(queues, 's1', async () => {
    throw new Error('no')
  })
  await queues.add('s1', { id: 'a', data: {} })
  await worker.until(1)
  await queues.add('s1', { id: 'b', data: {} })
  t.strictSame(await worker.until(2), ['a', 'b'])
  await worker.worker.close()
  t.strictSame(await queues.counts('s1'), { waiting: 0, delayed: 0, active: 0 })
})

t.test('Redis killed, started, wiped: adding says so at once, workers go on', async (t) => {
  const redis = await startRedis(t)
  const queues = await open(t, redis.url)
  const worker = collect(queues, 's1')
  await queues.add('s1', { id: 'a', data: {} })
  await worker.until(1)
  let reconnects = 0
  queues.onReconnect(() => {
    reconnects++
  })

  await redis.kill()
  await untilTrue(() => !queues.connected)
  const begun = Date.now()
  await t.rejects(queues.add('s1', { id: 'b', data: {} }), { code: 'LT_DLV_QUEUE_UNAVAILABLE' })
  await t.rejects(queues.counts('s1'), { code: 'LT_DLV_QUEUE_UNAVAILABLE' })
  t.ok(Date.now() - begun < 500)
  await redis.start()
  await untilTrue(() => queues.connected)
  t.equal(reconnects, 1)
  await queues.add('s1', { id: 'c', data: {} })
  t.strictSame(await worker.until(2), ['a', 'c'])

  await redis.wipe()
  await untilTrue(() => reconnects === 2)
  await queues.add('s1', { id: 'd', data: {} })
  t.strictSame(await worker.until(3), ['a', 'c', 'd'])

  redis.freeze()
  await t.rejects(
    queues.add('s1', { id: 'e', data: {} }),
    { code: 'LT_DLV_QUEUE_UNAVAILABLE' },
    'a frozen server is noticed',
  )
  redis.resume()
})

t.test('an entry that a killed process had taken is given out again soon, and once', async (t) => {
  const redis = await startRedis(t)
  const script = `
    import { openQueues } from './libs/queue/index.ts'
    import { createLogger } from './libs/runtime/index.ts'
    const queues = await openQueues({ redisUrl: '${redis.url}', name: 'killed', log: createLogger('killed', { level: 'silent' }) })
    queues.work('s1', { concurrency: 1, handler: () => { process.stdout.write('taken'); return new Promise(() => undefined) } })`
  const child = spawn(process.execPath, ['--import=tsx', '--input-type=module', '-e', script], { cwd: PROJECT })
  t.teardown(() => child.kill('SIGKILL'))
  const queues = await open(t, redis.url)
  await queues.add('s1', { id: 'a', data: {} })
  await once(child.stdout, 'data')
  const other = collect(queues, 's1')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const killed = performance.now()
  await other.until(1)
  const after = performance.now() - killed
  t.ok(after < 16_000, `after ${Math.round(after)} ms`)
  await queues.add('s1', { id: 'b', data: {} })
  t.strictSame(await other.until(2), ['a', 'b'])
})

t.test('a service starts without Redis, and closes without it', async (t) => {
  const url = `redis://127.0.0.1:${await freePort()}`
  const queues = await openQueues({ redisUrl: url, name: 'test', log })
  t.equal(queues.connected, false)
  await t.rejects(queues.add('s1', { id: 'a', data: {} }), { code: 'LT_DLV_QUEUE_UNAVAILABLE' })
  const worker = queues.work('s1', { concurrency: 1, handler: async () => undefined })
  await worker.close()
  await queues.close()

  const redis = openRedis({ url, name: 'rate limit', log })
  const begun = Date.now()
  await t.rejects(redis.incr('x'))
  t.ok(Date.now() - begun < 1500, 'a rate limit can fail open without making anyone wait')
  redis.disconnect()
})
