import { setTimeout as later } from 'node:timers/promises'
import t from 'tap'
import { renewPushes } from '../../libs/store/index.ts'
import { runCli } from '../../services/cli/run-cli.ts'
import { addOperators, callConsole } from '../harness/operators.ts'
import { attemptsOf, closed, send, startPushWorld, state } from '../harness/push-world.ts'
import type { Answer } from '../harness/world.ts'

const { world, endpoint } = await startPushWorld(t, {
  services: ['routing', 'audit', 'receipts', 'gateway', 'delivery', 'console'],
})
const keys = await addOperators(world)
const ask = (key: string, method: string, path: string, body?: object): Promise<Answer> =>
  callConsole(world, key, method, path, body)

const mailbox = async (): Promise<string[]> =>
  (await world.call('demo-g12', 'GET', '/v1/mailbox')).body.items.map(
    (item: { consignment: string }) => item.consignment,
  )
const entriesOf = async (consignment: string): Promise<{ event: string; details: Record<string, string> }[]> =>
  (
    await world.eyes.query(
      `select e.event, d.details::json as details from audit_entry e join audit_detail d on d.entry_id = e.id
        where e.consignment_id = $1 order by e.event_time, e.id`,
      [consignment],
    )
  ).rows

/** A document from H26 to G12, which fetches. */
async function toMailbox(): Promise<{ dispatch: string; consignment: string }> {
  const { status, body } = await world.submit('demo-h26', world.packet('demo-h26', ['G12']))
  if (status !== 202) throw new Error(JSON.stringify(body))
  const consignment = body.recipients[0].consignment as string
  await world.until(async () => (await mailbox()).includes(consignment))
  return { dispatch: body.dispatch, consignment }
}

t.test('nobody acts without the key of an operator', async (t) => {
  const stuck = await ask(keys.lan, 'GET', '/stuck')
  t.equal(stuck.status, 200)
  for (const key of ['', 'lto_x', `${keys.lan}x`, keys.lan.replace(/.$/, keys.lan.endsWith('A') ? 'Q' : 'A')]) {
    const answer = await ask(key, 'POST', '/consignments/hold', { consignments: [], reason: '' })
    t.match(answer, { status: 401, body: { code: 'LT_OPS_KEY_INVALID', actor: 'axis', retry: 'after-fix' } })
    t.equal(answer.headers.get('www-authenticate'), 'Bearer realm="lienthong"')
  }
  t.match(await ask(keys.lan, 'POST', '/consignments/hold', { consignments: [], reason: 'x' }), {
    status: 400,
    body: { code: 'LT_HTTP_INVALID_REQUEST' },
  })
})

t.test('what is held waits; released, it goes on, and the mailbox is woken', async (t) => {
  const { consignment, dispatch } = await toMailbox()
  const held = await ask(keys.lan, 'POST', '/consignments/hold', { consignments: [consignment], reason: 'xác minh' })
  t.match(held, { status: 200, body: { items: [{ consignment, done: true, state: 'HELD' }] } })
  t.notOk((await mailbox()).includes(consignment))
  const again = await ask(keys.minh, 'POST', '/consignments/hold', { consignments: [consignment], reason: 'xác minh' })
  t.match(again.body.items[0], {
    done: false,
    code: 'LT_OPS_WRONG_STATE',
    params: { state: 'HELD' },
    retry: 'after-fix',
  })
  t.match((await ask(keys.lan, 'GET', '/stuck')).body.items, [{ kind: 'held', id: consignment, agency: 'G12' }])
  const released = await ask(keys.minh, 'POST', '/consignments/release', {
    consignments: [consignment],
    reason: 'đúng',
  })
  t.match(released.body.items[0], { done: true, state: 'AVAILABLE' })
  t.ok((await mailbox()).includes(consignment))
  const acts = (await entriesOf(consignment)).filter(({ details }) => details.operator)
  t.match(acts, [
    { event: 'ConsignmentHeld', details: { operator: 'Nguyễn Thị Lan', why: 'xác minh' } },
    { event: 'ConsignmentReleased', details: { operator: 'Trần Minh', why: 'đúng' } },
  ])
  t.match(acts[0]?.details.request, /^[0-9a-f]{32}$/, 'the trace id of the request')
  const end = await ask(keys.lan, 'POST', '/consignments/close', { consignments: [consignment], reason: 'giải thể' })
  t.match(end.body.items[0], { done: true, state: 'DEAD' })
  const seen = await world.until(async () => {
    const { body } = await world.call('demo-h26', 'GET', `/v1/dispatches/${dispatch}`)
    return body.state === 'CLOSED' && body
  })
  t.match(seen.recipients[0], { state: 'DEAD' })
})

t.test(
  'dead letters are replayed: first only told, then done, under the same ids, and the dispatch opens again',
  async (t) => {
    endpoint.behave('demo-h53', () => ({ status: 410 }))
    const since = new Date().toISOString()
    const sent = [await send(world, ['H53']), await send(world, ['H53'])]
    for (const { dispatch } of sent) await closed(world, dispatch)
    const ids = sent.map(({ consignments }) => consignments.H53 as string)
    const selector = { state: 'DEAD', system: 'demo-h53', since }
    const dry = await ask(keys.lan, 'POST', '/replays', { selector, dryRun: true })
    t.match(dry, {
      status: 200,
      body: {
        dryRun: true,
        moved: 2,
        targets: [{ to: 'QUEUED', agency: 'H53', system: 'demo-h53', suspended: false, count: 2 }],
        skipped: [],
      },
    })
    t.same(dry.body.consignments, [...ids].sort())
    for (const id of ids) t.equal(await state(world, id), 'DEAD', 'a dry run moves nothing')
    endpoint.behave('demo-h53', () => ({ status: 200 }))
    const never = ['2026-02-31T00:00:00Z', '2026-01-01T25:00:00Z', '2026-01-01T00:00:00+99:99']
    for (const since of [...never, '0000-01-01T00:00:00Z', '2026-01-01T00:00:00+23:00', '2026-06-30T23:59:60Z']) {
      const never = await ask(keys.lan, 'POST', '/replays', { selector: { ...selector, since }, dryRun: true })
      t.match(never, { status: 400, body: { code: 'LT_HTTP_INVALID_REQUEST' } }, since)
    }
    t.match(
      await ask(keys.lan, 'POST', '/consignments/close', { consignments: [ids[0]], reason: 'x\ud800' }),
      { status: 422, body: { code: 'LT_OPS_BAD_FIELD' } },
      'half a character is no reason',
    )
    t.match(await ask(keys.lan, 'POST', '/replays', { selector }), { status: 422, body: { code: 'LT_OPS_BAD_FIELD' } })
    const done = await ask(keys.lan, 'POST', '/replays', { selector, reason: 'đã sửa máy nhận' })
    t.match(done, { status: 200, body: { dryRun: false, moved: 2 } })
    for (const { dispatch } of sent)
      t.match(await closed(world, dispatch), { recipients: [{ agency: 'H53', state: 'ACKNOWLEDGED' }] })
    for (const id of ids) {
      const events = (await entriesOf(id)).map(({ event }) => event)
      t.ok(events.indexOf('ContentConsignmentFailure') < events.indexOf('ConsignmentRequeued'))
      t.equal(events.filter((event) => event === 'ConsignmentAcceptance').length, 1)
    }
    const { rows } = await world.eyes.query(
      `select event, count(*)::int from audit_entry where dispatch_id = any($1) and event in ('DispatchClosed', 'DispatchReopened')
      group by event order by event`,
      [sent.map(({ dispatch }) => dispatch)],
    )
    t.same(rows, [
      { event: 'DispatchClosed', count: 4 },
      { event: 'DispatchReopened', count: 2 },
    ])
  },
)

t.test('after a requeue the limit of attempts begins anew, their numbers go on', async (t) => {
  endpoint.behave('demo-h53', () => ({ status: 500 }))
  const { dispatch, consignments } = await send(world, ['H53'])
  const id = consignments.H53 as string
  await closed(world, dispatch, 30_000)
  const before = await attemptsOf(world, id)
  endpoint.behave('demo-h53', ({ earlier }) => ({ status: earlier > before.length ? 200 : 500 }))
  const answer = await ask(keys.lan, 'POST', '/consignments/requeue', { consignments: [id], reason: 'đã sửa' })
  t.match(answer.body.items, [{ done: true, state: 'QUEUED' }])
  t.match(await closed(world, dispatch), { recipients: [{ state: 'ACKNOWLEDGED' }] })
  const after = await attemptsOf(world, id)
  t.same(
    after.map(({ attempt }) => attempt),
    after.map((_, i) => i + 1),
  )
  t.match(
    after.slice(before.length),
    [{ outcome: 'transient' }, { outcome: 'delivered' }],
    'one that failed ended nothing',
  )
  endpoint.behave('demo-h53', () => ({ status: 200 }))
})

t.test('where the policy asks for it a second operator approves, never the one who asked', async (t) => {
  const policy = { approvalAbove: 0, reason: 'quy chế' }
  t.match(await ask(keys.lan, 'PUT', '/policies/hold', policy), {
    status: 403,
    body: { code: 'LT_OPS_NOT_ADMINISTRATOR' },
  })
  t.match(await ask(keys.admin, 'PUT', '/policies/hold', policy), { status: 200, body: { approvalAbove: 0 } })
  t.equal((await ask(keys.lan, 'GET', '/policies')).body.items.length, 12)
  const { consignment } = await toMailbox()
  const filed = await ask(keys.lan, 'POST', '/consignments/hold', { consignments: [consignment], reason: 'nghi ngờ' })
  t.match(filed, { status: 202, body: { request: { state: 'PENDING', affected: 1, requestedBy: 'Nguyễn Thị Lan' } } })
  t.equal(await state(world, consignment), 'AVAILABLE')
  const { id, digest } = filed.body.request
  t.match((await ask(keys.minh, 'GET', '/requests')).body.items, [{ id, action: 'hold', digest }])
  t.match((await ask(keys.minh, 'GET', `/requests/${id}`)).body.snapshot.moves, [{ id: consignment, to: 'HELD' }])
  t.match(await ask(keys.lan, 'POST', `/requests/${id}/approve`, { digest }), {
    status: 403,
    body: { code: 'LT_OPS_OWN_REQUEST' },
  })
  t.equal(await state(world, consignment), 'AVAILABLE')
  t.match(await ask(keys.minh, 'POST', `/requests/${id}/approve`, { digest }), {
    status: 200,
    body: { request: { state: 'DONE', decidedBy: 'Trần Minh', result: { done: 1 } } },
  })
  t.equal(await state(world, consignment), 'HELD')
  t.match(await ask(keys.admin, 'POST', `/requests/${id}/approve`, { digest }), {
    status: 409,
    body: { code: 'LT_OPS_REQUEST_DECIDED' },
  })
  const second = await ask(keys.lan, 'POST', '/consignments/hold', {
    consignments: [(await toMailbox()).consignment],
    reason: 'nghi ngờ',
  })
  t.match(await ask(keys.lan, 'POST', `/requests/${second.body.request.id}/reject`, { reason: 'thôi' }), {
    status: 200,
    body: { request: { state: 'REJECTED', decidedBy: 'Nguyễn Thị Lan' } },
  })
  t.equal((await ask(keys.lan, 'GET', '/requests')).body.items.length, 0)
  t.ok((await ask(keys.lan, 'GET', '/requests?all=true')).body.items.length >= 2)
  const loosened = await ask(keys.admin, 'PUT', '/policies/hold', { approvalAbove: null, reason: 'xong' })
  t.match(
    loosened,
    { status: 202, body: { request: { action: 'policy', state: 'PENDING' } } },
    'nobody loosens it alone',
  )
  const loosening = `/requests/${loosened.body.request.id}/approve`
  t.match(await ask(keys.minh, 'POST', loosening, { digest: loosened.body.request.digest }), {
    status: 403,
    body: { code: 'LT_OPS_NOT_ADMINISTRATOR' },
  })
})

t.test('during maintenance nothing new comes in; reading, fetching, acknowledging and repeats go on', async (t) => {
  const { consignment } = await toMailbox()
  const known = world.packet('demo-h26', ['G12'])
  t.equal((await world.submit('demo-h26', known)).status, 202)
  const until = new Date(Date.now() + 300_000).toISOString()
  const on = await ask(keys.admin, 'PUT', '/maintenance', { on: true, reason: 'nâng cấp', until })
  t.match(on, { status: 200, body: { on: true, by: 'admin', reason: 'nâng cấp' } })
  const refused = await world.submit('demo-g12', world.packet('demo-g12', ['H26']))
  t.match(refused, { status: 503, body: { code: 'LT_OPS_MAINTENANCE', retry: 'later', actor: 'axis' } }, 'at once')
  const pause = Number(refused.headers.get('retry-after'))
  t.ok(pause >= 1 && pause <= 300, `Retry-After ${pause}`)
  const ready = await world.until(async () => {
    const answer = await world.call('demo-g12', 'GET', '/health/ready')
    return answer.body.notices && answer
  })
  t.match(ready, { status: 200, body: { status: 'ready', notices: ['LT_OPS_MAINTENANCE'] } })
  t.match(await world.submit('demo-h26', known), { status: 200, body: { repeated: true } }, 'the first receipt again')
  const leased = await world.call('demo-g12', 'POST', '/v1/mailbox/lease', { body: { max: 50 } })
  const item = leased.body.items.find(
    (each: { item: { consignment: string } }) => each.item.consignment === consignment,
  )
  t.equal(
    (await world.call('demo-g12', 'GET', `/v1/consignments/${consignment}/parts/0?lease=${item.lease}`)).status,
    200,
  )
  const ack = { body: { items: [{ consignment, lease: item.lease }] } }
  t.match((await world.call('demo-g12', 'POST', '/v1/mailbox/acknowledge', ack)).body.items, [{ ok: true }])
  await ask(keys.lan, 'PUT', '/maintenance', { on: false, reason: 'xong' })
  await world.until(async () => (await world.submit('demo-g12', world.packet('demo-g12', ['H26']))).status === 202)
})

t.test('a suspended system is out, and back', async (t) => {
  const suspended = await ask(keys.lan, 'POST', '/systems/demo-g12/suspend', { reason: 'lộ khóa' })
  t.match(suspended, { status: 200, body: { system: 'demo-g12', suspended: true, changed: true } })
  await world.until(async () => (await world.call('demo-g12', 'GET', '/v1/mailbox')).status === 403)
  t.match(await ask(keys.lan, 'POST', '/systems/nosuch/suspend', { reason: 'x' }), {
    status: 404,
    body: { code: 'LT_REG_UNKNOWN_SYSTEM' },
  })
  t.match(await ask(keys.minh, 'POST', '/systems/demo-g12/resume', { reason: 'đã đổi khóa' }), {
    body: { changed: true },
  })
  await world.until(async () => (await world.call('demo-g12', 'GET', '/v1/mailbox')).status === 200)
})

t.test('documents outlive the suspension of the system they are pushed to', async (t) => {
  await ask(keys.lan, 'POST', '/systems/demo-h53/suspend', { reason: 'sự cố an ninh' })
  // Delivery knows by now.
  await later(2500)
  const { dispatch, consignments } = await send(world, ['H53'])
  const id = consignments.H53 as string
  await world.until(async () => (await state(world, id)) === 'QUEUED')
  // As if the suspension had lasted for longer than a push may take, and it was looked at again and again.
  await world.eyes.query(
    `update consignment set available_at = now() - interval '60 days', next_publish_at = now(), publish_round = 0 where id = $1`,
    [id],
  )
  const rounds = async (): Promise<number> =>
    (await world.eyes.query('select publish_round from consignment where id = $1', [id])).rows[0]?.publish_round
  await world.until(async () => (await state(world, id)) !== 'QUEUED' || (await rounds()) >= 1)
  await later(300)
  t.equal(await state(world, id), 'QUEUED', 'not ended while suspended')
  t.equal(endpoint.of(id).length, 0)
  t.ok((await renewPushes(world.operator, ['H53'], 1)) >= 1, 'page by page')
  await world.eyes.query(`update consignment set available_at = now() - interval '60 days' where id = $1`, [id])
  await ask(keys.minh, 'POST', '/systems/demo-h53/resume', { reason: 'đã xử lý' })
  await world.eyes.query('update consignment set next_publish_at = now() where id = $1', [id])
  const { recipients } = await closed(world, dispatch, 30_000)
  t.match(recipients, [{ state: 'ACKNOWLEDGED' }], 'its time to live began anew')
  t.equal(endpoint.of(id).length, 1)
})

t.test('a time to live that begins anew while an attempt goes on is not over at its end', async (t) => {
  let [tries, answer] = [0, (): void => undefined]
  endpoint.behave('demo-h53', async () => {
    tries++
    if (tries === 2) await new Promise<void>((resolve) => (answer = resolve))
    return tries > 2 ? { status: 200 } : { status: 503, headers: { 'retry-after': String(tries) } }
  })
  const { dispatch, consignments } = await send(world, ['H53'])
  const id = consignments.H53 as string
  await world.until(async () => (await attemptsOf(world, id))[0]?.outcome === 'busy')
  // It would be over within the two seconds that the second answer asks for.
  await world.eyes.query(
    `update consignment set available_at = next_attempt_at - interval '72 hours' + interval '1500 milliseconds' where id = $1`,
    [id],
  )
  await world.until(async () => tries === 2)
  await renewPushes(world.operator, ['H53'])
  answer()
  const { recipients } = await closed(world, dispatch, 30_000)
  t.match(recipients, [{ state: 'ACKNOWLEDGED' }])
  t.same(
    (await attemptsOf(world, id)).map(({ outcome }) => outcome),
    ['busy', 'busy', 'delivered'],
  )
  endpoint.behave('demo-h53', () => ({ status: 200 }))
})

t.test('what comes back from before everything that is open is seen at once', async (t) => {
  const { dispatch, consignment } = await toMailbox()
  const hex = (Date.now() - 3 * 86_400_000).toString(16).padStart(12, '0')
  const old = (id: string): string => `${hex.slice(0, 8)}-${hex.slice(8)}${id.slice(13)}`
  await world.eyes.query(
    `with d as (insert into dispatch select (jsonb_populate_record(d, jsonb_build_object('id', $3::text))).* from dispatch d where id = $1),
      k as (insert into submission_recipient values (gen_random_uuid(), '', 'G12', $3::uuid, $4::uuid))
    insert into consignment select (jsonb_populate_record(c, jsonb_build_object('id', $4::text, 'dispatch_id', $3::text, 'state', 'EXPIRED'))).*
      from consignment c where id = $2`,
    [dispatch, consignment, old(dispatch), old(consignment)],
  )
  t.notOk((await mailbox()).includes(old(consignment)))
  const body = { consignments: [old(consignment)], reason: 'cơ quan đã kết nối lại' }
  t.match((await ask(keys.lan, 'POST', '/consignments/requeue', body)).body.items, [{ done: true, state: 'AVAILABLE' }])
  await world.until(async () => (await mailbox()).includes(old(consignment)), 2_000)
})

t.test('after a wipe of NATS and Redis a rebuild brings back at once what waits', async (t) => {
  await world.stop('delivery')
  const { dispatch, consignments } = await send(world, ['H53'])
  await world.until(async () => (await state(world, consignments.H53 as string)) === 'QUEUED')
  await Promise.all([world.servers.nats.wipe(), world.servers.redis.wipe()])
  await world.eyes.query(`update consignment set next_publish_at = now() + interval '1 hour' where id = $1`, [
    consignments.H53,
  ])
  await world.start('delivery')
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  t.equal(await state(world, consignments.H53 as string), 'QUEUED', 'nobody knows of it')
  const environment = { ...world.servers.environment('cli'), LIENTHONG_OPERATOR: keys.minh }
  let out = ''
  const stream = { write: (text: string) => (out += text) }
  const args = ['rebuild', '--reason', 'mất NATS và Redis', '--json']
  t.equal(await runCli(args, { stdout: stream, stderr: stream }, environment), 0, out)
  t.ok(JSON.parse(out).consignments >= 1, out)
  t.match(await closed(world, dispatch), { recipients: [{ agency: 'H53', state: 'ACKNOWLEDGED' }] })
})

t.test('wrong keys are slowed down', async (t) => {
  const last = await world.until(async () => {
    const answer = await ask('lto_x', 'GET', '/stuck')
    return answer.status === 429 && answer
  })
  t.match(last.body, { code: 'LT_HTTP_TOO_MANY_REQUESTS' })
})
