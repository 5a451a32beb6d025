import t from 'tap'
import { openQueues } from '../../libs/queue/index.ts'
import { changeSystem } from '../../libs/registry/index.ts'
import { createLogger } from '../../libs/runtime/index.ts'
import { attemptsOf, closed, type Sent, send, startPushWorld, state } from '../harness/push-world.ts'
import type { World } from '../harness/world.ts'

async function breakerOf(world: World, system: string, purpose = 'push') {
  const { rows } = await world.eyes.query(
    'select b.* from push_breaker b join system s on s.id = b.system_id where s.code = $1 and purpose = $2',
    [system, purpose],
  )
  return rows[0]
}

async function breakerEvents(world: World): Promise<{ event: string; details: string }[]> {
  const { rows } = await world.eyes.query(
    `select e.event, d.details from audit_entry e join audit_detail d on d.entry_id = e.id where e.event like 'EndpointBreaker%' order by e.id`,
  )
  return rows
}

t.test('a broken endpoint is left alone but for probes, and taken up again when it answers', async (t) => {
  const { world, endpoint } = await startPushWorld(t, { environment: { PUSH_CONCURRENCY: '1', MAX_ATTEMPTS: '300' } })
  endpoint.behave('demo-h26', () => ({ status: 500 }))
  const sent: Sent[] = []
  for (let i = 0; i < 12; i++) sent.push(await send(world, ['H26']))
  await world.until(async () => (await breakerOf(world, 'demo-h26'))?.state === 'open', 20_000)
  const opening = endpoint.hits.length
  t.ok(opening <= 5 + 1, `open after ${opening} hits: five, and a probe at most`)
  t.match(await breakerOf(world, 'demo-h26'), { failures: 5, code: 'LT_DLV_ENDPOINT_FAILED' })

  await t.test('only probes go, one at a time, with a pause that grows', async (t) => {
    let [busy, most] = [0, 0]
    endpoint.behave('demo-h26', async () => {
      most = Math.max(most, ++busy)
      await new Promise((resolve) => setTimeout(resolve, 60))
      busy--
      return { status: 500 }
    })
    await world.until(async () => (await breakerOf(world, 'demo-h26')).probes >= 4)
    const hits = endpoint.hits.filter(({ path }) => path === 'demo-h26')
    const probes = hits.slice(-3).map(({ at }) => at)
    t.equal(most, 1, 'one at a time')
    t.ok((probes[2] as number) - (probes[1] as number) > 350, 'the pause has grown')
    const { rows } = await world.eyes.query(`select count(*)::int as count from consignment where attempt > 0`)
    const { rows: tries } = await world.eyes.query(`select count(*)::int as count from delivery_attempt`)
    t.equal(tries[0].count, endpoint.hits.length, 'an attempt is a hit: what waits burns none')
    t.ok(rows[0].count > 1, 'probes are spread over documents')
    t.ok(
      (await Promise.all(sent.map(({ consignments }) => state(world, consignments.H26 as string)))).every((each) =>
        ['QUEUED', 'RETRYING'].includes(each ?? ''),
      ),
    )
  })

  await t.test('Redis wiped and delivery started anew: it is still open', async (t) => {
    await world.stop('delivery')
    await world.servers.redis.wipe()
    const before = endpoint.hits.length
    await world.start('delivery')
    await new Promise((resolve) => setTimeout(resolve, 500))
    t.ok(endpoint.hits.length - before <= 2, `${endpoint.hits.length - before} hits in half a second`)
    t.not((await breakerOf(world, 'demo-h26')).state, 'closed')
  })

  await t.test('it answers again: everything arrives', async (t) => {
    endpoint.behave('demo-h26', () => ({ status: 200 }))
    const mended = performance.now()
    for (const { dispatch } of sent)
      t.match((await closed(world, dispatch, 30_000)).recipients, [{ state: 'ACKNOWLEDGED' }])
    t.comment(`FIGURES mended to all delivered ${Math.round(performance.now() - mended)} ms`)
    t.match(await breakerOf(world, 'demo-h26'), { state: 'closed', failures: 0, code: null })
    const events = await breakerEvents(world)
    t.same(
      events.map(({ event }) => event),
      ['EndpointBreakerOpened', 'EndpointBreakerClosed'],
      'opening and closing are facts of the log, probes are not',
    )
    t.match(JSON.parse(events[0]?.details ?? ''), {
      system: 'demo-h26',
      purpose: 'push',
      code: 'LT_DLV_ENDPOINT_FAILED',
    })
  })
})

t.test('an endpoint that hangs, or says it is busy', async (t) => {
  const { world, endpoint } = await startPushWorld(t, { environment: { MAX_ATTEMPTS: '300' } })

  await t.test('busy is no failure', async (t) => {
    endpoint.behave('demo-h26', ({ earlier }) => ({ status: earlier < 7 ? 429 : 200 }))
    const { dispatch, consignments } = await send(world, ['H26'])
    await closed(world, dispatch, 30_000)
    t.equal((await attemptsOf(world, consignments.H26 as string)).length, 8)
    t.same(await breakerEvents(world), [])
  })

  await t.test('no answer counts; another address is another endpoint', async (t) => {
    endpoint.behave('demo-h53', () => 'hang')
    const sent = await Promise.all(Array.from({ length: 6 }, () => send(world, ['H53'])))
    await world.until(async () => (await breakerOf(world, 'demo-h53'))?.state === 'open', 20_000)
    t.match(await breakerOf(world, 'demo-h53'), { code: 'LT_DLV_NO_ANSWER' })
    await changeSystem(world.operator, 'demo-h53', { pushUrl: endpoint.url('elsewhere') })
    for (const { dispatch } of sent) await closed(world, dispatch, 30_000)
    t.equal(new Set(endpoint.hits.filter(({ path }) => path === 'elsewhere').map((hit) => hit.consignment)).size, 6)
  })

  await t.test('the time to live runs on behind an open breaker', async (t) => {
    endpoint.behave('demo-h26', () => ({ status: 500 }))
    const sent = await Promise.all(Array.from({ length: 7 }, () => send(world, ['H26'])))
    await world.until(async () => (await breakerOf(world, 'demo-h26'))?.state === 'open', 20_000)
    const ids = sent.map(({ consignments }) => consignments.H26 as string)
    // As if they had been consigned two minutes ago, with a minute to live.
    await changeSystem(world.operator, 'demo-h26', { pushTtlMinutes: 1 })
    await world.eyes.query(
      `update consignment set available_at = available_at - interval '2 minutes' where id = any($1)`,
      [ids],
    )
    await world.until(
      async () => (await Promise.all(ids.map((id) => state(world, id)))).every((each) => each === 'DEAD'),
      30_000,
    )
    t.pass('all of them are dead letters')
    const { rows } = await world.eyes.query(`select distinct refusal_reason from consignment where id = any($1)`, [ids])
    t.same(rows, [{ refusal_reason: 'LT_DLV_TIME_OVER' }])
  })
})

t.test('an entry that was wiped from Redis behind an open breaker comes again', async (t) => {
  const { world, endpoint } = await startPushWorld(t, { environment: { PUSH_CONCURRENCY: '1' } })
  endpoint.behave('demo-h26', () => ({ status: 500 }))
  const sent = await Promise.all(Array.from({ length: 8 }, () => send(world, ['H26'])))
  await world.until(async () => (await breakerOf(world, 'demo-h26'))?.state === 'open', 20_000)
  await world.servers.redis.wipe()
  const queues = await openQueues({
    redisUrl: world.servers.redis.url,
    name: 'test',
    log: createLogger('test', { level: 'silent' }),
  })
  t.teardown(() => queues.close())
  endpoint.behave('demo-h26', () => ({ status: 200 }))
  for (const { dispatch } of sent) await closed(world, dispatch, 40_000)
  t.equal(new Set(endpoint.hits.map(({ consignment }) => consignment)).size, 8)
})
