import t from 'tap'
import { action, receive, recipientOf, replacement, report, routed, sendDocument } from '../harness/business.ts'
import { startWorld, type World } from '../harness/world.ts'

let world: World
t.before(async () => {
  world = await startWorld(t)
})

const codeOf = ({ status, body }: { status: number; body: { code?: string } }) => [status, body?.code]

t.test('a replacement goes to all, and asks for each document it replaces', async (t) => {
  const [one, two] = [
    await sendDocument(world, 'demo-g12', ['H26', 'H53']),
    await sendDocument(world, 'demo-g12', ['H26', 'H53']),
  ]
  await receive(world, 'demo-h26', one.dispatch)
  await routed(world, two.dispatch)
  const asked = await replacement(world, [one, two, one], ['H26', 'H53'])
  t.equal(asked.status, 202)
  const had = await recipientOf(world, one, 'H26', ({ business }) => business.pending === 'replace')
  t.equal(had.state, 'ACKNOWLEDGED')
  for (const [document, agency] of [
    [one, 'H53'],
    [two, 'H26'],
    [two, 'H53'],
  ] as const) {
    const row = await recipientOf(
      world,
      document,
      agency,
      ({ state, business }) => state === 'RECALLED' && business.done,
    )
    t.match(row.business, { done: 'replaced', requests: [{ action: 'replace', outcome: 'withdrawn' }] })
  }
  for (const system of ['demo-h26', 'demo-h53']) await receive(world, system, asked.body.dispatch)
  await report(world, 'demo-h26', one, '15')
  const done = await recipientOf(world, one, 'H26', ({ business }) => business.done === 'replaced')
  t.equal(done.state, 'ACKNOWLEDGED', 'the old one was received, and stays so in transport')
})

t.test('only for the receivers that it names', async (t) => {
  const document = await sendDocument(world, 'demo-g12', ['H26', 'H53'])
  await routed(world, document.dispatch)
  const asked = await replacement(world, [document], ['H26', 'H53'], ['H53'])
  t.equal(asked.status, 202)
  await recipientOf(world, document, 'H53', ({ state }) => state === 'RECALLED')
  const row = await recipientOf(world, document, 'H26', () => true)
  t.match(row, { state: 'AVAILABLE', business: { requests: [] } })
})

t.test('without a list it is for everyone who gets it and had the old one', async (t) => {
  const document = await sendDocument(world, 'demo-g12', ['H26'])
  await routed(world, document.dispatch)
  t.equal((await replacement(world, [document], ['H26', 'H53'], [])).status, 202)
  await recipientOf(world, document, 'H26', ({ state }) => state === 'RECALLED')
})

t.test('what does not fit is refused', async (t) => {
  const document = await sendDocument(world, 'demo-g12', ['H26'])
  await routed(world, document.dispatch)
  t.same(codeOf(await replacement(world, [document], ['H26'], ['H26', 'H53'])), [422, 'LT_BUS_RECEIVERS_CONTRADICTORY'])
  t.same(codeOf(await replacement(world, [document], ['H26', 'H53'], ['H53'])), [422, 'LT_BUS_TARGET_NOT_SENT'])
  t.same(codeOf(await replacement(world, [{ ...document, documentId: 'khong-co' }], ['H26'])), [
    422,
    'LT_BUS_TARGET_UNKNOWN',
  ])
  t.same(codeOf(await replacement(world, [{ ...document, system: 'demo-h26' }], ['G12'])), [
    403,
    'LT_BUS_TARGET_FOREIGN',
  ])
  const empty = world.packet('demo-g12', ['H26'], { business: action('replace') })
  t.same(codeOf(await world.submit('demo-g12', empty)), [422, 'LT_BUS_TARGET_MISSING'])
})
