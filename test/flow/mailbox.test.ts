import { createPrivateKey, sign, verify, X509Certificate } from 'node:crypto'
import t, { type Test } from 'tap'
import { freePort } from '../../deploy/local/free-port.ts'
import type { PacketDraft } from '../../libs/envelope/index.ts'
import { catalogue } from '../../libs/errors/index.ts'
import { REFUSAL_REASONS } from '../../libs/model/index.ts'
import { front, withdrawFront } from '../../libs/registry/index.ts'
import { startService } from '../../libs/runtime/index.ts'
import { readEvidence } from '../../libs/signature/index.ts'
import { gatewayService } from '../../services/gateway/service.ts'
import { readEvents } from '../harness/events.ts'
import { type Answer, fetchToken, startWorld } from '../harness/world.ts'

const world = await startWorld(t)
const NOBODYS = '0191c0de-0000-7000-8000-000000000000'

const ENDINGS: readonly (readonly ['acknowledge' | 'refuse', object])[] = [
  ['acknowledge', {}],
  ['refuse', { reason: 'other' }],
]

interface Item {
  readonly consignment: string
  readonly dispatch: string
  readonly agency: string
  readonly lane: string
  readonly state: string
  readonly leased: boolean
}
interface Leased {
  readonly lease: string
  readonly leasedUntil: string
  readonly item: Item
}

t.test('list and pages: urgent first, then oldest, nothing is taken', async (t) => {
  const normal: string[] = []
  for (let count = 0; count < 3; count++) normal.push(await consign({}))
  const urgent = [await consign({ priority: 1 }), await consign({ priority: 4 })]
  const expected = [...urgent, ...normal]
  const all = await list('demo-h26')
  t.same(
    all.map(({ dispatch }) => dispatch),
    expected,
  )
  t.same(
    all.map(({ lane, state, leased }) => [lane, state, leased]),
    [...urgent.map(() => ['urgent', 'AVAILABLE', false]), ...normal.map(() => ['normal', 'AVAILABLE', false])],
  )
  const seen: string[] = []
  const sizes: number[] = []
  for (let query = 'limit=2'; query !== ''; ) {
    const { body } = await world.call('demo-h26', 'GET', `/v1/mailbox?${query}`)
    seen.push(...body.items.map(({ dispatch }: Item) => dispatch))
    sizes.push(body.items.length)
    query = body.next === undefined ? '' : `limit=2&after=${body.next}`
  }
  t.same(seen, expected, 'page by page the same, each once')
  t.same(sizes, [2, 2, 1])
  t.same((await list('demo-h26', 'kind=status')).length, 0)
  t.same((await list('demo-h26', 'agency=H26.01')).length, 0)
  for (const query of [
    'after=urgent.x',
    'after=hoatoc.0191c0de-0000-7000-8000-000000000000',
    'limit=0',
    'limit=abc',
    'kind=thư',
  ]) {
    const { status, body } = await world.call('demo-h26', 'GET', `/v1/mailbox?${query}`)
    t.same([status, body.code], [400, 'LT_HTTP_INVALID_REQUEST'], query)
  }
  t.same(
    (await lease('demo-h26', { max: 1 })).map(({ item }) => item.dispatch),
    urgent.slice(0, 1),
    'leased in the same order',
  )
  t.same(
    (await lease('demo-h26', { max: 2 })).map(({ item }) => item.dispatch),
    [urgent[1], normal[0]],
  )
  t.same(
    (await list('demo-h26')).map(({ leased }) => leased),
    [true, true, true, false, false],
    'leased ones are still seen',
  )
  await empty(t)
})

t.test('workers of two processes lease at once: no consignment is given twice', async (t) => {
  const port = await freePort()
  const second = await startService(gatewayService, {
    ...world.servers.environment('gateway'),
    LISTEN_PORT: String(port),
    PUBLIC_URL: world.baseUrl,
  })
  try {
    const sent = await Promise.all(Array.from({ length: 40 }, () => consign({})))
    const token = await fetchToken(
      world.baseUrl,
      world.systems['demo-h26'] as NonNullable<(typeof world.systems)[string]>,
    )
    const given: Leased[] = []
    const work = async (base: string): Promise<void> => {
      for (;;) {
        const response = await fetch(`${base}/v1/mailbox/lease`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body: JSON.stringify({ max: 7 }),
        })
        const { items } = (await response.json()) as { items: Leased[] }
        given.push(...items)
        const { rows } = await world.eyes.query(
          `select from consignment where state = 'AVAILABLE' and lease_until is null`,
        )
        if (rows.length === 0) return
      }
    }
    const bases = [world.baseUrl, `http://127.0.0.1:${port}`]
    await Promise.all([...bases, ...bases, ...bases].map(work))
    t.equal(given.length, 40)
    t.same(given.map(({ item }) => item.dispatch).toSorted(), sent.toSorted(), 'each once')
    t.equal(new Set(given.map(({ lease }) => lease)).size, 40, 'each under a token of its own')
  } finally {
    await second[Symbol.asyncDispose]()
  }
  await empty(t)
})

t.test('a lease that ran out is given again under a new token, and the old one is lost', async (t) => {
  await consign({})
  const [first] = await lease('demo-h26')
  t.ok(first)
  t.same(await lease('demo-h26'), [], 'nobody else gets it before the deadline')
  await runOut()
  const [second] = await lease('demo-h26')
  t.equal(second?.item.consignment, first?.item.consignment, 'the same id')
  t.not(second?.lease, first?.lease)
  const { consignment } = (first as Leased).item
  for (const path of [`/v1/consignments/${consignment}/parts`, `/v1/consignments/${consignment}/parts/0`]) {
    const { status, body } = await world.call('demo-h26', 'GET', `${path}?lease=${first?.lease}`)
    t.same([status, body.code], [409, 'LT_BOX_LEASE_LOST'])
  }
  const before = await rowOf(consignment)
  for (const [path, more] of ENDINGS) {
    t.match(await end(path, consignment, first?.lease as string, more), {
      consignment,
      ok: false,
      code: 'LT_BOX_LEASE_LOST',
      status: 409,
    })
    t.match(
      await end(path, consignment, '', more),
      { consignment, ok: false, code: 'LT_BOX_LEASE_LOST', status: 409 },
      'no token is none',
    )
  }
  t.same(await rowOf(consignment), before, 'and nothing was moved')
  t.same(await end('acknowledge', consignment, second?.lease as string), { consignment, ok: true, repeated: false })
})

t.test('a lease that ran out and was not given anew is still good', async (t) => {
  const dispatch = await consign({})
  const [taken] = await lease('demo-h26')
  await runOut()
  const { consignment } = (taken as Leased).item
  const { status } = await world.call(
    'demo-h26',
    'GET',
    `/v1/consignments/${consignment}/parts/0?lease=${taken?.lease}`,
  )
  t.equal(status, 200)
  t.same(await end('acknowledge', consignment, taken?.lease as string), { consignment, ok: true, repeated: false })
  t.equal((await rowOf(consignment)).state, 'ACKNOWLEDGED')
  t.equal(await stateOf(dispatch), 'CLOSED')
})

t.test('the hand-over is committed before the first byte leaves', async (t) => {
  await consign({})
  const [taken] = await lease('demo-h26')
  const { consignment } = (taken as Leased).item
  t.equal((await rowOf(consignment)).state, 'AVAILABLE', 'a lease alone hands nothing over')
  const fetched = await world.call('demo-h26', 'GET', `/v1/consignments/${consignment}/parts/0?lease=${taken?.lease}`)
  t.equal(fetched.status, 200)
  const row = await rowOf(consignment)
  t.equal(row.state, 'HANDED_OVER')
  t.ok(row.handed_over_at)
  t.same(await eventsOf(consignment), ['ContentConsignment', 'ContentHandover'])
  const missing = await world.call('demo-h26', 'GET', `/v1/consignments/${consignment}/parts/9?lease=${taken?.lease}`)
  t.same([missing.status, missing.body.code], [404, 'LT_BOX_NO_SUCH_PART'])
  t.same(await eventsOf(consignment), ['ContentConsignment', 'ContentHandover'], 'once, however often it is fetched')
  await end('acknowledge', consignment, taken?.lease as string)
  t.equal((await detailsOf(consignment, 'ConsignmentAcceptance')).fetched, true)
  const late = await world.call('demo-h26', 'GET', `/v1/consignments/${consignment}/parts/0?lease=${taken?.lease}`)
  t.same([late.status, late.body.code], [409, 'LT_BOX_ALREADY_ENDED'])
})

t.test('acknowledge without a fetch is taken and the entry says so; a repeat changes nothing', async (t) => {
  await consign({})
  const [taken] = await lease('demo-h26')
  const { consignment } = (taken as Leased).item
  const token = taken?.lease as string
  t.same(await end('acknowledge', consignment, token), { consignment, ok: true, repeated: false })
  t.equal((await detailsOf(consignment, 'ConsignmentAcceptance')).fetched, false)
  const before = await rowOf(consignment)
  t.same(await end('acknowledge', consignment, token), { consignment, ok: true, repeated: true })
  t.match(await end('acknowledge', consignment, NOBODYS), {
    consignment,
    ok: false,
    code: 'LT_BOX_ALREADY_ENDED',
    status: 409,
  })
  const refusal = await end('refuse', consignment, token, { reason: 'other' })
  t.match(refusal, { consignment, ok: false, code: 'LT_BOX_ALREADY_ENDED', status: 409 }, 'refuse after acknowledge')
  t.same(await rowOf(consignment), before)
  t.same(await eventsOf(consignment), ['ContentConsignment', 'ConsignmentAcceptance'])
})

t.test('twenty identical acknowledgements at once: one move, twenty times yes', async (t) => {
  await consign({})
  const [taken] = await lease('demo-h26')
  const { consignment } = (taken as Leased).item
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => end('acknowledge', consignment, taken?.lease as string)),
  )
  t.equal(answers.filter((answer) => answer.ok).length, 20)
  t.equal(answers.filter((answer) => answer.repeated === false).length, 1)
  t.same(await eventsOf(consignment), ['ContentConsignment', 'ConsignmentAcceptance'])
})

t.test('acknowledge and refuse at once: exactly one of them', async (t) => {
  await consign({})
  const [taken] = await lease('demo-h26')
  const { consignment } = (taken as Leased).item
  const token = taken?.lease as string
  const answers = await Promise.all([
    end('acknowledge', consignment, token),
    end('refuse', consignment, token, { reason: 'other' }),
  ])
  t.equal(answers.filter((answer) => answer.ok).length, 1)
  t.equal(answers.find((answer) => !answer.ok)?.code, 'LT_BOX_ALREADY_ENDED')
  t.equal((await eventsOf(consignment)).length, 2)
})

t.test('refuse with each coded reason; the sender sees it in state and receipt', async (t) => {
  const sent = await Promise.all(REFUSAL_REASONS.map(() => consign({})))
  const taken = await lease('demo-h26')
  t.equal(taken.length, REFUSAL_REASONS.length)
  for (const [position, reason] of REFUSAL_REASONS.entries()) {
    const { item, lease: token } = taken[position] as Leased
    const { consignment, dispatch } = item
    const more = { reason, text: `lý do: ${reason}` }
    t.same(await end('refuse', consignment, token, more), { consignment, ok: true, repeated: false })
    t.same(
      await end('refuse', consignment, token, more),
      { consignment, ok: true, repeated: true },
      'an identical repeat',
    )
    const other = REFUSAL_REASONS[(position + 1) % REFUSAL_REASONS.length] as string
    t.equal(
      (await end('refuse', consignment, token, { reason: other })).code,
      'LT_BOX_ALREADY_ENDED',
      'another reason is no repeat',
    )
    t.equal((await end('acknowledge', consignment, token)).code, 'LT_BOX_ALREADY_ENDED', 'acknowledge after refuse')
    const details = await detailsOf(consignment, 'ConsignmentRejection')
    t.match(details, { reason, text: more.text, agency: 'H26', fetched: false })
    const { body } = await world.call('demo-g12', 'GET', `/v1/dispatches/${dispatch}`)
    t.match(body.recipients[0], { state: 'REFUSED', refusal: { reason, text: more.text } })
    const { href } = body.receipts.find(({ event }: { event: string }) => event === 'ConsignmentRejection')
    const receipt = await world.call('demo-g12', 'GET', href)
    t.equal(readEvidence(receipt.bytes).reason?.code, reason)
  }
  for (const dispatch of sent) t.equal(await stateOf(dispatch), 'CLOSED')
  const unknown = await world.call('demo-h26', 'POST', '/v1/mailbox/refuse', {
    body: { items: [{ consignment: NOBODYS, lease: NOBODYS, reason: 'không thích' }] },
  })
  t.same([unknown.status, unknown.body.code], [400, 'LT_HTTP_INVALID_REQUEST'])
})

t.test("the receiver's own signature is checked and kept in the entry", async (t) => {
  await Promise.all(Array.from({ length: 2 }, () => consign({})))
  const [first, second] = (await lease('demo-h26')) as [Leased, Leased]
  const time = new Date().toISOString()
  const good = await ownSignature('demo-h26', first.item.consignment, time)
  const forged = [
    { ...good, time: new Date(0).toISOString() },
    {
      ...good,
      fingerprint: new X509Certificate(certificateOf('demo-h53')).fingerprint256.replaceAll(':', '').toLowerCase(),
    },
    { ...(await ownSignature('demo-h53', first.item.consignment, time)) },
    { ...(await ownSignature('demo-h53', first.item.consignment, time)), fingerprint: good.fingerprint },
    await ownSignature('demo-h26', second.item.consignment, time),
    { ...good, fingerprint: '0'.repeat(64) },
    { ...good, value: 'AAAA' },
    { ...good, value: '' },
    await ownSignature('demo-h26', first.item.consignment, 'hôm nay'),
    await ownSignature('demo-h26', first.item.consignment, '2026-02-30T00:00:00Z'),
  ]
  for (const [path, more] of ENDINGS) {
    const other = await ownSignature(
      'demo-h26',
      first.item.consignment,
      time,
      path === 'refuse' ? 'acknowledge' : 'refuse',
    )
    for (const signature of [...forged, other]) {
      const answer = await end(path, first.item.consignment, first.lease, { ...more, signature })
      t.match(answer, { ok: false, code: 'LT_BOX_BAD_SIGNATURE', status: 422 })
    }
  }
  t.equal((await rowOf(first.item.consignment)).state, 'AVAILABLE', 'a forged signature ends nothing')
  t.match(await end('acknowledge', first.item.consignment, first.lease, { signature: good }), { ok: true })
  const acknowledged = await signatureInReceipt(first.item.dispatch, 'ConsignmentAcceptance')
  t.match(acknowledged, { ...good, statement: `lt-receipt-1\nacknowledge\n${first.item.consignment}\n` })
  t.ok(
    verify('sha256', Buffer.from(acknowledged?.statement ?? ''), receiverKey(), Buffer.from(good.value, 'base64')),
    'anyone can check it',
  )
  t.same((await detailsOf(first.item.consignment, 'ConsignmentAcceptance')).receiverSignature, acknowledged)
  const own = await ownSignature('demo-h26', second.item.consignment, time, 'refuse')
  t.match(await end('refuse', second.item.consignment, second.lease, { reason: 'other', signature: own }), { ok: true })
  t.match(await signatureInReceipt(second.item.dispatch, 'ConsignmentRejection'), {
    ...own,
    statement: /^lt-receipt-1\nrefuse\n/,
  })
})

t.test('one bad item in a request does not spoil the others', async (t) => {
  await Promise.all(Array.from({ length: 2 }, () => consign({})))
  const [first, second] = (await lease('demo-h26')) as [Leased, Leased]
  const { body } = await world.call('demo-h26', 'POST', '/v1/mailbox/acknowledge', {
    body: {
      items: [
        { consignment: first.item.consignment, lease: first.lease },
        { consignment: NOBODYS, lease: NOBODYS },
        { consignment: second.item.consignment, lease: first.lease },
        { consignment: second.item.consignment, lease: second.lease },
      ],
    },
  })
  t.same(
    body.items.map(({ ok, code }: { ok: boolean; code?: string }) => code ?? ok),
    [true, 'LT_BOX_NOT_FOUND', 'LT_BOX_LEASE_LOST', true],
  )
})

t.test('a refused item says who must act, what to do and whether again, in the language of the caller', async (t) => {
  const handle = { consignment: NOBODYS, lease: NOBODYS }
  const { title, advice, actor, retry, status } = catalogue.LT_BOX_NOT_FOUND
  const asked = [
    { door: 'acknowledge', item: handle, language: 'vi' },
    { door: 'refuse', item: { ...handle, reason: 'other' }, language: 'en' },
    { door: 'release', item: handle, language: 'en' },
  ] as const
  for (const { door, item, language } of asked) {
    const { body } = await world.call('demo-h26', 'POST', `/v1/mailbox/${door}`, {
      body: { items: [item] },
      headers: { 'accept-language': language },
    })
    t.same(
      body.items,
      [
        {
          consignment: NOBODYS,
          ok: false,
          status,
          code: 'LT_BOX_NOT_FOUND',
          title: title[language],
          actor,
          retry,
          advice: advice[language],
          params: { consignmentId: NOBODYS },
          texts: { vi: { title: title.vi, advice: advice.vi }, en: { title: title.en, advice: advice.en } },
        },
      ],
      door,
    )
  }
})

t.test('a unit below arrives in the mailbox of the system that declared its descendants', async (t) => {
  const dispatch = await consign({}, ['H26.01'])
  const [item] = await list('demo-h26')
  t.match(item, { dispatch, agency: 'H26.01' })
  t.same(await list('demo-h53'), [])

  await t.test('a change of front moves the mailbox when it is read', async (t) => {
    const [taken] = await lease('demo-h26')
    const { consignment } = (taken as Leased).item
    await front(world.operator, 'demo-h53', 'H26.01', { withDescendants: false })
    await world.until(async () => (await list('demo-h53')).length === 1)
    t.equal((await list('demo-h53'))[0]?.consignment, consignment)
    t.same(await list('demo-h26'), [])
    t.match(
      await end('acknowledge', consignment, taken?.lease as string),
      { consignment, ok: false, code: 'LT_BOX_NOT_FOUND', status: 404 },
      'the system it was taken from has nothing to say any more, whatever lease it holds',
    )
    const parts = await world.call('demo-h26', 'GET', `/v1/consignments/${consignment}/parts?lease=${taken?.lease}`)
    t.equal(parts.body.code, 'LT_BOX_NOT_FOUND')
    await runOut()
    const [moved] = await lease('demo-h53')
    t.equal(moved?.item.consignment, consignment)
    await withdrawFront(world.operator, 'H26.01')
    await world.until(async () => (await list('demo-h26')).length === 1)
    t.same(await list('demo-h53'), [], 'and back')
    await runOut()
    const [back] = await lease('demo-h26')
    t.match(await end('acknowledge', consignment, back?.lease as string), { ok: true })
  })
})

t.test('server-sent events tell at once', async (t) => {
  const { nats } = world.servers
  const events = await readEvents(world, 'demo-h26')
  const others = await readEvents(world, 'demo-h53')
  const told = (): number => events.seen.filter(({ name }) => name === 'mailbox').length

  await t.test('of something new, within a second', async (t) => {
    const delays: number[] = []
    for (let count = 0; count < 3; count++) {
      const before = told()
      const answer = await world.submit('demo-g12', world.packet('demo-g12', ['H26']))
      const accepted = performance.now()
      t.equal(answer.status, 202)
      await world.until(async () => told() > before, 5000)
      delays.push((events.seen.at(-1)?.at ?? 0) - accepted)
    }
    t.ok((delays.toSorted((a, b) => a - b)[1] as number) < 1000, `after ${delays.map(Math.round).join(', ')} ms`)
    t.same(events.seen.at(-1)?.data, { open: true, agency: 'H26' })
    t.equal(others.seen.filter(({ name }) => name === 'mailbox').length, 0, 'and nobody else')
  })
  await t.test('when the reader connects again', async (t) => {
    const started = performance.now()
    const again = await readEvents(world, 'demo-h26')
    await world.until(async () => again.seen.some(({ name }) => name === 'mailbox'), 5000)
    t.ok((again.seen[0]?.at ?? 0) - started < 1000)
    await again.close()
  })
  await t.test('when the way to NATS is back', async (t) => {
    const before = told()
    await nats.restart()
    await world.until(async () => told() > before, 12_000)
    t.pass('long before it would have looked again by itself')
  })
  await t.test('when a lease ends, also one given after the reader connected', async (t) => {
    const [{ leasedUntil }] = (await lease('demo-h26', { seconds: 5 })) as [Leased]
    const before = told()
    await world.until(async () => told() > before, 8000)
    const late = Date.now() - Date.parse(leasedUntil)
    t.ok(late > -100 && late < 1000, `${late} ms after the deadline`)
  })
  await t.test('of evidence for the sender', async (t) => {
    const sender = await readEvents(world, 'demo-g12')
    const dispatch = await consign({})
    await world.until(async () =>
      sender.seen.some(({ name, data }) => name === 'dispatch' && data.dispatches.includes(dispatch)),
    )
    const foreign = [...events.seen, ...others.seen].filter(({ name }) => name === 'dispatch')
    t.same(foreign, [], 'and of nobody else')
    await sender.close()
  })
  await Promise.all([events.close(), others.close()])
  await empty(t)
})

t.test('every move has exactly one audit entry', async (t) => {
  const { rows } = await world.eyes.query(
    `with entries as (select consignment_id, event, count(*)::int as count from audit_entry where consignment_id is not null group by 1, 2),
      wanted as (
        select id, 'ContentConsignment' as event from consignment
        union all select id, 'ContentHandover' from consignment where handed_over_at is not null
        union all select id, 'ConsignmentAcceptance' from consignment where state = 'ACKNOWLEDGED'
        union all select id, 'ConsignmentRejection' from consignment where state = 'REFUSED')
      select w.id, coalesce(w.event, e.event) as event, coalesce(e.count, 0) as count
      from wanted w full join entries e on e.consignment_id = w.id and e.event = w.event
      where w.id is null or e.count is distinct from 1`,
  )
  t.same(rows, [], 'consignments')
  const dispatches = await world.eyes.query(
    `select d.id, d.state, array_agg(e.event order by e.event) as events from dispatch d left join audit_entry e
      on e.dispatch_id = d.id and e.consignment_id is null group by d.id, d.state
      having array_agg(e.event order by e.event) <> case when d.state = 'CLOSED'
        then array['DispatchClosed', 'DispatchRouted', 'SubmissionAcceptance'] else array['DispatchRouted', 'SubmissionAcceptance'] end`,
  )
  t.same(dispatches.rows, [], 'dispatches')
  const { rows: bare } = await world.eyes.query(
    'select e.id from audit_entry e left join audit_detail d on d.entry_id = e.id where d.entry_id is null',
  )
  t.same(bare, [], 'each with its details')
  const { rows: counts } = await world.eyes.query(
    `select count(*) filter (where event = 'ContentHandover')::int as handed, count(*) filter (where event = 'ConsignmentAcceptance')::int as acknowledged,
      count(*) filter (where event = 'ConsignmentRejection')::int as refused from audit_entry`,
  )
  t.ok(counts[0].handed >= 2 && counts[0].acknowledged >= 50 && counts[0].refused >= 11, 'and there were many')
})

/** Sends a document and waits until it lies in the mailbox. */
async function consign(overrides: Partial<PacketDraft>, recipients: readonly string[] = ['H26']): Promise<string> {
  const { status, body } = await world.submit('demo-g12', world.packet('demo-g12', recipients, overrides))
  if (status !== 202) throw new Error(JSON.stringify(body))
  await world.until(
    async () =>
      (await world.eyes.query('select from consignment where dispatch_id = $1', [body.dispatch])).rows.length > 0,
  )
  return body.dispatch
}

async function list(system: string, query = 'limit=1000'): Promise<Item[]> {
  return (await world.call(system, 'GET', `/v1/mailbox?${query}`)).body.items
}

async function lease(system: string, body: object = {}): Promise<Leased[]> {
  return (await world.call(system, 'POST', '/v1/mailbox/lease', { body })).body.items
}

interface Ended {
  readonly ok: boolean
  readonly repeated?: boolean
  readonly code?: string
}

async function end(
  path: 'acknowledge' | 'refuse',
  consignment: string,
  token: string,
  more: object = {},
  system = 'demo-h26',
): Promise<Ended> {
  const answer: Answer = await world.call(system, 'POST', `/v1/mailbox/${path}`, {
    body: { items: [{ consignment, lease: token, ...more }] },
  })
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
  return answer.body.items[0]
}

/** Lets every lease run out now. */
async function runOut(): Promise<void> {
  await world.eyes.query(
    `update consignment set lease_until = clock_timestamp() - interval '1 ms' where lease_until is not null`,
  )
}

async function empty(t: Test): Promise<void> {
  await runOut()
  for (const system of ['demo-h26', 'demo-h53']) {
    for (const { item, lease: token } of await lease(system, { max: 500 })) {
      t.match(await end('acknowledge', item.consignment, token, {}, system), { ok: true })
    }
    t.same(await list(system), [])
  }
}

async function rowOf(consignment: string) {
  const { rows } = await world.eyes.query('select * from consignment where id = $1', [consignment])
  return rows[0]
}

async function stateOf(dispatch: string): Promise<string> {
  return world.until(async () => {
    const { rows } = await world.eyes.query('select state from dispatch where id = $1', [dispatch])
    return rows[0].state === 'CLOSED' && rows[0].state
  })
}

async function eventsOf(consignment: string): Promise<string[]> {
  const { rows } = await world.eyes.query('select event from audit_entry where consignment_id = $1 order by id', [
    consignment,
  ])
  return rows.map(({ event }) => event)
}

async function detailsOf(consignment: string, event: string) {
  const { rows } = await world.eyes.query(
    'select d.details from audit_entry e join audit_detail d on d.entry_id = e.id where e.consignment_id = $1 and e.event = $2',
    [consignment, event],
  )
  return JSON.parse(rows[0].details)
}

function certificateOf(system: string): string {
  return world.systems[system]?.signer.certificatePem ?? ''
}

/** What a receiver signs, written down here once more from the description. */
async function ownSignature(
  system: string,
  consignment: string,
  time: string,
  verb: 'acknowledge' | 'refuse' = 'acknowledge',
) {
  const { rows } = await world.eyes.query(
    `select encode(content_hash, 'hex') as hash from dispatch d join consignment c on c.dispatch_id = d.id where c.id = $1`,
    [consignment],
  )
  const statement = `lt-receipt-1\n${verb}\n${consignment}\n${rows[0].hash}\n${time}\n`
  const key = createPrivateKey(world.systems[system]?.signer.privateKeyPem ?? '')
  const value = sign('sha256', Buffer.from(statement), { key, dsaEncoding: 'ieee-p1363' }).toString('base64')
  const fingerprint = new X509Certificate(certificateOf(system)).fingerprint256.replaceAll(':', '').toLowerCase()
  return { time, fingerprint, value }
}

const receiverKey = () => ({
  key: new X509Certificate(certificateOf('demo-h26')).publicKey,
  dsaEncoding: 'ieee-p1363' as const,
})

/** The receiver's own signature as the signed receipt of that event shows it to the sender. */
async function signatureInReceipt(dispatch: string, event: string) {
  const { body } = await world.call('demo-g12', 'GET', `/v1/dispatches/${dispatch}`)
  const { href } = body.receipts.find((fact: { event: string }) => fact.event === event)
  return readEvidence((await world.call('demo-g12', 'GET', href)).bytes).receiverSignature
}
