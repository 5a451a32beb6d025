import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { buildHttpServer, createRateLimit } from '../../libs/http/index.ts'
import { createLimitStore } from '../../libs/http/limit-store.ts'
import { openRedis } from '../../libs/queue/index.ts'
import { createLogger } from '../../libs/runtime/index.ts'
import { startRedis } from '../harness/start-broker.ts'

const log = createLogger('limits-test', { level: 'silent' })
const redisServer = await startRedis(t)

/** One of several processes that share limits; each answers how long a request took and its status. */
async function startReplica(): Promise<(key: string) => Promise<{ status: number; tookMs: number }>> {
  const redis = openRedis({ url: redisServer.url, name: 'replica', log })
  const server = await buildHttpServer({
    name: 'replica',
    log,
    bodyLimit: 1_000,
    requestTimeoutMs: 10_000,
    headersTimeoutMs: 10_000,
    maxHeaderBytes: 16_384,
    rateLimitRedis: redis,
  })
  const keyOf = ({ headers }: { headers: Record<string, unknown> }): string => String(headers['x-key'])
  const limit = createRateLimit(server, { name: 'test', max: 4, windowMs: 60_000, keyOf })
  server.get('/', { onRequest: (request) => limit.count(request) }, async () => ({}))
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(async () => {
    await server.close()
    redis.disconnect()
  })
  return async (key) => {
    const begun = performance.now()
    const { status } = await fetch(url, { headers: { 'x-key': key } })
    return { status, tookMs: performance.now() - begun }
  }
}

const [one, other] = [await startReplica(), await startReplica()]

/** Waits until what one counts holds for the other too. */
async function untilShared(prefix: string): Promise<void> {
  for (let round = 0; round < 100; round++) {
    for (let turn = 0; turn < 4; turn++) await one(`${prefix}-${round}`)
    if ((await other(`${prefix}-${round}`)).status === 429) return
    await sleep(100)
  }
  throw new Error('limits are not shared')
}

t.test('replicas count together', async (t) => {
  await untilShared('warm')
  const statuses: number[] = []
  for (let turn = 0; turn < 6; turn++) statuses.push((await (turn % 2 ? one : other)('a')).status)
  t.same(statuses, [200, 200, 200, 200, 429, 429])
  t.equal((await one('b')).status, 200, 'another key has its own window')
})

/** Counts a hit of a key and answers the count; `meanwhile` runs between question and answer. */
async function openCounter(): Promise<(key: string, meanwhile?: () => unknown) => Promise<number>> {
  const redis = openRedis({ url: redisServer.url, name: 'counter', log })
  t.teardown(() => redis.disconnect())
  while (redis.status !== 'ready') await sleep(10)
  const store = createLimitStore(redis)
  return (key, meanwhile = () => undefined) =>
    new Promise((resolve) => {
      store.incr(key, (_, { current }) => resolve(current), 60_000)
      meanwhile()
    })
}

t.test('an answer that lies there when this process was busy is taken, and Redis is not away for it', async (t) => {
  const [busy, idle] = [await openCounter(), await openCounter()]
  for (let turn = 1; turn <= 3; turn++) t.equal(await idle('blocked'), turn)
  const block = (): void => {
    for (const begun = performance.now(); performance.now() - begun < 300; );
  }
  t.equal(await busy('blocked', block), 4)
  t.equal(await busy('blocked'), 5)
})

t.test('one late answer does not make Redis away', async (t) => {
  const [slow, idle] = [await openCounter(), await openCounter()]
  await idle('late')
  await idle('late')
  redisServer.freeze()
  t.equal(await slow('late'), 1, 'counted here')
  redisServer.resume()
  t.equal(await slow('late'), 4, 'with what the late question counted')
})

for (const [how, hurt, mend] of [
  ['frozen', () => redisServer.freeze(), () => redisServer.resume()],
  ['away', () => redisServer.kill(), () => redisServer.start()],
] as const) {
  t.test(`Redis ${how}: nobody is refused or kept waiting for that, and each process goes on counting`, async (t) => {
    await hurt()
    const answers = []
    for (let turn = 0; turn < 5; turn++) answers.push(await one(how))
    t.same(
      answers.map(({ status }) => status),
      [200, 200, 200, 200, 429],
    )
    t.ok(
      answers.every(({ tookMs }) => tookMs < 500),
      answers.map(({ tookMs }) => Math.round(tookMs)).join(),
    )
    t.equal((await other(how)).status, 200, 'for itself')
    await mend()
    await untilShared(how)
  })
}

t.test('who was told a count may ask for the next one: nobody is forgotten when nobody else asks', async (t) => {
  const redis = openRedis({ url: redisServer.url, name: 'sequence', log })
  t.teardown(() => redis.disconnect())
  const store = createLimitStore(redis)
  const ask = (how: 'incr' | 'read', key: string): Promise<number> =>
    new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error(`${key} was never answered`)), 5_000).unref()
      store[how](key, (_, { current }) => resolve(current), 60_000)
    })
  for (let round = 1; round <= 20; round++) {
    await ask('read', 'first')
    await ask('read', 'second')
    t.equal(await ask('incr', 'third'), round)
  }
})
