import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import t from 'tap'
import { freePort } from '../../deploy/local/free-port.ts'
import { newConsignmentId } from '../../libs/model/index.ts'
import { addAgency, changeSystem, closeAgency } from '../../libs/registry/index.ts'
import { startService } from '../../libs/runtime/index.ts'
import { closeDispatches, openConnection, resendConsignment } from '../../libs/store/index.ts'
import { gatewayService } from '../../services/gateway/service.ts'
import { type DetachedFile, envelopePart, filePart, multipart, signedEnvelope } from '../harness/detached.ts'
import { readEvents } from '../harness/events.ts'
import { resumeSystem, suspendSystem } from '../harness/operators.ts'
import { type Answer, fetchToken, SMALL_PDF, sha256, startWorld } from '../harness/world.ts'

const world = await startWorld(t)
const port = await freePort()
const second = await startService(gatewayService, {
  ...world.servers.environment('gateway'),
  LISTEN_PORT: String(port),
  PUBLIC_URL: world.baseUrl,
})
t.teardown(() => second[Symbol.asyncDispose]())
const BASES = [world.baseUrl, `http://127.0.0.1:${port}`]
const XML = { 'content-type': 'application/edxml+xml' }
let known: Promise<string> | undefined
const LONG_PDF = Buffer.concat([SMALL_PDF, Buffer.from(randomBytes(60_000).toString('hex'))])
const LONG = { attachments: [{ contentId: 'a', name: 'a.pdf', mediaType: 'application/pdf', bytes: LONG_PDF }] }
const FILES: readonly DetachedFile[] = [
  { contentId: 'a', name: 'a.pdf', mediaType: 'application/pdf', bytes: LONG_PDF },
  { contentId: 'b', name: 'b.pdf', mediaType: 'application/pdf', bytes: SMALL_PDF },
]

t.test('the same bytes get the first receipt, byte for byte, and the present state', async (t) => {
  const packet = world.packet('demo-g12', ['H26'])
  const first = await submit(packet)
  t.same([first.status, first.body.repeated, first.body.state], [202, false, 'ACCEPTED'])
  const { dispatch } = first.body
  await consignmentsOf(dispatch, 1)
  for (const headers of [{}, { 'idempotency-key': 'k-a' }, { 'idempotency-key': 'k-b' }]) {
    const again = await submit(packet, headers)
    t.same([again.status, again.body.repeated, again.body.state], [200, true, 'ROUTED'])
    t.ok(Buffer.from(again.body.receipt.xml).equals(Buffer.from(first.body.receipt.xml)), 'the first receipt')
    const { state: _a, repeated: _b, ...facts } = again.body
    const { state: _c, repeated: _d, ...firstFacts } = first.body
    t.same(facts, firstFacts, 'and every other fact of the first answer')
  }
  await finish('demo-h26', dispatch, 'acknowledge')
  await world.until(async () => (await submit(packet)).body.state === 'CLOSED')
  const check = await world.call('demo-g12', 'POST', '/v1/dispatches/check', { body: packet, headers: XML })
  t.same([check.status, check.body.repeatOf], [200, dispatch])
  t.same(
    check.body.recipients,
    first.body.recipients.map(({ agency, asWritten }: Record<string, unknown>) => ({ agency, asWritten })),
    'the verdict on a repeat is that of the first time',
  )
  t.same([check.body.signature, check.body.warnings], [first.body.signature, first.body.warnings])
  const { rows } = await world.eyes.query('select id from dispatch where content_hash = $1', [sha256(packet)])
  t.same(rows, [{ id: dispatch }], 'one dispatch')
})

t.test('twenty times at once, at two gateways: one dispatch, one file, one receipt', async (t) => {
  const packet = world.packet('demo-g12', ['H26', 'H53'], LONG)
  const before = files()
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => submitAt(BASES[i % 2] as string, packet, XML)))
  t.same(answers.map(({ status }) => status).toSorted(), [...Array.from({ length: 19 }, () => 200), 202])
  t.equal(new Set(answers.map(({ body }) => body.receipt.xml)).size, 1)
  t.equal(new Set(answers.map(({ body }) => body.dispatch)).size, 1)
  t.same(await counts(packet), { dispatches: 1, consignments: 2, receipts: 1, acceptances: 1 })
  t.equal(files().length, before.length + 1, 'what the losers had written is gone')
})

t.test('the detached form too, at once and one after the other', async (t) => {
  const { body, headers } = multipart([
    envelopePart(signedEnvelope(world, 'demo-g12', ['H26'], FILES)),
    ...FILES.map(filePart),
  ])
  const before = files()
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => submitAt(BASES[i % 2] as string, body, headers)),
  )
  t.same(
    answers.map(({ status }) => status).toSorted(),
    [...Array.from({ length: 19 }, () => 200), 202],
    JSON.stringify(answers[0]?.body),
  )
  t.equal(new Set(answers.map(({ body: answer }) => answer.receipt.xml)).size, 1)
  t.equal(files().length, before.length + 1)
  const again = await submit(body, headers)
  t.same([again.status, again.body.receipt.xml], [200, answers[0]?.body.receipt.xml])
})

t.test('also when the registry has changed its mind since', async (t) => {
  await addAgency(world.operator, { code: 'H26.02', name: 'Sở Tư pháp', source: 'test' })
  const to = ['H26.02']
  await world.until(async () => (await submit(world.packet('demo-g12', to))).status === 202)
  const packet = world.packet('demo-g12', to)
  const parts = multipart([envelopePart(signedEnvelope(world, 'demo-g12', to, FILES)), ...FILES.map(filePart)])
  const first = [await submit(packet), await submit(parts.body, parts.headers)]
  t.same(
    first.map(({ status }) => status),
    [202, 202],
  )
  await closeAgency(world.operator, 'H26.02', { closedOn: '2026-01-01', successorCode: 'H26.01' })
  await world.until(async () => (await submit(world.packet('demo-g12', to))).body.code === 'LT_REG_CLOSED_CODE')
  const refused = multipart([envelopePart(signedEnvelope(world, 'demo-g12', to, FILES)), ...FILES.map(filePart)])
  t.equal((await submit(refused.body, refused.headers)).body.code, 'LT_REG_CLOSED_CODE', 'something new is refused')
  for (const [position, again] of [await submit(packet), await submit(parts.body, parts.headers)].entries()) {
    t.equal(again.status, 200, JSON.stringify(again.body))
    t.equal(again.body.receipt.xml, first[position]?.body.receipt.xml)
  }
})

t.test('an idempotency key stands for one packet', async (t) => {
  const [one, other] = [world.packet('demo-g12', ['H26']), world.packet('demo-g12', ['H26'])]
  const key = { 'idempotency-key': 'khoa-1' }
  t.equal((await submit(one, key)).status, 202)
  const refused = await submit(other, key)
  t.same([refused.status, refused.body.code], [409, 'LT_SUB_KEY_REUSED'])
  const [firstHash, thisHash] = [one, other].map((packet) => sha256(packet).toString('hex'))
  t.match(refused.body.params, { firstHash, thisHash, key: 'khoa-1' })
  t.ok(
    refused.body.title.includes(firstHash as string) && refused.body.title.includes(thisHash as string),
    'naming both',
  )
  t.same(await counts(other), { dispatches: 0, consignments: 0, receipts: 0, acceptances: 0 })
  const known = world.packet('demo-g12', ['H26'])
  t.equal((await submit(known)).status, 202)
  t.equal((await submit(known, key)).body.code, 'LT_SUB_KEY_REUSED', 'also for bytes that were accepted under no key')
  const foreign = await world.submit('demo-h53', world.packet('demo-h53', ['H26']), key)
  t.equal(foreign.status, 202, "another system's key is another key")

  const rivals = Array.from({ length: 6 }, () => world.packet('demo-g12', ['H26'], LONG))
  const before = files()
  const shared = { ...XML, 'idempotency-key': 'khoa-2' }
  const answers = await Promise.all(rivals.map((packet, i) => submitAt(BASES[i % 2] as string, packet, shared)))
  t.same(answers.map(({ status }) => status).toSorted(), [202, 409, 409, 409, 409, 409])
  t.ok(answers.every(({ status, body }) => status === 202 || body.code === 'LT_SUB_KEY_REUSED'))
  t.equal(files().length, before.length + 1, 'nothing of the losers is left')
})

t.test('another packet with the same document id: a warning, or a refusal', async (t) => {
  const documentId = `G12,2026/11/20,trung-${randomBytes(4).toString('hex')}/TB-LT`
  const send = (about = documentId, more: object = {}): Promise<Answer> =>
    submit(world.packet('demo-g12', ['H26'], { documentId: about, ...more }))
  const first = await send()
  t.same(first.body.warnings, [])
  const warned = await send()
  t.equal(warned.status, 202)
  t.match(warned.body.warnings, [
    { code: 'LT_SUB_DUPLICATE_DOCUMENT', params: { documentId, dispatchId: first.body.dispatch } },
  ])

  await changeSystem(world.operator, 'demo-g12', { duplicatePolicy: 'refuse' })
  for (const base of BASES) {
    const another = (): Buffer => world.packet('demo-g12', ['H26'], { documentId })
    await world.until(async () => (await submitAt(base, another(), XML)).status === 409)
  }
  const refused = await send()
  t.equal(refused.body.code, 'LT_SUB_DUPLICATE_DOCUMENT')
  t.match(refused.body.params, { documentId, dispatchId: first.body.dispatch })
  const update = {
    business: {
      type: 'update',
      reason: 'đính chính',
      paper: false,
      receivers: [],
      replaces: [],
      targetDocumentId: documentId,
    },
  }
  t.equal((await send(documentId, update)).status, 202, 'an update of it is another matter')

  await t.test('under refuse, of many at once exactly one is taken', async (t) => {
    const fresh = `${documentId}-moi`
    const rivals = Array.from({ length: 8 }, () =>
      world.packet('demo-g12', ['H26'], { documentId: fresh, ...LONG, subject: randomBytes(4).toString('hex') }),
    )
    const before = files()
    const answers = await Promise.all(rivals.map((packet, i) => submitAt(BASES[i % 2] as string, packet, XML)))
    t.same(answers.map(({ status }) => status).toSorted(), [202, ...Array.from({ length: 7 }, () => 409)])
    const winner = answers.find(({ status }) => status === 202)
    for (const { status, body } of answers) {
      if (status === 409)
        t.same([body.code, body.params.dispatchId], ['LT_SUB_DUPLICATE_DOCUMENT', winner?.body.dispatch])
    }
    const { rows } = await world.eyes.query('select count(*)::int as count from dispatch where document_id = $1', [
      fresh,
    ])
    t.equal(rows[0].count, 1)
    t.equal(files().length, before.length + 1, 'nothing of the losers is left')
    const again = await submit(rivals[answers.indexOf(winner as Answer)] as Buffer)
    t.same([again.status, again.body.receipt.xml], [200, winner?.body.receipt.xml], 'the same bytes are no duplicate')
  })
  await changeSystem(world.operator, 'demo-g12', { duplicatePolicy: 'warn' })
  await world.until(async () => (await send()).status === 202)
})

t.test('a wanted re-send makes one linked consignment', async (t) => {
  const packet = world.packet('demo-g12', ['H26', 'H53'])
  const { dispatch } = (await submit(packet)).body
  const rows = await consignmentsOf(dispatch, 2)
  const [old, other] = ['H26', 'H53'].map((agency) => rows.find((row) => row.agency_code === agency)?.id as string) as [
    string,
    string,
  ]
  const open = await resend(dispatch, old)
  t.same([open.status, open.body.code], [409, 'LT_SUB_NOT_ENDED'], 'not while it is open')
  await finish('demo-h26', dispatch, 'refuse')
  await finish('demo-h53', dispatch, 'acknowledge')
  await stateIs(dispatch, 'CLOSED')

  const answers = await Promise.all(Array.from({ length: 6 }, (_, i) => resend(dispatch, old, BASES[i % 2])))
  t.same(answers.map(({ status }) => status).toSorted(), [200, 200, 200, 200, 200, 201], 'six times at once: one')
  const made = answers.find(({ status }) => status === 201)?.body
  t.equal(made.previous, old)
  for (const { body } of answers) t.same(body, made, 'and everybody hears of that one')
  const after = await consignmentsOf(dispatch, 3)
  t.match(
    after.find(({ id }) => id === made.consignment),
    { agency_code: 'H26', previous_id: old, state: 'AVAILABLE', as_written: ['H26'] },
  )
  await stateIs(dispatch, 'ROUTED')
  t.same(await eventsOf(dispatch, made.consignment), ['ConsignmentResent', 'ContentConsignment'])
  t.same((await eventsOf(dispatch)).slice(-1), ['DispatchReopened'], 'that it was opened again is an entry too')
  const asked = await resend(dispatch, old)
  t.same([asked.status, asked.body], [200, made], 'the old one has its successor')
  await consignmentsOf(dispatch, 3)
  t.equal((await resend(dispatch, made.consignment)).body.code, 'LT_SUB_NOT_ENDED')

  const again = await submit(packet)
  t.same([again.status, again.body.state], [200, 'ROUTED'], 'the same bytes still mean the first submission')
  await finish('demo-h26', dispatch, 'acknowledge')
  await stateIs(dispatch, 'CLOSED')
  const { body } = await world.call('demo-g12', 'GET', `/v1/dispatches/${dispatch}`)
  t.same(
    body.recipients.map(({ agency, state, previous }: { agency: string; state: string; previous?: string }) => [
      agency,
      state,
      previous,
    ]),
    [
      ['H26', 'REFUSED', undefined],
      ['H26', 'ACKNOWLEDGED', old],
      ['H53', 'ACKNOWLEDGED', undefined],
    ],
  )
  t.equal((await resend(dispatch, other)).status, 201, 'also one that was acknowledged')
  const unknown = await resend(dispatch, dispatch)
  t.same([unknown.status, unknown.body.code], [404, 'LT_SUB_NOT_FOUND'])
})

t.test('a dispatch is not closed over a consignment that is being made', async (t) => {
  const { dispatch } = (await submit(world.packet('demo-g12', ['H26']))).body
  await world.stop('receipts')
  const [old] = await consignmentsOf(dispatch, 1)
  await finish('demo-h26', dispatch, 'refuse')
  const { rows } = await world.eyes.query('select system_id from dispatch where id = $1', [dispatch])
  const client = await openConnection(world.servers.database.url('postgres'), 'a re-send')
  await client.query('begin')
  const at = new Date().toISOString()
  t.equal(
    await resendConsignment(
      client,
      { oldId: old?.id as string, newId: newConsignmentId(), systemId: rows[0].system_id, mode: 'pull', at },
      [],
    ),
    'made',
  )
  // Its snapshot does not hold the new consignment; it waits for the row that the re-send holds.
  const closing = closeDispatches(world.eyes, {
    ids: [dispatch],
    at,
    entries: [],
    reader: 'probe',
    next: { epoch: 0, index: 0 },
  })
  await world.until(
    async () =>
      (
        await world.eyes.query(
          `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
        )
      ).rows.length > 0,
  )
  await client.query('commit')
  await client.end()
  t.same(await closing, [])
  t.equal((await world.eyes.query('select state from dispatch where id = $1', [dispatch])).rows[0].state, 'ROUTED')
  await world.start('receipts')
})

t.test('no dispatch ever has two consignments of one agency without a wish', async (t) => {
  const { rows } = await world.eyes.query(
    'select dispatch_id, agency_code from consignment where previous_id is null group by 1, 2 having count(*) > 1',
  )
  t.same(rows, [])
})

t.test('a suspended system is out at once, everywhere within three seconds', async (t) => {
  const events = await readEvents(world, 'demo-g12')
  const packet = world.packet('demo-g12', ['H26'], LONG)
  const accepted = world.packet('demo-g12', ['H26'])
  t.equal((await submit(accepted)).status, 202)
  const before = files()
  const prepared = [XML, { ...XML, 'idempotency-key': 'k' }].flatMap((headers) =>
    BASES.map((base) => ({ base, headers })),
  )
  await suspendSystem(world.operator, 'demo-g12', 'thử nghiệm')
  const suspended = performance.now()
  for (const { base, headers } of prepared) {
    const answer = await submitAt(base, packet, headers)
    t.same([answer.status, answer.body.code], [403, 'LT_AUTH_SUSPENDED'], 'no submission more')
  }
  t.same(await counts(packet), { dispatches: 0, consignments: 0, receipts: 0, acceptances: 0 })
  t.same(files(), before)
  const doors = ['/v1/mailbox', '/v1/agencies/H26', '/v1/dispatches/0191c0de-0000-7000-8000-000000000000', '/v1/events']
  for (const base of BASES) {
    for (const door of doors) await world.until(async () => (await getAt(base, door)) === 403, 5000)
  }
  t.ok(performance.now() - suspended < 3000, `everywhere after ${Math.round(performance.now() - suspended)} ms`)
  t.equal((await submit(accepted)).status, 403, 'not even for what was accepted before')
  await t.rejects(
    fetchToken(world.baseUrl, world.systems['demo-g12'] as NonNullable<(typeof world.systems)[string]>),
    'and no token',
  )
  await events.ended
  t.ok(performance.now() - suspended < 4000, 'its open event stream has ended')

  await resumeSystem(world.operator, 'demo-g12')
  const back = await world.until(async () => {
    const answer = await submit(packet)
    return answer.status === 202 && answer
  })
  t.equal(back.body.repeated, false)
})

function submit(body: Buffer, headers: Record<string, string> = {}): Promise<Answer> {
  return world.submit('demo-g12', body, headers)
}

/** At one of the two gateways. */
async function submitAt(base: string, body: Buffer, headers: Record<string, string>): Promise<Answer> {
  const response = await fetch(`${base}/v1/dispatches`, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: { authorization: `Bearer ${await token()}`, ...headers },
  })
  const bytes = Buffer.from(await response.arrayBuffer())
  return { status: response.status, headers: response.headers, bytes, body: JSON.parse(bytes.toString()) }
}

async function getAt(base: string, path: string): Promise<number> {
  const response = await fetch(base + path, { headers: { authorization: `Bearer ${await token()}` } })
  await response.body?.cancel()
  return response.status
}

async function resend(dispatch: string, consignment: string, base = world.baseUrl): Promise<Answer> {
  const response = await fetch(`${base}/v1/dispatches/${dispatch}/consignments/${consignment}/resend`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await token()}` },
  })
  const bytes = Buffer.from(await response.arrayBuffer())
  return { status: response.status, headers: response.headers, bytes, body: JSON.parse(bytes.toString()) }
}

function token(): Promise<string> {
  known ??= fetchToken(world.baseUrl, world.systems['demo-g12'] as NonNullable<(typeof world.systems)[string]>)
  return known
}

async function counts(packet: Buffer) {
  await world.until(
    async () => (await world.eyes.query(`select from dispatch where state = 'ACCEPTED'`)).rows.length === 0,
  )
  const { rows } = await world.eyes.query(
    `with own as (select id from dispatch where content_hash = $1)
      select (select count(*) from own)::int as dispatches,
        (select count(*) from consignment where dispatch_id in (select id from own))::int as consignments,
        (select count(*) from receipt where dispatch_id in (select id from own))::int as receipts,
        (select count(*) from audit_entry where event = 'SubmissionAcceptance' and dispatch_id in (select id from own))::int as acceptances`,
    [sha256(packet)],
  )
  return rows[0]
}

/** Those of a dispatch once they are there; more than `count` is a fault. */
async function consignmentsOf(dispatch: string, count: number): Promise<{ id: string; agency_code: string }[]> {
  return world.until(async () => {
    const { rows } = await world.eyes.query('select * from consignment where dispatch_id = $1 order by id', [dispatch])
    if (rows.length > count) throw new Error(`${rows.length} consignments instead of ${count}`)
    return rows.length === count && rows
  })
}

/** In the order of the sealed log. */
async function eventsOf(dispatch: string, consignment?: string): Promise<string[]> {
  await world.until(async () => (await world.eyes.query('select from audit_pending')).rows.length === 0)
  const { rows } = await world.eyes.query(
    `select event from audit_entry e join log_leaf l on l.entry_id = e.id
      where dispatch_id = $1 and consignment_id is not distinct from $2 order by l.index`,
    [dispatch, consignment ?? null],
  )
  return rows.map(({ event }) => event)
}

function stateIs(dispatch: string, state: string): Promise<unknown> {
  return world.until(
    async () =>
      (await world.eyes.query('select from dispatch where id = $1 and state = $2', [dispatch, state])).rows.length > 0,
  )
}

/** The receiver ends its open consignment of this dispatch. */
async function finish(system: string, dispatch: string, how: 'acknowledge' | 'refuse'): Promise<void> {
  await world.until(async () => {
    const { body } = await world.call(system, 'POST', '/v1/mailbox/lease', { body: { max: 500, seconds: 5 } })
    const taken = body.items.find(({ item }: { item: { dispatch: string } }) => item.dispatch === dispatch)
    if (!taken) return false
    const item = {
      consignment: taken.item.consignment,
      lease: taken.lease,
      ...(how === 'refuse' ? { reason: 'other' } : {}),
    }
    const answer = await world.call(system, 'POST', `/v1/mailbox/${how}`, { body: { items: [item] } })
    return answer.body.items[0].ok
  })
}

function files(): string[] {
  const all = readdirSync(world.servers.blobDir, { recursive: true, withFileTypes: true })
  return all.filter((each) => !each.isDirectory()).map(({ name }) => name)
}
