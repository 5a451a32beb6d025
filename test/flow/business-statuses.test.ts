import t from 'tap'
import { lease, receive, recipientOf, report, routed, type Shown, sendDocument, show } from '../harness/business.ts'
import { startWorld, type World } from '../harness/world.ts'

let world: World
t.before(async () => {
  world = await startWorld(t)
})

const codeOf = ({ status, body }: { status: number; body: { code?: string } }) => [status, body?.code]
const minutes = (count: number): Date => new Date(Date.now() + count * 60_000)
const told = (row: Shown) => row.statuses.length

t.test('statuses move the business state, never the transport state', async (t) => {
  const document = await sendDocument(world, 'demo-g12', ['H26'])
  await receive(world, 'demo-h26', document.dispatch)
  for (const [i, code] of (['01', '03', '04', '05', '05', '06'] as const).entries()) {
    await report(world, 'demo-h26', document, code, { at: minutes(i - 30) })
    const row = await recipientOf(world, document, 'H26', (each) => told(each) === i + 1)
    t.match(row, { state: 'ACKNOWLEDGED', business: { code, flagged: false } }, code)
  }
  await report(world, 'demo-h26', document, '03', { at: minutes(-1) })
  const row = await recipientOf(world, document, 'H26', (each) => told(each) === 7)
  t.match(
    row.business,
    { code: '06', flagged: true, name: { en: 'Finished' } },
    'done is done; what came after is kept and flagged',
  )
  t.equal(row.statuses.filter(({ flagged }: { flagged?: boolean }) => flagged).length, 1)
})

t.test('their own time orders them, whatever the order they arrive in', async (t) => {
  const document = await sendDocument(world, 'demo-g12', ['H26'])
  for (const [code, at] of [
    ['05', -5],
    ['03', -10],
    ['01', -20],
  ] as const)
    await report(world, 'demo-h26', document, code, { at: minutes(at) })
  const row = await recipientOf(world, document, 'H26', (each) => told(each) === 3)
  t.match(row.business, { code: '05', flagged: false })
})

t.test('the same statement twice is one', async (t) => {
  const document = await sendDocument(world, 'demo-g12', ['H26'])
  const at = minutes(-3)
  await report(world, 'demo-h26', document, '01', { at })
  await report(world, 'demo-h26', document, '01', { at, text: 'gửi lại' })
  const row = await recipientOf(world, document, 'H26', (each) => told(each) === 2)
  t.match(row.business, { code: '01', flagged: false })
  t.same(
    row.statuses.map(({ repeated }: { repeated?: boolean }) => repeated),
    [undefined, true],
  )
})

t.test('an answer to nothing, and steps left out, are kept and flagged', async (t) => {
  const document = await sendDocument(world, 'demo-g12', ['H26'])
  await report(world, 'demo-h26', document, '15', { at: minutes(-3) })
  await report(world, 'demo-h26', document, '03', { at: minutes(-2) })
  const row = await recipientOf(world, document, 'H26', (each) => told(each) === 2)
  t.match(row.business, { code: '03', flagged: true })
  t.same(
    row.statuses.map(({ flagged }: { flagged?: boolean }) => flagged),
    [true, true],
  )
})

t.test('a native refusal and status 02 say the same in business, and differ in transport', async (t) => {
  const document = await sendDocument(world, 'demo-g12', ['H26', 'H53'])
  const held = await lease(world, 'demo-h26', document.dispatch)
  const { body } = await world.call('demo-h26', 'POST', '/v1/mailbox/refuse', {
    body: {
      items: [
        { consignment: held.consignment, lease: held.lease, reason: 'wrong-receiver', text: 'không đúng nơi nhận' },
      ],
    },
  })
  t.equal(body.items[0].ok, true)
  const refused = await recipientOf(world, document, 'H26', ({ state }) => state === 'REFUSED')
  t.match(refused, {
    refusal: { reason: 'wrong-receiver' },
    business: { code: '02', flagged: false, name: { vi: 'Từ chối tiếp nhận' } },
  })
  t.equal(refused.business.since, refused.endedAt)

  await receive(world, 'demo-h53', document.dispatch)
  await report(world, 'demo-h53', document, '01', { at: minutes(-2) })
  await report(world, 'demo-h53', document, '02', { at: minutes(-1), text: 'sai thẩm quyền' })
  const stated = await recipientOf(world, document, 'H53', ({ business }) => business.code === '02')
  t.match(stated, { state: 'ACKNOWLEDGED', business: { flagged: false } })
  t.equal(stated.statuses[1].description, 'sai thẩm quyền')
})

t.test('who may say what', async (t) => {
  const document = await sendDocument(world, 'demo-g12', ['H26'])
  await routed(world, document.dispatch)
  t.same(codeOf(await report(world, 'demo-h26', document, '13')), [403, 'LT_BUS_STATUS_NOT_ISSUER'])
  t.same(codeOf(await report(world, 'demo-g12', document, '03', {}, 'H26')), [403, 'LT_BUS_STATUS_NOT_RECEIVER'])
  const nowhere = { ...document, documentId: 'khong-co', number: '0', notation: 'X' }
  const answers = [await report(world, 'demo-h53', document, '03'), await report(world, 'demo-h53', nowhere, '03')]
  for (const { status, body } of answers) {
    t.equal(status, 202, 'what matches nothing is routed')
    t.match(body.warnings, [{ code: 'LT_BUS_STATUS_UNMATCHED' }], 'and flagged; nothing tells the two apart')
  }
  const row = await recipientOf(world, document, 'H26', () => true)
  t.same(row.statuses, [])
})

t.test('a document without an id in the answer is found by its number', async () => {
  const number = String(Date.now()).slice(-9)
  const document = await sendDocument(world, 'demo-g12', ['H26'], { number })
  await report(world, 'demo-h26', document, '01', { documentId: '' })
  await recipientOf(world, document, 'H26', ({ business }) => business.code === '01')
})

t.test('what matches nothing is flagged for its receiver too', async (t) => {
  const document = await sendDocument(world, 'demo-g12', ['H26'])
  const answer = await report(world, 'demo-h53', document, '03')
  t.match(answer.body.warnings, [{ code: 'LT_BUS_STATUS_UNMATCHED' }])
  const { body } = await world.until(async () => {
    const box = await world.call('demo-g12', 'GET', '/v1/mailbox?kind=status')
    return box.body.items.some(({ dispatch }: { dispatch: string }) => dispatch === answer.body.dispatch) && box
  })
  const item = body.items.find(({ dispatch }: { dispatch: string }) => dispatch === answer.body.dispatch)
  t.equal(item.unmatched, true, 'its receiver sees that it matches nothing')
  t.same(
    (await show(world, 'demo-g12', document.dispatch)).recipients[0].statuses,
    [],
    'and it stands beside no document',
  )
})
