import { createHash, X509Certificate } from 'node:crypto'
import t from 'tap'
import { changeSystem } from '../../libs/registry/index.ts'
import { readEvidence } from '../../libs/signature/index.ts'
import type { Hit, PushEndpoint } from '../harness/push-endpoint.ts'
import { closed, send, startPushWorld } from '../harness/push-world.ts'
import { verifyRequest } from '../harness/verify-push.ts'
import type { World } from '../harness/world.ts'

interface Notice {
  readonly id: string
  readonly position: string
  readonly event: string
  readonly dispatch: string
  readonly consignment?: string
  readonly status?: string
  readonly receipt?: string
  readonly receiptXml?: string
}
interface Told {
  readonly system: string
  readonly notices: readonly Notice[]
  readonly missed?: { count: number; since: string }
}

const SETTINGS = { READ_IDLE_MS: '50' }
const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const bodyOf = (hit: Hit): Told => JSON.parse(hit.body.toString())
const told = (endpoint: PushEndpoint, path: string): Notice[] =>
  endpoint.hits.filter((hit) => hit.path === path).flatMap((hit) => bodyOf(hit).notices)

async function hook(world: World, endpoint: PushEndpoint, system: string, path: string, receipts = false) {
  await changeSystem(world.operator, system, { hookUrl: endpoint.url(path), hookReceipts: receipts })
  // Reader and poster hear of it within two seconds.
  await later(2_300)
}

const COUNT = { SubmissionAcceptance: 1, ContentHandover: 1, ConsignmentAcceptance: 1, DispatchClosed: 1 }

t.test('a sender is told what becomes of its dispatches', async (t) => {
  const { world, endpoint } = await startPushWorld(t, { environment: SETTINGS })
  await closed(world, (await send(world, ['H26'])).dispatch)
  await later(300)
  await hook(world, endpoint, 'demo-g12', 'hook', true)
  const { dispatch, consignments } = await send(world, ['H26'])
  await world.until(async () => told(endpoint, 'hook').some(({ event }) => event === 'DispatchClosed'))

  await t.test('each fact once, in the order of the log, with its receipt', async (t) => {
    const notices = told(endpoint, 'hook')
    t.ok(
      notices.every((notice) => notice.dispatch === dispatch),
      'from now on, and nothing of the time before',
    )
    t.same(
      notices.map(({ event }) => event),
      ['SubmissionAcceptance', 'ContentHandover', 'ConsignmentAcceptance', 'DispatchClosed'],
    )
    const places = notices.map(({ position }) => Number(position.split('/')[1]))
    t.same(
      places,
      places.toSorted((a, b) => a - b),
    )
    for (const { event, receipt, receiptXml, id } of notices) {
      if (event === 'DispatchClosed') continue
      const evidence = readEvidence(Buffer.from(receiptXml ?? ''))
      t.match(evidence, { kind: event, dispatchId: dispatch, entryId: id })
      const { bytes } = await world.call('demo-g12', 'GET', receipt ?? '')
      t.equal(bytes.toString(), receiptXml, 'the very receipt that the door gives')
    }
    t.equal(notices.find(({ event }) => event === 'ConsignmentAcceptance')?.consignment, consignments.H26)
  })

  await t.test('signed for that purpose', async (t) => {
    const hit = endpoint.hits.find(({ path }) => path === 'hook') as Hit
    const keys = (await (await fetch(`${world.baseUrl}/v1/keys`)).json()) as { delivery: string[] }
    const certificate = new X509Certificate(keys.delivery[0] ?? '')
    t.ok(verifyRequest(hit, certificate), 'with the published certificate')
    t.match(String(hit.headers['signature-input']), /tag="lt-hook"/)
    const digest = createHash('sha256').update(hit.body).digest('base64')
    t.equal(hit.headers['content-digest'], `sha-256=:${digest}:`)
    t.notOk(verifyRequest({ ...hit, headers: { ...hit.headers, 'content-digest': 'x' } }, certificate))
  })

  await t.test('a status of the receiver is told to the sender of the document', async (t) => {
    const { rows } = await world.eyes.query('select document_id, number, notation from dispatch where id = $1', [
      dispatch,
    ])
    const { document_id: documentId, number, notation } = rows[0]
    const status = world.status('demo-h26', { agency: 'G12', documentId, code: `${number}/${notation}` }, '03')
    t.equal((await world.submit('demo-h26', status)).status, 202)
    const notice = await world.until(async () => told(endpoint, 'hook').find((each) => each.status === '03'))
    t.match(notice, { event: 'BusinessStatusReported', dispatch, consignment: consignments.H26 })
  })
})

t.test('what a hook does not take is told again, and nobody else waits for it', async (t) => {
  const { world, endpoint } = await startPushWorld(t, { environment: SETTINGS })
  await changeSystem(world.operator, 'demo-h26', { hookUrl: endpoint.url('other') })
  await hook(world, endpoint, 'demo-g12', 'hook')
  endpoint.behave('hook', () => 'hang')

  const first = await send(world, ['H53'])
  await closed(world, first.dispatch)
  await world.until(async () => endpoint.hits.some(({ path }) => path === 'hook'))

  await t.test('another system is told meanwhile', async (t) => {
    // H26 sends too.
    const sent = performance.now()
    const answer = await world.submit('demo-h26', world.packet('demo-h26', ['H53']))
    await world.until(async () => told(endpoint, 'other').some(({ dispatch }) => dispatch === answer.body.dispatch))
    t.comment(`FIGURES told beside a dead hook after ${Math.round(performance.now() - sent)} ms`)
    t.ok(performance.now() - sent < 3_000)
  })

  await t.test('again from where it stopped, with a pause, and attempts are rows', async (t) => {
    endpoint.behave('hook', () => ({ status: 503 }))
    await world.until(async () => endpoint.hits.filter(({ path }) => path === 'hook').length >= 5)
    const { rows } = await world.eyes.query(
      `select a.attempt, a.outcome, a.code, a.notices from hook_attempt a join system s on s.id = a.system_id
       where s.code = 'demo-g12' and ended_at is not null order by attempt`,
    )
    t.match(rows[0], { attempt: 1, outcome: 'ambiguous', code: 'LT_DLV_NO_ANSWER' })
    t.match(rows.at(-1), { outcome: 'transient', code: 'LT_DLV_ENDPOINT_FAILED' })
    const broken = await world.until(async () => {
      const found = await world.eyes.query(`select state from push_breaker where purpose = 'hook'`)
      return found.rows[0]?.state === 'open' && found.rows
    })
    t.equal(broken.length, 1, 'its breaker is open, as a row that operators see')
  })

  await t.test('once it answers it has everything', async (t) => {
    const second = await send(world, ['H53'])
    await closed(world, second.dispatch)
    endpoint.behave('hook', () => ({ status: 200 }))
    const failed = endpoint.hits.filter(({ path }) => path === 'hook').length
    const taken = (): Notice[] =>
      endpoint.hits
        .filter(({ path }) => path === 'hook')
        .slice(failed)
        .flatMap((hit) => bodyOf(hit).notices)
    await world.until(
      async () => taken().some(({ event, dispatch }) => event === 'DispatchClosed' && dispatch === second.dispatch),
      30_000,
    )
    for (const { dispatch } of [first, second]) {
      const events = [...new Map(taken().map((notice) => [notice.id, notice])).values()]
        .filter((notice) => notice.dispatch === dispatch)
        .map(({ event }) => event)
      t.same(events.toSorted(), Object.keys(COUNT).toSorted(), 'at least once, and in effect once by its id')
    }
    const places = taken().map(({ position }) => Number(position.split('/')[1]))
    t.same(
      places,
      places.toSorted((a, b) => a - b),
      'in order',
    )
    await world.until(async () => {
      const { rows } = await world.eyes.query(
        `select 1 from hook_state h join system s on s.id = h.system_id where s.code = 'demo-g12' and waiting = 0 and failures = 0`,
      )
      return rows.length === 1
    })
    // The breaker is told right after the post was written down.
    await world.until(
      async () => (await world.eyes.query(`select from push_breaker where state <> 'closed'`)).rows.length === 0,
    )
  })

  await t.test('delivery killed after the answer, before its end was noted: the same notices again', async (t) => {
    const before = endpoint.hits.filter(({ path }) => path === 'hook').length
    // The end of the next post cannot be written.
    await world.eyes.query(
      `create function no_end() returns trigger language plpgsql as $$ begin raise exception 'away'; end $$`,
    )
    await world.eyes.query('create trigger no_end before update on hook_attempt execute function no_end()')
    const { dispatch } = await send(world, ['H53'])
    // The second one can only be the first again, once its time was over.
    await world.until(async () => endpoint.hits.filter(({ path }) => path === 'hook').length > before + 1, 30_000)
    await world.eyes.query('drop trigger no_end on hook_attempt')
    await world.until(async () => {
      const ids = told(endpoint, 'hook').filter((notice) => notice.dispatch === dispatch)
      return ids.some(({ event }) => event === 'DispatchClosed') && ids.length > Object.keys(COUNT).length
    }, 30_000)
    t.pass('told twice, under the same ids')
  })
})

t.test('addresses that the axis may not call, and a hook that stays away', async (t) => {
  const { world, endpoint } = await startPushWorld(t, { environment: { ...SETTINGS, HOOK_QUEUE_LENGTH: '6' } })
  await changeSystem(world.operator, 'demo-g12', { hookUrl: 'https://10.255.255.1/hook' })
  await later(2_300)
  await closed(world, (await send(world, ['H53'])).dispatch)
  const refused = await world.until(async () => {
    const { rows } = await world.eyes.query('select outcome, code from hook_attempt where ended_at is not null')
    return rows[0]
  })
  t.same(refused, { outcome: 'transient', code: 'LT_DLV_ADDRESS_REFUSED' })
  // Four notices each, six are kept.
  for (let i = 0; i < 3; i++) await closed(world, (await send(world, ['H53'])).dispatch)
  const state = await world.until(async () => {
    const { rows } = await world.eyes.query('select waiting, dropped, dropped_at from hook_state where dropped > 0')
    return rows[0]
  })
  t.ok(state.waiting <= 6 && state.dropped_at !== null, 'what was dropped stands in a row')
  await hook(world, endpoint, 'demo-g12', 'hook')
  const missed = await world.until(async () =>
    endpoint.hits
      .filter(({ path }) => path === 'hook')
      .map((hit) => bodyOf(hit).missed)
      .find(Boolean),
  )
  t.ok(missed.count >= 4, `it is told that it missed ${missed.count}`)
  const { dispatch } = await send(world, ['H53'])
  await world.until(async () => told(endpoint, 'hook').some((notice) => notice.dispatch === dispatch))
  t.pass('and hears what comes afterwards')
})

t.test('a heap of notices goes out in posts one after the other, without a look in between', async (t) => {
  const HEAP = 350
  const { world, endpoint } = await startPushWorld(t, { environment: { ...SETTINGS, BREAKER_LOOK_MS: '60000' } })
  await hook(world, endpoint, 'demo-g12', 'heap')
  const { dispatch } = await send(world, ['H26'])
  // Woken by the first of them: the look of its own is a minute away.
  await world.until(async () => told(endpoint, 'heap').some(({ event }) => event === 'DispatchClosed'))
  await world.eyes.query(
    `insert into hook_notice (system_id, epoch, index, entry_id, event, event_time, dispatch_id)
     select system_id, 0, 1000000 + i, gen_random_uuid(), 'ContentHandover', now(), id
     from dispatch, generate_series(1, $2::int) i where id = $1`,
    [dispatch, HEAP],
  )
  await world.eyes.query('update hook_state set waiting = waiting + $1, version = version + 1', [HEAP])
  const before = endpoint.hits.length
  const more = await send(world, ['H26'])
  await world.until(async () => told(endpoint, 'heap').filter((notice) => notice.dispatch === dispatch).length > HEAP)
  const posts = endpoint.hits.slice(before).filter(({ path }) => path === 'heap')
  t.ok(posts.length >= 4, `${posts.length} posts`)
  t.ok(posts.every((hit) => bodyOf(hit).notices.length <= 100))
  await closed(world, more.dispatch)
})
