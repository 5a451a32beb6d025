import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { changeSystem } from '../../libs/registry/index.ts'
import { processEnvironment } from '../../libs/runtime/index.ts'
import type { Hit } from '../harness/push-endpoint.ts'
import { attemptsOf, closed, send, startPushWorld } from '../harness/push-world.ts'

/** Under a planted defect a test need not be as large, nor wait as long for what will not come. */
const SABOTAGE = processEnvironment().LIENTHONG_SABOTAGE !== undefined

t.test('a dead endpoint holds up nobody else', async (t) => {
  const { world, endpoint } = await startPushWorld(t)
  const COUNT = 24
  /** Milliseconds from submission to the endpoint of `demo-h26`, sorted. */
  const measure = async (): Promise<number[]> => {
    const times = await Promise.all(
      Array.from({ length: COUNT }, async () => {
        const sent = performance.now()
        const { consignments } = await send(world, ['H26'])
        const [hit] = await world.until(
          async () => endpoint.of(consignments.H26 as string).length > 0 && endpoint.of(consignments.H26 as string),
        )
        return (hit as Hit).at - sent
      }),
    )
    return times.sort((a, b) => a - b)
  }
  const say = (times: readonly number[]): string =>
    `p50 ${Math.round(times[COUNT >> 1] ?? 0)} ms, max ${Math.round(times.at(-1) ?? 0)} ms`
  await measure()
  const alone = await measure()
  endpoint.behave('demo-h53', () => 'hang')
  const stuck = await Promise.all(Array.from({ length: 16 }, () => send(world, ['H53'])))
  await world.until(async () => endpoint.hits.filter(({ path }) => path === 'demo-h53').length >= 4)
  const beside = await measure()
  t.comment(`FIGURES ${COUNT} pushes at once: alone ${say(alone)}; beside a dead endpoint ${say(beside)}`)
  t.equal(beside.length, COUNT, 'all of them, while the other hangs')
  const open = await world.eyes.query(
    `select count(*)::int as count from delivery_attempt a join consignment c on c.id = a.consignment_id where a.ended_at is null and c.agency_code = 'H53'`,
  )
  t.ok(open.rows[0].count <= 4, 'no more at a time than the system is allowed')
  endpoint.behave('demo-h53', () => ({ status: 200 }))
  await Promise.all(stuck.map(({ dispatch }) => closed(world, dispatch, 60_000)))
})

t.test('NATS and Redis wiped mid-flight: everything is delivered, once in effect', async (t) => {
  const { world, endpoint } = await startPushWorld(t)
  const COUNT = SABOTAGE ? 20 : 60
  const slow = async (): Promise<{ status: number }> => {
    await new Promise((resolve) => setTimeout(resolve, 250))
    return { status: 200 }
  }
  let failures = 0
  endpoint.behave('demo-h26', (hit) => (hit.earlier === 0 && ++failures % 3 === 0 ? { status: 503 } : slow()))
  endpoint.behave('demo-h53', slow)
  const first = await Promise.all(Array.from({ length: COUNT / 2 }, () => send(world, ['H26', 'H53'])))
  await world.until(async () => endpoint.hits.length >= 3)
  await Promise.all([world.servers.redis.wipe(), world.servers.nats.wipe()])
  const second = await Promise.all(Array.from({ length: COUNT / 2 }, () => send(world, ['H26', 'H53'])))
  const wiped = performance.now()
  const all = [...first, ...second]
  for (const { dispatch } of all)
    t.match((await closed(world, dispatch, SABOTAGE ? 20_000 : 60_000)).recipients, [
      { state: 'ACKNOWLEDGED' },
      { state: 'ACKNOWLEDGED' },
    ])
  t.comment(
    `FIGURES wipe: ${all.length * 2} consignments, ${endpoint.hits.length} hits, all closed ${Math.round(performance.now() - wiped)} ms after it`,
  )
  const expected = all.flatMap(({ consignments }) => Object.values(consignments)).toSorted()
  t.same(
    [...new Set(endpoint.hits.map(({ consignment }) => consignment))].toSorted(),
    expected,
    'each consignment, and no other',
  )
  const { rows } = await world.eyes.query(
    'select count(*)::int as consignments, count(distinct (dispatch_id, agency_code))::int as pairs from consignment',
  )
  t.same(rows, [{ consignments: expected.length, pairs: expected.length }])
  for (const { packet, consignments } of all) {
    for (const id of Object.values(consignments)) t.ok(endpoint.of(id).every(({ body }) => body.equals(packet)))
  }
})

t.test('delivery killed in the middle of an attempt: ambiguous, then again under the same id', async (t) => {
  const environment = { TIME_TO_LIVE_MS: '1000' }
  const { world, endpoint } = await startPushWorld(t, { processes: ['delivery'], environment })
  // Its own time is longer, also for what the sweeper ends.
  await changeSystem(world.operator, 'demo-h26', { pushTtlMinutes: 60 })
  await sleep(2500)
  endpoint.behave('demo-h26', ({ earlier }) => (earlier === 0 ? 'hang' : { status: 200 }))
  const { dispatch, consignments, packet } = await send(world, ['H26'])
  const id = consignments.H26 as string
  await world.until(async () => endpoint.of(id).length === 1)
  await world.processOf('delivery').kill()
  t.match(await attemptsOf(world, id), [{ attempt: 1, outcome: null }], 'begun, and nobody knows')
  const killed = performance.now()
  await world.stop('delivery')
  await world.start('delivery')
  await closed(world, dispatch, 60_000)
  t.comment(`FIGURES killed to closed ${Math.round(performance.now() - killed)} ms`)
  t.match(await attemptsOf(world, id), [{ outcome: 'ambiguous', code: 'LT_DLV_INTERRUPTED' }, { outcome: 'delivered' }])
  t.equal(endpoint.of(id).length, 2)
  t.ok(endpoint.of(id).every(({ body }) => body.equals(packet)))
})
