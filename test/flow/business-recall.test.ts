import t from 'tap'
import {
  acknowledge,
  action,
  fetchHeld,
  type Held,
  lease,
  recall,
  recallPacket,
  receive,
  recipientOf,
  report,
  routeByHand,
  routed,
  sendDocument,
  show,
} from '../harness/business.ts'
import { startWorld, type World } from '../harness/world.ts'

let world: World
t.before(async () => {
  world = await startWorld(t)
})

const codeOf = ({ status, body }: { status: number; body: { code?: string } }) => [status, body?.code]
const events = async (consignment: string): Promise<string[]> =>
  (
    await world.eyes.query('select event from audit_entry where consignment_id = $1 order by event', [consignment])
  ).rows.map(({ event }) => event)

t.test('what nobody took yet is taken back at once, and its receiver hears nothing', async (t) => {
  const document = await sendDocument(world, 'demo-g12', ['H26', 'H53'])
  await routed(world, document.dispatch)
  const asked = await recall(world, document, ['H26', 'H53'])
  t.equal(asked.status, 202)
  for (const agency of ['H26', 'H53']) {
    const row = await recipientOf(
      world,
      document,
      agency,
      ({ state, business }) => state === 'RECALLED' && business.done,
    )
    t.match(row, {
      business: { done: 'recalled', flagged: false, requests: [{ action: 'recall', outcome: 'withdrawn' }] },
    })
    t.same(await events(row.consignment), ['ConsignmentRecalled', 'ContentConsignment'])
  }
  const shown = await world.until(async () => {
    const body = await show(world, 'demo-g12', asked.body.dispatch)
    return body.state === 'CLOSED' && body
  })
  t.same(
    shown.recipients.map(({ state }: { state: string }) => state),
    ['RECALLED', 'RECALLED'],
    'the recall itself is told to nobody',
  )
  t.equal(shown.asks.length, 2)
  const { body: box } = await world.call('demo-h26', 'GET', '/v1/mailbox')
  t.same(box.items, [])
  await world.until(async () => (await show(world, 'demo-g12', document.dispatch)).state === 'CLOSED')
})

t.test('what was acknowledged waits for 15, and is recalled by it', async (t) => {
  const document = await sendDocument(world, 'demo-g12', ['H26', 'H53'])
  const held = await receive(world, 'demo-h26', document.dispatch)
  const asked = await recall(world, document, ['H26', 'H53'])
  const pending = await recipientOf(world, document, 'H26', ({ business }) => business.pending === 'recall')
  t.equal(pending.state, 'ACKNOWLEDGED', 'it stands beside the state')
  await recipientOf(world, document, 'H53', ({ state }) => state === 'RECALLED')
  const { body: seen } = await world.call('demo-h26', 'GET', `/v1/consignments/${held.consignment}`)
  t.match(seen, { state: 'ACKNOWLEDGED', recallPending: true, business: { pending: 'recall' } })

  await receive(world, 'demo-h26', asked.body.dispatch)
  const told = await report(world, 'demo-h26', document, '15')
  t.equal(told.status, 202)
  const done = await recipientOf(world, document, 'H26', ({ state, business }) => state === 'RECALLED' && business.done)
  t.match(done.business, { done: 'recalled', requests: [{ outcome: 'agreed' }] })
  t.notOk(done.business.pending)
  t.equal(done.statuses[0].flagged, undefined)
  t.ok((await events(held.consignment)).includes('BusinessRequestAgreed'))
  const late = await acknowledge(world, 'demo-h26', held)
  t.equal(late.code, 'LT_BOX_LATE')
})

t.test('16 lifts it and everything stands as before', async (t) => {
  const document = await sendDocument(world, 'demo-g12', ['H26'])
  await receive(world, 'demo-h26', document.dispatch)
  await report(world, 'demo-h26', document, '03')
  await recipientOf(world, document, 'H26', ({ business }) => business.code === '03')
  await recall(world, document, ['H26'])
  await recipientOf(world, document, 'H26', ({ business }) => business.pending === 'recall')
  await report(world, 'demo-h26', document, '16', { text: 'đã xử lý xong' })
  const row = await recipientOf(world, document, 'H26', ({ business }) => !business.pending)
  t.match(row, { state: 'ACKNOWLEDGED', business: { code: '03', requests: [{ outcome: 'declined' }] } })
  t.notOk(row.business.done)
})

t.test('with a lease out or the content fetched, the receiver has it: pending, and it may go on', async (t) => {
  const [leased, fetched] = [
    await sendDocument(world, 'demo-g12', ['H26']),
    await sendDocument(world, 'demo-g12', ['H26']),
  ]
  await Promise.all([routed(world, leased.dispatch), routed(world, fetched.dispatch)])
  const items = (await world.call('demo-h26', 'POST', '/v1/mailbox/lease', { body: { max: 50, seconds: 60 } })).body
    .items
  const heldOf = ({ dispatch }: { dispatch: string }): Held => {
    const { item, lease: token } = items.find((each: { item: { dispatch: string } }) => each.item.dispatch === dispatch)
    return { consignment: item.consignment, lease: token }
  }
  const first = heldOf(leased)
  t.equal((await fetchHeld(world, 'demo-h26', heldOf(fetched))).status, 200)
  for (const document of [leased, fetched]) await recall(world, document, ['H26'])
  for (const document of [leased, fetched])
    await recipientOf(world, document, 'H26', ({ business }) => business.pending === 'recall')
  t.equal((await fetchHeld(world, 'demo-h26', first)).status, 200)
  t.equal((await acknowledge(world, 'demo-h26', first)).ok, true)
  await report(world, 'demo-h26', leased, '15')
  await recipientOf(world, leased, 'H26', ({ state }) => state === 'RECALLED')
})

t.test('a document that is not routed yet is born recalled', async (t) => {
  await world.stop('routing')
  const document = await sendDocument(world, 'demo-g12', ['H26', 'H53'])
  const asked = await recall(world, document, ['H26'])
  t.equal(asked.status, 202)
  // By hand, the recall first: as if the document's own message had been lost.
  await routeByHand(t, world, asked.body.dispatch)
  t.equal((await show(world, 'demo-g12', document.dispatch)).state, 'ACCEPTED')
  await world.start('routing')
  const row = await recipientOf(world, document, 'H26', ({ state, business }) => state !== 'ACCEPTED' && business)
  t.match(row, { state: 'RECALLED', business: { done: 'recalled' } })
  t.same(await events(row.consignment), ['ConsignmentRecalled'], 'it was never to be had')
  const other = await recipientOf(world, document, 'H53', ({ state }) => state !== 'ACCEPTED')
  t.equal(other.state, 'AVAILABLE', 'exactly the recipients the recall names')
  const unheard = await recipientOf(
    world,
    { ...document, dispatch: asked.body.dispatch },
    'H26',
    ({ state }) => state !== 'ACCEPTED',
  )
  t.equal(unheard.state, 'RECALLED')
})

t.test('status 13 takes back from one receiver as a recall does', async (t) => {
  const document = await sendDocument(world, 'demo-g12', ['H26', 'H53'])
  await receive(world, 'demo-h26', document.dispatch)
  const taken = await report(world, 'demo-g12', document, '13', {}, 'H53')
  t.equal(taken.status, 202)
  await recipientOf(world, document, 'H53', ({ state }) => state === 'RECALLED')
  const asked = await report(world, 'demo-g12', document, '13', {}, 'H26')
  await recipientOf(world, document, 'H26', ({ business }) => business.pending === 'recall')
  const held = await lease(world, 'demo-h26', asked.body.dispatch)
  t.ok(held, 'who has it hears of it')
  await report(world, 'demo-h26', document, '15')
  await recipientOf(
    world,
    document,
    'H26',
    ({ state, business }) => state === 'RECALLED' && business.done === 'recalled',
  )
})

t.test('refusals are coded, and recorded', async (t) => {
  const document = await sendDocument(world, 'demo-g12', ['H26'])
  await routed(world, document.dispatch)
  const unknown = { ...document, documentId: 'G12,2026/01/01,1/KHONG-CO' }
  t.same(codeOf(await recall(world, unknown, ['H26'])), [422, 'LT_BUS_TARGET_UNKNOWN'])
  const foreign = { ...document, system: 'demo-h26' }
  t.same(codeOf(await recall(world, foreign, ['G12'])), [403, 'LT_BUS_TARGET_FOREIGN'], 'a receiver recalls nothing')
  const stranger = { ...document, system: 'demo-h53' }
  t.same(codeOf(await recall(world, stranger, ['H26'])), [422, 'LT_BUS_TARGET_UNKNOWN'], 'a stranger learns nothing')
  const never = await recall(world, document, ['H26', 'H53'])
  t.same(codeOf(never), [422, 'LT_BUS_TARGET_NOT_SENT'])
  t.match(never.body.title, /H53/)
  const { reason: _, ...silent } = action('recall')
  const reasonless = recallPacket(world, document, ['H26'], { business: silent })
  t.same(codeOf(await world.submit('demo-g12', reasonless)), [422, 'LT_BUS_REASON_MISSING'])
  const row = await recipientOf(world, document, 'H26', () => true)
  t.equal(row.state, 'AVAILABLE', 'nothing came of any of them')
  const named = recallPacket(world, document, ['H26'], {
    documentId: 'G12,2026/11/21,thu-hoi',
    business: action('recall', { targetDocumentId: document.documentId }),
  })
  t.equal((await world.submit('demo-g12', named)).status, 202, 'named apart, under an id of its own')
  await recipientOf(world, document, 'H26', ({ state }) => state === 'RECALLED')
})
