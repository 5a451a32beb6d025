import t from 'tap'
import { changeSystem } from '../../libs/registry/index.ts'
import type { Hit } from '../harness/push-endpoint.ts'
import { closed, type Sent, send, startPushWorld, state } from '../harness/push-world.ts'
import { fetchToken } from '../harness/world.ts'

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

t.test('an urgent document goes before what waits for the same system', async (t) => {
  const { world, endpoint } = await startPushWorld(t, { environment: { PUSH_CONCURRENCY: '2' } })
  const BEFORE = 30
  endpoint.behave('demo-h26', async () => {
    await later(150)
    return { status: 200 }
  })
  const normal: Sent[] = []
  for (let i = 0; i < BEFORE; i++) normal.push(await send(world, ['H26']))
  const { consignments } = await send(world, ['H26'], true)
  const sent = performance.now()
  const [urgent] = await world.until(async () => {
    const hits = endpoint.of(consignments.H26 as string)
    return hits.length > 0 && hits
  })
  const after = endpoint.hits.filter(({ at }) => at > (urgent as Hit).at).length
  for (const { dispatch } of normal) await closed(world, dispatch, 60_000)
  const overtaken = endpoint.hits.filter(({ at }) => at > (urgent as Hit).at).length
  t.ok(
    overtaken >= 5,
    `it overtook ${overtaken} of ${BEFORE} (${after} at once), ${Math.round((urgent as Hit).at - sent)} ms`,
  )
  t.ok((urgent as Hit).at - sent < 1000, 'within a second')
})

t.test('a system is pushed to at the rate and so many at a time as was set for it', async (t) => {
  const { world, endpoint } = await startPushWorld(t, { environment: { PUSH_CONCURRENCY: '8' } })

  await t.test('concurrency', async (t) => {
    let [open, most] = [0, 0]
    endpoint.behave('demo-h53', async () => {
      most = Math.max(most, ++open)
      await later(60)
      open--
      return { status: 200 }
    })
    await changeSystem(world.operator, 'demo-h53', { pushConcurrency: 2 })
    await later(2500)
    const sent = await Promise.all(Array.from({ length: 12 }, () => send(world, ['H53'])))
    for (const { dispatch } of sent) await closed(world, dispatch, 30_000)
    t.equal(most, 2)
  })

  await t.test('rate, urgent ones first', async (t) => {
    // One each 400 ms.
    await changeSystem(world.operator, 'demo-h26', { pushPerMinute: 150 })
    await later(2500)
    endpoint.behave('demo-h26', () => ({ status: 200 }))
    const sent = await Promise.all(Array.from({ length: 14 }, () => send(world, ['H26'])))
    await world.until(async () => endpoint.hits.some(({ path }) => path === 'demo-h26'))
    const urgent = await send(world, ['H26'], true)
    for (const { dispatch } of [...sent, urgent]) await closed(world, dispatch, 60_000)
    const hits = endpoint.hits.filter(({ path }) => path === 'demo-h26')
    t.equal(hits.length, 15)
    const pauses = hits.slice(1).map(({ at }, i) => at - (hits[i] as Hit).at)
    // A little jitter of the network apart.
    t.ok(Math.min(...pauses) > 300, `least pause ${Math.round(Math.min(...pauses))} ms`)
    const [own] = endpoint.of(urgent.consignments.H26 as string)
    t.ok(hits.indexOf(own as Hit) < 14 - 5, `place ${hits.indexOf(own as Hit) + 1} of 15`)
    t.ok(hits.every(({ earlier }) => earlier === 0))
  })
})

t.test('a system that turns to push is pushed what waits in its mailbox', async (t) => {
  const { world, endpoint } = await startPushWorld(t)
  await changeSystem(world.operator, 'demo-h53', { delivery: 'pull' })
  await later(2500)
  const sent = await Promise.all(Array.from({ length: 5 }, () => send(world, ['H53'])))
  const ids = sent.map(({ consignments }) => consignments.H53 as string)
  await world.until(async () =>
    (await Promise.all(ids.map((id) => state(world, id)))).every((each) => each === 'AVAILABLE'),
  )
  // They have lain there for longer than a push may take.
  await world.eyes.query(`update consignment set available_at = now() - interval '30 days' where id = any($1)`, [ids])
  const leased = await world.call('demo-h53', 'POST', '/v1/mailbox/lease', { body: { max: 2 } })
  const held = leased.body.items[0].item.consignment as string
  const { lease, item } = leased.body.items[1]
  const fetched = item.consignment as string
  await world.call('demo-h53', 'GET', `/v1/consignments/${fetched}/parts/0?lease=${lease}`)
  t.equal(await state(world, fetched), 'HANDED_OVER')
  await world.eyes.query(`update consignment set lease_until = now() - interval '1 second' where id = $1`, [fetched])
  await changeSystem(world.operator, 'demo-h53', { delivery: 'push', pushUrl: endpoint.url('demo-h53') })
  const others = ids.filter((id) => id !== held)
  await world.until(
    async () => (await Promise.all(others.map((id) => state(world, id)))).every((each) => each === 'ACKNOWLEDGED'),
    30_000,
  )
  t.equal(await state(world, held), 'AVAILABLE', 'what is leased stays with who leased it')
  t.equal(endpoint.of(held).length, 0)
  const { rows } = await world.eyes.query(
    `select c.id, array_agg(e.event order by l.index) as events from consignment c join audit_entry e on e.consignment_id = c.id
     join log_leaf l on l.entry_id = e.id where c.id = any($1) group by c.id`,
    [others],
  )
  for (const { id, events } of rows) {
    const before = id === fetched ? ['ContentConsignment', 'ContentHandover'] : ['ContentConsignment']
    t.same(
      events.slice(0, before.length + 2),
      [...before, 'REASSIGNED', 'ConsignmentQueued'],
      'each move has its entry, also of what was fetched and never acknowledged',
    )
  }
  await world.call('demo-h53', 'POST', '/v1/mailbox/acknowledge', {
    body: { items: [{ consignment: held, lease: leased.body.items[0].lease }] },
  })
  t.equal(await state(world, held), 'ACKNOWLEDGED')
})

t.test('what the axis signs with is public', async (t) => {
  const { world } = await startPushWorld(t, { services: ['routing', 'gateway'] })
  const response = await fetch(`${world.baseUrl}/v1/keys`)
  t.equal(response.status, 200)
  t.match(response.headers.get('cache-control'), /public, max-age=/)
  const keys = (await response.json()) as {
    receipts: string[]
    delivery: string[]
    tokens: { keys: Record<string, string>[] }
  }
  t.equal(keys.receipts.length, 2)
  t.equal(keys.delivery.length, 2)
  const token = await fetchToken(world.baseUrl, world.systems['demo-g12'] as never)
  const [head = ''] = token.split('.')
  t.equal(JSON.parse(Buffer.from(head, 'base64url').toString()).kid, keys.tokens.keys[0]?.kid)
  t.notMatch(JSON.stringify(keys), /PRIVATE|"d":/)
})
