import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { PROJECT } from '../../deploy/local/folders.ts'
import { closeAgency, front, withdrawFront } from '../../libs/registry/index.ts'
import { readEvents } from '../harness/events.ts'
import { resumeSystem, suspendSystem } from '../harness/operators.ts'
import { type Answer, startWorld } from '../harness/world.ts'

// G12 wrote to H26. Everything that is known of it, ids and tokens included, is in the hands of H53, which has no part in it.
const world = await startWorld(t)
const packet = world.packet('demo-g12', ['H26'])
const answer = await world.submit('demo-g12', packet, { 'idempotency-key': 'cua-g12' })
const dispatch: string = answer.body.dispatch
const consignment: string = answer.body.recipients[0].consignment
const NOBODYS = '0191c0de-0000-7000-8000-000000000000'

const [taken] = await world.until(async () => {
  const { body } = await world.call('demo-h26', 'POST', '/v1/mailbox/lease', { body: {} })
  return body.items.length > 0 && body.items
})
const lease: string = taken.lease
await world.call('demo-h26', 'GET', `/v1/consignments/${consignment}/parts/0?lease=${lease}`)
const own = await world.until(async () => {
  const { body } = await world.call('demo-g12', 'GET', `/v1/dispatches/${dispatch}`)
  return body.receipts.length === 3 && body
})
const entryOf = (event: string): string => own.receipts.find((each: { event: string }) => each.event === event).entry

interface Try {
  /** As in the API description. */
  readonly route: string
  readonly path?: string
  readonly body?: object | Uint8Array
  readonly headers?: Record<string, string>
  readonly expect: (answer: Answer) => unknown
  readonly wanted: unknown
}

const code = ({ status, body }: Answer): unknown => [status, body?.code]
const item = ({ status, body }: Answer): unknown => [status, body?.items?.[0]?.ok, body?.items?.[0]?.code]
const items = ({ status, body }: Answer): unknown => [status, body?.items]
const XML = { 'content-type': 'application/edxml+xml' }
const NO_DISPATCH = [404, 'LT_SUB_NOT_FOUND']
const NO_CONSIGNMENT = [404, 'LT_BOX_NOT_FOUND']
const FOREIGN = [403, 'LT_AUTH_FOREIGN_AGENCY']

const TRIES: readonly Try[] = [
  { route: 'POST /v1/dispatches', body: packet, headers: XML, expect: code, wanted: FOREIGN },
  { route: 'POST /v1/dispatches/check', body: packet, headers: XML, expect: code, wanted: FOREIGN },
  { route: 'GET /v1/dispatches/{id}', path: `/v1/dispatches/${dispatch}`, expect: code, wanted: NO_DISPATCH },
  {
    route: 'GET /v1/dispatches/{id}/receipts',
    path: `/v1/dispatches/${dispatch}/receipts`,
    expect: code,
    wanted: NO_DISPATCH,
  },
  ...['SubmissionAcceptance', 'ContentConsignment', 'ContentHandover'].map((event) => ({
    route: 'GET /v1/dispatches/{id}/receipts/{entry}',
    path: `/v1/dispatches/${dispatch}/receipts/${entryOf(event)}`,
    expect: code,
    wanted: NO_DISPATCH,
  })),
  {
    route: 'POST /v1/receipts/fetch',
    body: { dispatches: [dispatch, NOBODYS] },
    expect: ({ body }) => body.items.map(({ ok, code, receipts }: Answer['body']) => [ok, code, receipts]),
    wanted: [
      [false, 'LT_SUB_NOT_FOUND', undefined],
      [false, 'LT_SUB_NOT_FOUND', undefined],
    ],
  },
  {
    route: 'POST /v1/dispatches/{id}/consignments/{consignment}/resend',
    path: `/v1/dispatches/${dispatch}/consignments/${consignment}/resend`,
    expect: code,
    wanted: NO_DISPATCH,
  },
  { route: 'GET /v1/mailbox', expect: items, wanted: [200, []] },
  { route: 'GET /v1/mailbox', path: '/v1/mailbox?agency=H26', expect: code, wanted: FOREIGN },
  { route: 'GET /v1/mailbox', path: '/v1/mailbox?agency=H26.01', expect: code, wanted: FOREIGN },
  { route: 'GET /v1/mailbox', path: '/v1/mailbox?agency=000.00.00.H26', expect: code, wanted: FOREIGN },
  { route: 'POST /v1/mailbox/lease', body: {}, expect: items, wanted: [200, []] },
  { route: 'POST /v1/mailbox/lease', body: { agencies: ['H53', 'H26'] }, expect: code, wanted: FOREIGN },
  {
    route: 'POST /v1/mailbox/acknowledge',
    body: { items: [{ consignment, lease }] },
    expect: item,
    wanted: [200, false, 'LT_BOX_NOT_FOUND'],
  },
  {
    route: 'POST /v1/mailbox/refuse',
    body: { items: [{ consignment, lease, reason: 'other' }] },
    expect: item,
    wanted: [200, false, 'LT_BOX_NOT_FOUND'],
  },
  {
    route: 'POST /v1/mailbox/release',
    body: { items: [{ consignment, lease }] },
    expect: item,
    wanted: [200, false, 'LT_BOX_NOT_FOUND'],
  },
  {
    route: 'GET /v1/consignments/{id}',
    path: `/v1/consignments/${consignment}`,
    expect: code,
    wanted: NO_CONSIGNMENT,
  },
  {
    route: 'GET /v1/consignments/{id}/parts',
    path: `/v1/consignments/${consignment}/parts?lease=${lease}`,
    expect: code,
    wanted: NO_CONSIGNMENT,
  },
  {
    route: 'GET /v1/consignments/{id}/parts/{ordinal}',
    path: `/v1/consignments/${consignment}/parts/0?lease=${lease}`,
    expect: code,
    wanted: NO_CONSIGNMENT,
  },
]

/** Routes that show nobody's documents; events have a test of their own. */
const OPEN = [
  'POST /v1/token',
  'POST /v1/compose',
  'GET /v1/agencies',
  'GET /v1/agencies/{code}',
  'GET /v1/events',
  'GET /v1/keys',
  'GET /v1/openapi.json',
]

t.test('every route of the API is tried here', async (t) => {
  const { paths } = JSON.parse(readFileSync(join(PROJECT, 'schemas/json/openapi.json'), 'utf8')) as {
    paths: Record<string, object>
  }
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const documents = routes.filter((route) => route.includes(' /v1/') && !OPEN.includes(route))
  t.ok(documents.length >= 10)
  t.same([...new Set(TRIES.map(({ route }) => route))].toSorted(), documents.toSorted())
})

t.test('ids of another system open nothing', async (t) => {
  const before = await footprint()
  for (const { route, path, body, headers, expect, wanted } of TRIES) {
    const [method = '', fallback = ''] = route.split(' ')
    const options = { ...(body === undefined ? {} : { body }), ...(headers === undefined ? {} : { headers }) }
    const tried = await world.call('demo-h53', method, path ?? fallback, options)
    t.same(expect(tried), wanted, `${method} ${path ?? fallback}`)
    t.notMatch(tried.bytes.toString(), /thử nghiệm kết nối|TB-LT/, 'and nothing of the document is in the answer')
  }
  t.same(await footprint(), before, 'nothing was moved')
})

t.test('what is not yours looks like what does not exist', async (t) => {
  const paths = (id: string): string[] => [
    `/v1/dispatches/${id}`,
    `/v1/dispatches/${id}/receipts/${entryOf('SubmissionAcceptance')}`,
    `/v1/consignments/${id}/parts?lease=${lease}`,
  ]
  const real = [...paths(dispatch).slice(0, 2), ...paths(consignment).slice(2)]
  for (const [position, path] of paths(NOBODYS).entries()) {
    const shape = async (at: string): Promise<unknown> => {
      const { status, body } = await world.call('demo-h53', 'GET', at)
      const { traceId: _, params: __, ...rest } = body
      return [status, rest]
    }
    t.same(await shape(path), await shape(real[position] as string))
  }
})

t.test('a party sees its own part only', async (t) => {
  const both = await world.submit('demo-g12', world.packet('demo-g12', ['H26', 'H53']))
  const id: string = both.body.dispatch
  const shown = await world.until(async () => {
    const { body } = await world.call('demo-g12', 'GET', `/v1/dispatches/${id}`)
    return body.receipts.length === 3 && body
  })
  const byAgency = (agency: string): string =>
    shown.recipients.find((each: { agency: string }) => each.agency === agency).consignment
  const receiptOf = (agency: string): string =>
    shown.receipts.find((each: { consignment?: string }) => each.consignment === byAgency(agency)).href
  t.equal((await world.call('demo-h53', 'GET', receiptOf('H53'))).status, 200, 'the receiver its own receipt')
  t.same(code(await world.call('demo-h53', 'GET', receiptOf('H26'))), NO_DISPATCH, "not the other receiver's")
  const submission = shown.receipts.find((each: { event: string }) => each.event === 'SubmissionAcceptance').href
  t.same(code(await world.call('demo-h53', 'GET', submission)), NO_DISPATCH, "not the sender's")
  t.same(code(await world.call('demo-h53', 'GET', `/v1/dispatches/${id}`)), NO_DISPATCH)
  t.same(
    code(await world.call('demo-g12', 'GET', receiptOf('H53').replace(id, dispatch))),
    NO_DISPATCH,
    'an entry under another dispatch',
  )
  const parts = await world.call('demo-h53', 'GET', `/v1/consignments/${byAgency('H26')}/parts?lease=${lease}`)
  t.same(code(parts), NO_CONSIGNMENT)
  const asSender = await world.call('demo-g12', 'GET', `/v1/consignments/${byAgency('H26')}/parts?lease=${lease}`)
  t.same(code(asSender), NO_CONSIGNMENT, 'the sender is no receiver')
})

t.test('a status of somebody who got no such document is not put beside it, and tells nothing of it', async (t) => {
  const about = { agency: 'G12', documentId: own.documentId, code: `${own.number}/${own.notation}` }
  const told = await world.submit('demo-h53', world.status('demo-h53', about, '06'))
  const nowhere = await world.submit('demo-h53', world.status('demo-h53', { ...about, documentId: 'none' }, '06'))
  for (const { status, body } of [told, nowhere]) {
    t.equal(status, 202)
    t.match(body.warnings, [{ code: 'LT_BUS_STATUS_UNMATCHED' }], 'nothing tells the two apart')
  }
  await world.until(
    async () =>
      (await world.eyes.query('select from status_report where dispatch_id = $1', [told.body.dispatch])).rows.length >
      0,
  )
  const { body } = await world.call('demo-g12', 'GET', `/v1/dispatches/${dispatch}`)
  t.same([body.recipients[0].statuses, body.unmatchedStatuses], [[], []])
})

t.test('events tell a system of its own only', async (t) => {
  const [stranger, sender] = [await readEvents(world, 'demo-h53'), await readEvents(world, 'demo-g12')]
  const { body } = await world.call('demo-h26', 'POST', '/v1/mailbox/acknowledge', {
    body: { items: [{ consignment, lease }] },
  })
  t.equal(body.items[0].ok, true, 'whose it is may end it')
  await world.until(async () => sender.seen.some(({ data }) => data.dispatches?.includes(dispatch)))
  t.notMatch(JSON.stringify(stranger.seen), new RegExp(`${dispatch}|H26`))
  await Promise.all([stranger.close(), sender.close()])
})

t.test('a re-send acts for an agency the system fronts today, to one that still receives', async (t) => {
  const resend = (id = consignment): Promise<Answer> =>
    world.call('demo-g12', 'POST', `/v1/dispatches/${dispatch}/consignments/${id}/resend`)
  const agenciesOf = async (system: string): Promise<Answer> => world.call(system, 'GET', '/v1/mailbox?agency=G12')
  const before = await footprint()

  await front(world.operator, 'demo-h53', 'G12', { withDescendants: false })
  await world.until(async () => (await agenciesOf('demo-h53')).status === 200)
  t.same(code(await resend()), FOREIGN, 'the agency went to another system, its old dispatches with it')
  await front(world.operator, 'demo-g12', 'G12', { withDescendants: false })
  await world.until(async () => (await agenciesOf('demo-g12')).status === 200)

  await suspendSystem(world.operator, 'demo-g12', 'thử nghiệm')
  t.same(code(await resend()), [403, 'LT_AUTH_SUSPENDED'], 'the statement reads the suspension, whatever memory says')
  await resumeSystem(world.operator, 'demo-g12')
  await world.until(async () => (await agenciesOf('demo-g12')).status === 200)

  const [kept] = (await world.eyes.query(`select * from front where agency_code = 'H26'`)).rows
  await withdrawFront(world.operator, 'H26')
  await world.until(
    async () => (await world.call('demo-h26', 'GET', '/v1/mailbox?agency=H26')).body.code === 'LT_AUTH_FOREIGN_AGENCY',
  )
  t.same(code(await resend()), [422, 'LT_REG_NO_SYSTEM'], 'nobody would get it')
  await front(world.operator, 'demo-h26', 'H26', { withDescendants: kept.with_descendants })
  await closeAgency(world.operator, 'H26', { closedOn: '2020-01-01' })
  await world.until(async () => {
    const { body } = await world.call('demo-g12', 'GET', '/v1/agencies/H26')
    return body.closedOn !== undefined && body.reachable === false
  })
  t.same(code(await resend()), [422, 'LT_REG_CLOSED_CODE'])
  t.same(await footprint(), before, 'none of it made anything')
  await world.eyes.query(`update agency set closed_on = null where code = 'H26'`)
})

t.test('without a token no route answers', async (t) => {
  const closed = [
    ...TRIES.map(({ route, path }) => [route.split(' ')[0], path ?? route.split(' ')[1]]),
    ['GET', '/v1/events'],
    ['POST', '/v1/compose'],
    ['GET', '/v1/agencies?search=a'],
  ]
  for (const [method, path] of closed) {
    for (const headers of [{}, { authorization: 'Bearer x' }, { authorization: 'Basic ZGVtby1nMTI6eA==' }] as Record<
      string,
      string
    >[]) {
      const response = await fetch(world.baseUrl + path, { method: method as string, headers })
      await response.body?.cancel()
      t.equal(response.status, 401, `${method} ${path}`)
    }
  }
})

async function footprint(): Promise<unknown> {
  const { rows } = await world.eyes.query(
    `select (select count(*) from dispatch)::int as dispatches, (select count(*) from consignment)::int as consignments,
      c.state, c.version, c.lease_token, c.lease_until from consignment c where c.id = $1`,
    [consignment],
  )
  return rows
}
