import t from 'tap'
import { openPool } from '../../libs/store/index.ts'
import { routeDispatches } from '../../services/routing/route-dispatches.ts'
import {
  fetchHeld,
  lease,
  recall,
  receive,
  recipientOf,
  report,
  routeByHand,
  routed,
  routingOf,
  type SentDocument,
  sendDocument,
  show,
  update,
} from '../harness/business.ts'
import { startWorld, type World } from '../harness/world.ts'

let world: World
t.before(async () => {
  world = await startWorld(t)
})

const codeOf = ({ status, body }: { status: number; body: { code?: string } }) => [status, body?.code]

t.test('a change of the document waits for 15 with everyone who has it', async (t) => {
  const document = await sendDocument(world, 'demo-g12', ['H26', 'H53'])
  await receive(world, 'demo-h26', document.dispatch)
  const asked = await update(world, document, ['H26', 'H53'], { changesDocument: true })
  t.equal(asked.status, 202)
  for (const agency of ['H26', 'H53'])
    await recipientOf(world, document, agency, ({ business }) => business.pending === 'update')
  const untouched = await recipientOf(world, document, 'H53', () => true)
  t.equal(untouched.state, 'AVAILABLE', 'an update takes nothing back')
  await receive(world, 'demo-h53', document.dispatch)
  t.ok(await receive(world, 'demo-h53', asked.body.dispatch), 'the document first, then its update')
  await report(world, 'demo-h26', document, '15')
  const agreed = await recipientOf(world, document, 'H26', ({ business }) => business.done === 'updated')
  t.match(agreed, { state: 'ACKNOWLEDGED', business: { requests: [{ action: 'update', outcome: 'agreed' }] } })
  const { body } = await world.call('demo-g12', 'GET', `/v1/dispatches/${asked.body.dispatch}`)
  t.equal(body.asks.length, 2)
  // Named by the update's own id this time.
  await report(world, 'demo-h53', document, '16', { documentId: body.documentId })
  await recipientOf(world, document, 'H53', ({ business }) => !business.pending && !business.done)
})

t.test('an added receiver gets the document itself, once', async (t) => {
  const document = await sendDocument(world, 'demo-g12', ['H26'])
  await receive(world, 'demo-h26', document.dispatch)
  await world.until(async () => (await show(world, 'demo-g12', document.dispatch)).state === 'CLOSED')
  const packet = await world.eyes.query<{ bytes: Buffer }>('select bytes from content where dispatch_id = $1', [
    document.dispatch,
  ])
  const receivers = [{ agency: 'H53', change: 'added' as const }]
  const asked = await update(world, document, ['H26', 'H53'], { changesReceivers: true, receivers })
  t.equal(asked.status, 202)
  const row = await recipientOf(world, document, 'H53', ({ state }) => state === 'AVAILABLE')
  t.match(await show(world, 'demo-g12', document.dispatch), { state: 'ROUTED' }, 'it is open again')
  const held = await lease(world, 'demo-h53', document.dispatch)
  t.equal(held.consignment, row.consignment)
  const fetched = await fetchHeld(world, 'demo-h53', held)
  t.ok(fetched.bytes.equals(packet.rows[0]?.bytes as Buffer), 'byte for byte what the first receivers got')
  await world.call('demo-h53', 'POST', '/v1/mailbox/acknowledge', {
    body: { items: [{ consignment: held.consignment, lease: held.lease }] },
  })
  await world.until(async () => (await show(world, 'demo-g12', document.dispatch)).state === 'CLOSED')
  t.same(
    (
      await world.eyes.query('select event from audit_entry where consignment_id = $1 order by event', [
        row.consignment,
      ])
    ).rows.map(({ event }) => event),
    ['ConsignmentAcceptance', 'ContentConsignment', 'ContentHandover', 'ReceiverAdded'],
  )
  await report(world, 'demo-h53', document, '01')
  await recipientOf(world, document, 'H53', ({ business }) => business.code === '01')
  const again = await update(world, document, ['H26', 'H53'], { changesReceivers: true, receivers })
  t.same(codeOf(again), [422, 'LT_BUS_RECEIVERS_CONTRADICTORY'], 'who has it is not added')
  const recalled = await recall(world, document, ['H53'])
  t.equal(recalled.status, 202, 'and it can be recalled from the added one')
})

t.test('a receiver can be added before the document is routed', async () => {
  await world.stop('routing')
  const document = await sendDocument(world, 'demo-g12', ['H26'])
  const receivers = [{ agency: 'H53', change: 'added' as const }]
  await update(world, document, ['H26'], { changesReceivers: true, receivers })
  await world.start('routing')
  await recipientOf(world, document, 'H53', ({ state }) => state === 'AVAILABLE')
  await recipientOf(world, document, 'H26', ({ state }) => state === 'AVAILABLE')
})

t.test('a removed receiver loses what it has not taken, and is asked for what it has', async (t) => {
  const document = await sendDocument(world, 'demo-g12', ['H26', 'H53'])
  await receive(world, 'demo-h53', document.dispatch)
  const removed = (agency: string) => [{ agency, change: 'removed' as const }]
  const first = await update(world, document, ['H53'], { changesReceivers: true, receivers: removed('H26') })
  t.equal(first.status, 202)
  t.same(
    first.body.recipients.map(({ agency }: { agency: string }) => agency),
    ['H53', 'H26'],
    'it is told even where the packet does not address it',
  )
  const row = await recipientOf(world, document, 'H26', ({ state, business }) => state === 'RECALLED' && business.done)
  t.match(row.business, { done: 'recalled', requests: [{ action: 'remove', outcome: 'withdrawn' }] })
  const told = await recipientOf(
    world,
    { ...document, dispatch: first.body.dispatch },
    'H26',
    ({ state }) => state !== 'ACCEPTED',
  )
  t.equal(told.state, 'RECALLED', 'unless it never got the document')

  const second = await update(world, document, ['H53'], { changesReceivers: true, receivers: removed('H53') })
  await recipientOf(world, document, 'H53', ({ business }) => business.pending === 'remove')
  t.ok(await lease(world, 'demo-h53', second.body.dispatch))
  await report(world, 'demo-h53', document, '15')
  await recipientOf(world, document, 'H53', ({ state }) => state === 'RECALLED')
})

t.test('receiver lists that contradict themselves are refused', async (t) => {
  const document = await sendDocument(world, 'demo-g12', ['H26'])
  await routed(world, document.dispatch)
  const added = { agency: 'H53', change: 'added' as const }
  const removed = { agency: 'H26', change: 'removed' as const }
  const cases = [
    [{ changesReceivers: true, receivers: [] }, 'LT_BUS_RECEIVERS_CONTRADICTORY'],
    [{ changesDocument: true, receivers: [added] }, 'LT_BUS_RECEIVERS_CONTRADICTORY'],
    [
      { changesReceivers: true, receivers: [removed, { ...removed, change: 'added' as const }] },
      'LT_BUS_RECEIVERS_CONTRADICTORY',
    ],
    [{ changesReceivers: true, receivers: [{ ...added, change: 'removed' as const }] }, 'LT_BUS_TARGET_NOT_SENT'],
    [{ changesReceivers: true, receivers: [{ ...added, agency: 'H99' }] }, 'LT_REG_UNKNOWN_CODE'],
  ] as const
  for (const [changes, code] of cases)
    t.same(codeOf(await update(world, document, ['H26'], changes)), [422, code], JSON.stringify(changes))
  const idle = await update(world, document, ['H26'], { changesDocument: false, changesReceivers: false })
  t.match(
    idle,
    { status: 202, body: { warnings: [{ code: 'LT_BUS_NOTHING_CHANGED' }] } },
    'said to change nothing: told',
  )
  const wide = await update(world, document, ['H26', 'H53'], { changesDocument: true })
  t.same(codeOf(wide), [422, 'LT_BUS_TARGET_NOT_SENT'], 'nor is it told to who never had it')
  await world.eyes.query(`update dispatch set content_state = 'DELETED' where id = $1`, [document.dispatch])
  const gone = await update(world, document, ['H26'], { changesReceivers: true, receivers: [added] })
  t.same(codeOf(gone), [410, 'LT_SUB_CONTENT_DELETED'])
})

t.test('a recall after an update stands above it', async (t) => {
  const document = await sendDocument(world, 'demo-g12', ['H26'])
  await receive(world, 'demo-h26', document.dispatch)
  await update(world, document, ['H26'], { changesDocument: true })
  await recipientOf(world, document, 'H26', ({ business }) => business.pending === 'update')
  await recall(world, document, ['H26'])
  const row = await recipientOf(world, document, 'H26', ({ business }) => business.pending === 'recall')
  t.same(
    row.business.requests.map(({ action, outcome }: { action: string; outcome: string }) => [action, outcome]),
    [
      ['update', 'superseded'],
      ['recall', 'pending'],
    ],
  )
  await report(world, 'demo-h26', document, '15')
  await recipientOf(
    world,
    document,
    'H26',
    ({ state, business }) => state === 'RECALLED' && business.done === 'recalled',
  )
})

for (const [what, recalled] of [
  ['the document', (document: SentDocument) => document],
  ['the update', (_: SentDocument, updating: SentDocument) => updating],
] as const) {
  t.test(`a receiver is not added once ${what} was recalled before it was routed`, async (t) => {
    await world.stop('routing')
    const document = await sendDocument(world, 'demo-g12', ['H26'])
    const receivers = [{ agency: 'H53', change: 'added' as const }]
    const asked = await update(world, document, ['H26', 'H53'], { changesReceivers: true, receivers })
    const { body } = await world.call('demo-g12', 'GET', `/v1/dispatches/${asked.body.dispatch}`)
    const updating = { ...document, ...body, dispatch: asked.body.dispatch }
    const target = recalled(document, updating)
    const back = await recall(world, target, target === document ? ['H26'] : ['H26', 'H53'])
    t.equal(back.status, 202, JSON.stringify(back.body))
    // The recall overtakes: its mark is there before the update is routed.
    const routing = openPool(world.servers.database.url('routing'), { name: 'overtaking', max: 2 })
    t.teardown(() => routing.end())
    for (const id of [back.body.dispatch, document.dispatch, asked.body.dispatch])
      await routeDispatches([id], routingOf(routing))
    await world.start('routing')
    const shown = await show(world, 'demo-g12', document.dispatch)
    t.same(
      shown.recipients.map(({ agency }: { agency: string }) => agency),
      ['H26'],
    )
  })
}

t.test('an update that was recalled before it was routed asks nothing of anybody', async (t) => {
  await world.stop('routing')
  const document = await sendDocument(world, 'demo-g12', ['H26', 'H53'])
  await routeByHand(t, world, document.dispatch)
  const receivers = [{ agency: 'H26', change: 'removed' as const }]
  const asked = await update(world, document, ['H26', 'H53'], {
    changesReceivers: true,
    changesDocument: true,
    receivers,
  })
  t.equal(asked.status, 202, JSON.stringify(asked.body))
  const { body } = await world.call('demo-g12', 'GET', `/v1/dispatches/${asked.body.dispatch}`)
  const back = await recall(world, { ...document, ...body, dispatch: asked.body.dispatch }, ['H26', 'H53'])
  t.equal(back.status, 202, JSON.stringify(back.body))
  await routeByHand(t, world, back.body.dispatch)
  await routeByHand(t, world, asked.body.dispatch)
  await world.start('routing')
  const shown = await show(world, 'demo-g12', document.dispatch)
  for (const row of shown.recipients)
    t.match(row, { state: 'AVAILABLE', business: { requests: [] } }, `${row.agency} keeps the document`)
  const marks = await world.eyes.query('select recall_marks from dispatch where id = $1', [document.dispatch])
  t.equal(marks.rows[0]?.recall_marks, null)
})

t.test('a receiver can be added once all have declined a recall', async (t) => {
  const document = await sendDocument(world, 'demo-g12', ['H26'])
  await receive(world, 'demo-h26', document.dispatch)
  await recall(world, document, ['H26'])
  await recipientOf(world, document, 'H26', ({ business }) => business.pending === 'recall')
  await report(world, 'demo-h26', document, '16')
  await recipientOf(world, document, 'H26', ({ business }) => !business.pending)
  const receivers = [{ agency: 'H53', change: 'added' as const }]
  const asked = await update(world, document, ['H26', 'H53'], { changesReceivers: true, receivers })
  t.equal(asked.status, 202)
  t.ok(await recipientOf(world, document, 'H53', ({ state }) => state === 'AVAILABLE'))
})

t.test('what was asked back of all goes to nobody new, also where one of them had refused it', async (t) => {
  const document = await sendDocument(world, 'demo-g12', ['H26', 'H53'])
  const held = await lease(world, 'demo-h26', document.dispatch)
  await fetchHeld(world, 'demo-h26', held)
  const refusal = { consignment: held.consignment, lease: held.lease, reason: 'wrong-receiver', text: 'x' }
  await world.call('demo-h26', 'POST', '/v1/mailbox/refuse', { body: { items: [refusal] } })
  await recipientOf(world, document, 'H26', ({ state }) => state === 'REFUSED')
  await recall(world, document, ['H26', 'H53'])
  await recipientOf(world, document, 'H53', ({ state }) => state === 'RECALLED')
  const receivers = [{ agency: 'H26.01', change: 'added' as const }]
  const asked = await update(world, document, ['H26.01'], { changesReceivers: true, receivers })
  t.equal(asked.status, 202)
  await routed(world, asked.body.dispatch)
  const { recipients } = await show(world, 'demo-g12', document.dispatch)
  t.notOk(recipients.some(({ agency }: { agency: string }) => agency === 'H26.01'))
})
