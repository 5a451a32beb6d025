import t from 'tap'
import { isBusError } from '../../libs/errors/index.ts'
import { uuidv7 } from '../../libs/model/index.ts'
import {
  addOperator,
  approveRequest,
  type Cause,
  changePolicy,
  countTargets,
  identifyOperator,
  type Operations,
  type Operator,
  operate,
  type PlannedMove,
  planOperation,
  rebuildWork,
  rejectRequest,
  type Subject,
  sealEntry,
  withdrawOperator,
} from '../../libs/pipeline/index.ts'
import { carryOut } from '../../libs/pipeline/operations/carry-out.ts'
import {
  appendEntries,
  claimAttempts,
  closeDispatches,
  findOperable,
  findOperated,
  findOperator,
  findRequest,
  findStuck,
  leaseWaiting,
  listOperable,
  listOperators,
  listPolicies,
  listRequests,
  openConnection,
  openPool,
  operateConsignments,
  operateSystem,
  type Pool,
  readMaintenance,
  refillWork,
  renewClocks,
  renewPushes,
  resendConsignment,
  takeAlone,
  takeDueDispatches,
  takeDuePushes,
  updateMaintenance,
  updatePolicy,
} from '../../libs/store/index.ts'
import { createDatabase } from '../harness/create-database.ts'

const ID = '01890000-0000-7000-8000-000000000000'
const database = await createDatabase(t)
const eyes = openPool(database.url('postgres'), { name: 'eyes', max: 2 })
const console_ = openPool(database.url('console'), { name: 'console', max: 4, keepPlans: true })
const cli = openPool(database.url('cli'), { name: 'cli', max: 2 })
const gateway = openPool(database.url('gateway'), { name: 'gateway', max: 4, keepPlans: true })
const delivery = openPool(database.url('delivery'), { name: 'delivery', max: 1, keepPlans: true })
const routing = openPool(database.url('routing'), { name: 'routing', max: 1, keepPlans: true })
const receipts = openPool(database.url('receipts'), { name: 'receipts', max: 1, keepPlans: true })
t.teardown(() => Promise.all([eyes, console_, cli, gateway, delivery, routing, receipts].map((pool) => pool.end())))

const systemId = uuidv7()
await eyes.query(`insert into system (id, code, name) values ($1, 's1', 'One')`, [systemId])

/** H26 fetches, H53 wants to be called, H99 has no system. */
const systems: Record<string, { code: string; delivery: 'pull' | 'push'; suspendedAt: Date | null }> = {
  H26: { code: 'hub-h26', delivery: 'pull', suspendedAt: null },
  H53: { code: 'hub-h53', delivery: 'push', suspendedAt: null },
}
const said: string[] = []
const operations: Operations = {
  pool: console_,
  directory: {
    receivingSystem: (agency) => (systems[agency] ? { system: systems[agency] } : undefined),
    agenciesOf: (code) => Object.keys(systems).filter((agency) => systems[agency]?.code === code),
    system: (code) => (code === 's1' || code.startsWith('hub-') ? { id: systemId, code } : undefined),
  },
  bus: {
    publish: (subject, payload) => said.push(`${subject} ${String(payload ?? '')}`.trim()) > 0,
    publishWork: async (subject) => void said.push(subject),
  },
}

const admin = await addOperator(cli, { name: 'admin', role: 'administrator' }, undefined, 'r0')
const lan = await identifyOperator(
  console_,
  (await addOperator(cli, { name: 'Lan', role: 'operator' }, admin.operator, 'r0')).key,
)
const minh = await identifyOperator(
  console_,
  (await addOperator(cli, { name: 'Minh', role: 'operator' }, admin.operator, 'r0')).key,
)
const second = (await addOperator(cli, { name: 'second', role: 'administrator' }, admin.operator, 'r0')).operator
const because = (operator: Operator, reason = 'lý do'): Cause => ({ operator, reason, requestId: 'r1' })

interface Row {
  readonly state?: string
  readonly agency?: string
  readonly mode?: string
  readonly dispatch?: string
  readonly extra?: Readonly<Record<string, unknown>>
  readonly dispatchExtra?: Readonly<Record<string, unknown>>
}

/** A dispatch with one consignment. */
async function plant(row: Row = {}): Promise<{ id: string; dispatch: string }> {
  const { state = 'AVAILABLE', agency = 'H26', mode = 'pull', extra = {}, dispatchExtra = {} } = row
  const dispatch = uuidv7()
  const id = uuidv7(Date.now() + 1)
  const ended = ['ACKNOWLEDGED', 'REFUSED', 'DEAD', 'EXPIRED', 'RECALLED'].includes(state)
  const insert = (table: string, values: Readonly<Record<string, unknown>>) =>
    eyes.query(
      `insert into ${table} (${Object.keys(values).join(', ')}) values (${Object.keys(values)
        .map((_, i) => `$${i + 1}`)
        .join(', ')})`,
      Object.values(values),
    )
  const hash = Buffer.from(id.replaceAll('-', ''), 'hex')
  await insert('dispatch', {
    id: dispatch,
    state: ended ? 'CLOSED' : 'ROUTED',
    closed_at: ended ? new Date() : null,
    lane: 'normal',
    kind: 'document',
    system_id: systemId,
    sender_code: 'G12',
    document_id: id,
    number: '1',
    notation: 'A',
    subject: 's',
    business_type: 'new',
    priority: 0,
    form: 'inline',
    content_hash: hash,
    content_size: 1,
    recipients: JSON.stringify([{ agency, consignment: id, asWritten: [agency] }]),
    signature: {},
    facts: {},
    accepted_at: new Date(),
    next_publish_at: new Date(),
    ...dispatchExtra,
  })
  await insert('consignment', {
    id,
    dispatch_id: dispatch,
    agency_code: agency,
    as_written: [agency],
    kind: 'document',
    lane: 'normal',
    mode,
    state,
    available_at: new Date(Date.now() - 86_400_000),
    ended_at: ended ? new Date() : null,
    refusal_reason: state === 'DEAD' ? 'LT_DLV_REFUSED' : null,
    ...extra,
  })
  await insert('submission_recipient', {
    system_id: systemId,
    content_hash: hash,
    agency_code: agency,
    dispatch_id: dispatch,
    consignment_id: id,
  })
  return { id, dispatch }
}

const REQUEST = `insert into business_request (dispatch_id, consignment_id, target_dispatch_id, agency_code, action, outcome, opened_at)
  values ($1, $2, $3, 'H26', $4, $5, now())`

/** A dispatch with one consignment that a later packet of its sender is about. */
async function plantRequested(state: string, action: string, outcome: string): ReturnType<typeof plant> {
  const planted = await plant({ state })
  await eyes.query(REQUEST, [uuidv7(), planted.id, planted.dispatch, action, outcome])
  return planted
}

const rowOf = async (id: string) => (await eyes.query('select * from consignment where id = $1', [id])).rows[0]
const dispatchOf = async (id: string) => (await eyes.query('select * from dispatch where id = $1', [id])).rows[0]
const entriesOf = async (dispatch: string): Promise<{ event: string; consignment_id: string; details: string }[]> =>
  (
    await eyes.query(
      `select e.event, e.consignment_id, d.details from audit_pending p join audit_entry e on e.id = p.entry_id
        join audit_detail d on d.entry_id = e.id where e.dispatch_id = $1 order by p.seq`,
      [dispatch],
    )
  ).rows
const onIds = (action: 'hold' | 'release' | 'requeue' | 'close', ...consignments: string[]): Subject => ({
  on: 'consignments',
  action,
  selection: { consignments },
})
async function done(subject: Subject, cause = because(lan)) {
  const operated = await operate(operations, subject, cause)
  if (operated.kind !== 'done' || !('done' in operated.result)) throw new Error('was filed')
  return operated.result
}
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'none',
    (error: unknown) => (isBusError(error) ? error.code : error),
  )

t.test('every statement runs with the rights of its service, and foreign hands are kept off', async (t) => {
  const at = new Date().toISOString()
  const entries: { owner: string }[] = []
  for (const pool of [console_, cli]) {
    const statements: readonly (() => Promise<unknown>)[] = [
      () => operateConsignments(pool, [], []),
      () => findOperable(pool, [ID]),
      () => listOperable(pool, { state: 'DEAD', since: at, agencies: ['H26'], dispatch: ID }, { limit: 5 }),
      () => findOperator(pool, ID),
      () => listOperators(pool),
      () => listPolicies(pool),
      () => listRequests(pool, { open: true, limit: 1 }),
      () => listRequests(pool, { open: false, limit: 1 }),
      () => findRequest(pool, ID),
      () =>
        updatePolicy(
          pool,
          { action: 'nothing', approval_above: 1, expires_hours: 1 },
          { approval_above: null, expires_hours: 1 },
          ID,
          entries,
        ),
      () => findOperated(pool, ID, 'x', [{ id: ID, dispatch: ID }]),
      () => takeAlone(pool, { operator: ID, action: 'nothing', affected: 1 }),
      () => readMaintenance(pool),
      () => updateMaintenance(pool, null, ID, entries),
      () => operateSystem(pool, { id: ID, reason: null }, entries),
      () => renewClocks(pool, ['H26']),
      () => renewPushes(pool, ['H26']),
      () => appendEntries(pool, entries),
      () => findStuck(pool, { moveSeconds: 1, overdueHours: 1, deadDays: 1, limit: 1 }),
    ]
    for (const statement of statements) await t.resolves(statement(), String(statement))
  }
  for (const table of ['dispatch', 'consignment'] as const) await t.resolves(refillWork(cli, table, new Date(), 1))
  await t.resolves(readMaintenance(gateway))
  for (const sql of [
    `insert into operator (id, name, role, key_hash) values (gen_random_uuid(), 'x', 'administrator', '')`,
    'update operator set revoked_at = null',
    `update system set code = 'x'`,
    'update consignment set agency_code = null',
    'update dispatch set recipients = null',
    'delete from operation_request',
  ])
    await t.rejects(console_.query(sql), { code: '42501' }, sql)
  for (const sql of ['update operator set key_hash = null', `update operator set role = 'administrator'`])
    await t.rejects(cli.query(sql), { code: '42501' }, sql)
  await t.rejects(gateway.query('update maintenance set since = now()'), { code: '42501' })
  await t.rejects(gateway.query('select * from operator'), { code: '42501' })
})

t.test('an access key is good for its operator until it is taken back', async (t) => {
  const { key, operator } = await addOperator(cli, { name: 'Hoa', role: 'operator' }, admin.operator, 'r2')
  t.match(key, /^lto_[0-9a-f-]{36}_[\w-]{43}$/)
  t.match(await identifyOperator(console_, key), { name: 'Hoa', role: 'operator' })
  const { rows } = await eyes.query('select key_hash from operator where id = $1', [operator.id])
  t.notOk(key.includes(rows[0].key_hash.toString('base64url')), 'the secret itself is kept nowhere')
  const wrong = key.slice(0, -2) + (key.endsWith('AA') ? 'BB' : 'AA')
  for (const bad of [wrong, key.replace(/.{36}_/, `${ID}_`), 'lto_', '', `${key} `, lan.id])
    t.equal(await codeOf(identifyOperator(console_, bad)), 'LT_OPS_KEY_INVALID', bad)
  t.equal(await codeOf(addOperator(cli, { name: 'Hoa', role: 'operator' }, admin.operator, 'r2')), 'LT_OPS_NAME_TAKEN')
  t.equal(await codeOf(addOperator(cli, { name: 'X', role: 'operator' }, lan, 'r2')), 'LT_OPS_NOT_ADMINISTRATOR')
  t.equal(
    await codeOf(addOperator(cli, { name: 'X', role: 'administrator' }, undefined, 'r2')),
    'LT_OPS_KEY_INVALID',
    'there is an administrator to ask',
  )
  t.equal(await codeOf(addOperator(cli, { name: ' ', role: 'operator' }, admin.operator, 'r')), 'LT_OPS_BAD_FIELD')
  t.equal(await codeOf(withdrawOperator(cli, 'Hoa', lan, 'r3')), 'LT_OPS_NOT_ADMINISTRATOR')
  await withdrawOperator(cli, 'Hoa', admin.operator, 'r3')
  t.equal(await codeOf(identifyOperator(console_, key)), 'LT_OPS_KEY_INVALID', 'at once')
  t.equal(await codeOf(withdrawOperator(cli, 'Hoa', admin.operator, 'r3')), 'LT_OPS_UNKNOWN_OPERATOR')
  const events = await eyes.query(
    `select event from audit_entry e join audit_detail d on d.entry_id = e.id where d.details like '%"Hoa"%'`,
  )
  t.same(events.rows.map(({ event }) => event).sort(), ['OperatorAdded', 'OperatorRevoked'])
})

t.test('hold and release: back to where its agency is reached today, with clocks that begin anew', async (t) => {
  const pull = await plant({ extra: { lease_token: ID, lease_until: new Date(0), lease_system: systemId } })
  const push = await plant({ agency: 'H53', mode: 'push', state: 'QUEUED', extra: { next_publish_at: new Date() } })
  const retrying = await plant({
    agency: 'H53',
    mode: 'push',
    state: 'RETRYING',
    extra: { attempt: 7, next_attempt_at: new Date(), next_publish_at: new Date(), publish_round: 2 },
  })
  const ids = [pull, push, retrying].map(({ id }) => id)
  t.match(await done(onIds('hold', ...ids)), { done: ids.map(() => ({ to: 'HELD' })), skipped: [] })
  for (const id of ids) t.match(await rowOf(id), { state: 'HELD', version: 2, lease_token: null })
  t.same(await takeDuePushes(delivery, 100, 10), [], 'nothing of it is swept')
  t.match(await done(onIds('hold', ...ids)), { done: [], skipped: ids.map(() => ({ code: 'LT_OPS_WRONG_STATE' })) })
  said.length = 0
  t.match(await done(onIds('release', ...ids)), { done: { length: 3 }, skipped: [] })
  t.match(await rowOf(pull.id), { state: 'AVAILABLE', mode: 'pull', version: 3, lease_until: null })
  t.match(await rowOf(push.id), { state: 'QUEUED', mode: 'push' })
  const row = await rowOf(retrying.id)
  t.match(row, { state: 'QUEUED', attempt: 7, attempt_base: 7, next_attempt_at: null })
  t.ok(row.publish_round > 2, 'a round that was never used')
  t.ok(Date.now() - row.available_at.getTime() < 60_000, 'its time to live begins anew')
  t.ok(said.includes(`lt.consignment.available.H26 ${pull.id}`), 'the mailbox is woken and told from where to look')
  t.equal(said.filter((subject) => subject === 'lt.consignment.push.normal.H53').length, 2)
  const entries = await entriesOf(pull.dispatch)
  t.same(
    entries.map(({ event }) => event),
    ['ConsignmentHeld', 'ConsignmentReleased', 'ContentConsignment'],
  )
  for (const { details, consignment_id } of entries.slice(0, 2)) {
    t.equal(consignment_id, pull.id)
    t.match(JSON.parse(details), { operator: 'Lan', operatorId: lan.id, why: 'lý do', request: 'r1' })
  }
})

t.test('what cannot be held, released, requeued or closed is left alone, and said why', async (t) => {
  const soon = new Date(Date.now() + 60_000)
  const waiting = { attempt: 1, next_attempt_at: soon }
  const planted = {
    leased: await plant({ extra: { lease_token: ID, lease_until: soon } }),
    open: await plant({ agency: 'H53', mode: 'push', state: 'RETRYING', extra: { attempt: 1 } }),
    handed: await plant({ state: 'HANDED_OVER', extra: { lease_token: ID, lease_until: soon } }),
    acknowledged: await plant({ state: 'ACKNOWLEDGED' }),
    refused: await plant({ state: 'REFUSED' }),
    recalled: await plantRequested('DEAD', 'recall', 'void'),
    replaced: await plantRequested('EXPIRED', 'replace', 'pending'),
    askedBack: await plant({
      agency: 'H53',
      mode: 'push',
      state: 'RETRYING',
      extra: { ...waiting, recall_pending: true },
    }),
    heldAskedBack: await plant({ state: 'HELD', extra: { recall_pending: true } }),
    emptied: await plant({ state: 'DEAD', dispatchExtra: { content_state: 'DELETED' } }),
    nobody: await plant({ state: 'DEAD', agency: 'H99' }),
  }
  const again = await plant({ state: 'DEAD' })
  await eyes.query('update submission_recipient set consignment_id = $2 where consignment_id = $1', [
    again.id,
    uuidv7(),
  ])
  const expected = {
    hold: {
      leased: 'LT_OPS_LEASED',
      open: 'LT_OPS_ATTEMPT_OPEN',
      handed: 'LT_OPS_WRONG_STATE',
      askedBack: 'LT_OPS_RECALLED',
    },
    requeue: {
      acknowledged: 'LT_OPS_WRONG_STATE',
      refused: 'LT_OPS_WRONG_STATE',
      recalled: 'LT_OPS_RECALLED',
      replaced: 'LT_OPS_RECALLED',
      emptied: 'LT_SUB_CONTENT_DELETED',
      nobody: 'LT_REG_NO_SYSTEM',
    },
    release: { leased: 'LT_OPS_WRONG_STATE', heldAskedBack: 'LT_OPS_RECALLED' },
    close: { handed: 'LT_OPS_LEASED', acknowledged: 'LT_OPS_WRONG_STATE' },
  } as const
  for (const [action, cases] of Object.entries(expected)) {
    for (const [name, code] of Object.entries(cases)) {
      const { id } = planted[name as keyof typeof planted]
      const before = await rowOf(id)
      t.match(await done(onIds(action as 'hold', id)), { done: [], skipped: [{ id, code }] }, `${action} ${name}`)
      t.same(await rowOf(id), before)
    }
  }
  t.match(await done(onIds('requeue', again.id)), { skipped: [{ code: 'LT_OPS_SENT_AGAIN' }] })
  t.match(await done(onIds('hold', ID)), { skipped: [{ code: 'LT_OPS_UNKNOWN_CONSIGNMENT' }] })
  for (const reason of ['', '  ', 'x'.repeat(501), 'a\u0000b', 'a\ud800'])
    t.equal(await codeOf(done(onIds('hold', ID), because(lan, reason))), 'LT_OPS_BAD_FIELD')
})

t.test('what was asked back is closed, or sent on once its receiver declined; an update warns', async (t) => {
  const { id: held } = await plant({ state: 'HELD', extra: { recall_pending: true } })
  t.match(await done(onIds('close', held)), { done: [{ id: held, to: 'DEAD' }] })
  for (const outcome of ['declined', 'superseded']) {
    const { id } = await plantRequested('DEAD', 'recall', outcome)
    t.match(await done(onIds('requeue', id)), { done: [{ id, to: 'AVAILABLE', updatePending: false }] }, outcome)
  }
  const { id, dispatch } = await plantRequested('DEAD', 'update', 'pending')
  const { moves } = await planOperation(operations, 'requeue', { query: { state: 'DEAD', dispatch } })
  t.match(countTargets(moves), [{ agency: 'H26', count: 1, updatePending: 1 }])
  t.match(await done(onIds('requeue', id)), { done: [{ id, updatePending: true }] })
})

t.test('an update or a replacement that nobody answers is voided, with its entry; a recall is not', async (t) => {
  const voiding = (consignment: string) =>
    operate(operations, { on: 'request', action: 'void', consignment }, because(lan))
  for (const action of ['update', 'replace']) {
    const { id, dispatch } = await plantRequested('ACKNOWLEDGED', action, 'pending')
    const { dispatch_id: asked } = (
      await eyes.query('select dispatch_id from business_request where consignment_id = $1', [id])
    ).rows[0]
    t.same(await voiding(id), { kind: 'done', result: { changed: true } }, action)
    const [entry, ...more] = await entriesOf(dispatch)
    t.match(entry, { event: 'BusinessRequestVoided', consignment_id: id })
    t.match(JSON.parse(entry?.details ?? ''), { action, asked, agency: 'H26', operator: 'Lan', why: 'lý do' })
    t.same(await voiding(id), { kind: 'done', result: { changed: false } }, 'once')
    t.equal(more.length + (await entriesOf(dispatch)).length, 1)
    const { rows } = await eyes.query('select outcome, settled_at from business_request where consignment_id = $1', [
      id,
    ])
    t.match(rows, [{ outcome: 'void', settled_at: Date }])
  }
  for (const [action, outcome] of [
    ['recall', 'pending'],
    ['remove', 'pending'],
    ['update', 'declined'],
  ] as const) {
    const { id, dispatch } = await plantRequested('ACKNOWLEDGED', action, outcome)
    t.match(await voiding(id), { result: { changed: false } }, action)
    t.same(await entriesOf(dispatch), [])
  }
})

t.test('a requeue that waits for a recall under way finds that it came second', async (t) => {
  const { id, dispatch } = await plant({ state: 'DEAD' })
  const client = await eyes.connect()
  await client.query('begin')
  await client.query(`update dispatch set recall_marks = '{"H26":"x"}' where id = $1`, [dispatch])
  const requeue = done(onIds('requeue', id))
  await new Promise((resolve) => setTimeout(resolve, 200))
  await client.query(REQUEST, [uuidv7(), id, dispatch, 'recall', 'void'])
  await client.query('commit')
  client.release()
  t.match(await requeue, { done: [], skipped: [{ id, code: 'LT_OPS_RECALLED' }] })
  t.equal((await rowOf(id)).state, 'DEAD')
})

t.test('a requeue opens the closed dispatch again, under the same consignment id', async (t) => {
  const dead = await plant({ state: 'DEAD', agency: 'H53', mode: 'pull' })
  const expired = await plant({ state: 'EXPIRED' })
  t.match(await done(onIds('requeue', dead.id, expired.id)), { done: { length: 2 }, skipped: [] })
  t.match(await rowOf(dead.id), { state: 'QUEUED', mode: 'push', ended_at: null, refusal_reason: null })
  t.match(await rowOf(expired.id), { state: 'AVAILABLE', mode: 'pull' })
  t.match(await dispatchOf(dead.dispatch), { state: 'ROUTED', closed_at: null })
  t.same(
    (await entriesOf(dead.dispatch)).map(({ event }) => event),
    ['DispatchReopened', 'ConsignmentRequeued', 'REASSIGNED', 'ConsignmentQueued'],
  )
  t.same(
    (await entriesOf(expired.dispatch)).map(({ event }) => event),
    ['DispatchReopened', 'ConsignmentRequeued', 'ContentConsignment'],
  )
})

t.test('a close ends it for good: the sender gets the non-delivery, and the dispatch can close', async (t) => {
  const { id, dispatch } = await plant({ state: 'HANDED_OVER', extra: { lease_token: ID, lease_until: new Date(0) } })
  await done(onIds('close', id), because(minh, 'đơn vị đã giải thể'))
  t.match(await rowOf(id), { state: 'DEAD', refusal_reason: 'LT_OPS_CLOSED', refusal_text: 'đơn vị đã giải thể' })
  const entries = await entriesOf(dispatch)
  t.same(
    entries.map(({ event }) => event),
    ['ConsignmentClosedByOperator', 'ContentConsignmentFailure'],
  )
  t.match(JSON.parse(entries[1]?.details ?? ''), { reason: 'LT_OPS_CLOSED', text: 'đơn vị đã giải thể' })
  t.notMatch(entries[1]?.details, /Minh/, 'the receipt does not name the operator')
})

t.test('a hold and a lease of the same consignment: one of them', async (t) => {
  for (let round = 0; round < 10; round++) {
    const { id } = await plant()
    const lease = { floor: ID, wanted: 1000, reach: 1000, seconds: 60, systemId }
    const [held, { leased }] = await Promise.all([done(onIds('hold', id)), leaseWaiting(gateway, ['H26'], lease)])
    const wasLeased = leased.some((row) => row.id === id)
    t.equal(held.done.length + (wasLeased ? 1 : 0), 1, `round ${round}`)
    t.equal((await rowOf(id)).state, wasLeased ? 'AVAILABLE' : 'HELD')
  }
})

t.test('a hold and an attempt of the same consignment: one of them', async (t) => {
  for (let round = 0; round < 10; round++) {
    const { id } = await plant({ agency: 'H53', mode: 'push', state: 'QUEUED' })
    const claim = { id, version: 1, attempt: 1, at: new Date().toISOString(), deadline_ms: 60_000 }
    const [held, claimed] = await Promise.all([done(onIds('hold', id)), claimAttempts(delivery, [claim], [])])
    t.equal(held.done.length + claimed.size, 1, `round ${round}`)
    t.match(held, claimed.has(id) ? { skipped: [{ code: 'LT_OPS_ATTEMPT_OPEN' }] } : { skipped: [] })
    t.equal((await rowOf(id)).state, claimed.has(id) ? 'RETRYING' : 'HELD')
  }
})

t.test('a requeue and a re-send of the same consignment: one of them, never two copies', async (t) => {
  const counts = { requeued: 0, resent: 0 }
  for (let round = 0; round < 20; round++) {
    const { id, dispatch } = await plant({ state: 'DEAD' })
    const resend = {
      oldId: id,
      newId: uuidv7(Date.now() + 2),
      systemId,
      mode: 'pull' as const,
      at: new Date().toISOString(),
    }
    const [requeued, outcome] = await Promise.all([done(onIds('requeue', id)), resendConsignment(gateway, resend, [])])
    const { rows } = await eyes.query(
      `select count(*)::int as open from consignment where dispatch_id = $1 and state = 'AVAILABLE'`,
      [dispatch],
    )
    t.equal(rows[0].open, 1, `round ${round}: one open copy`)
    t.equal(requeued.done.length + (outcome === 'made' ? 1 : 0), 1)
    counts[outcome === 'made' ? 'resent' : 'requeued']++
  }
  t.comment(JSON.stringify(counts))
})

t.test('a requeue that waits for a re-send under way finds that it came second', async (t) => {
  const { id, dispatch } = await plant({ state: 'DEAD' })
  const sender = await openConnection(database.url('gateway'), 'sender')
  await sender.query('begin')
  const newId = uuidv7(Date.now() + 2)
  const outcome = await resendConsignment(
    sender as unknown as Pool,
    { oldId: id, newId, systemId, mode: 'pull', at: new Date().toISOString() },
    [],
  )
  t.equal(outcome, 'made')
  const second = done(onIds('requeue', id))
  await new Promise((resolve) => setTimeout(resolve, 300))
  await sender.query('commit')
  t.match(await second, { done: [], skipped: [{ id, code: 'LT_OPS_SENT_AGAIN' }] })
  t.equal((await rowOf(id)).state, 'DEAD')
  t.equal((await dispatchOf(dispatch)).state, 'ROUTED')
  await sender.end()
})

t.test('a dispatch that is about to be closed stays open when something of it is requeued', async (t) => {
  for (let round = 0; round < 10; round++) {
    const { id, dispatch } = await plant({ state: 'DEAD', dispatchExtra: { state: 'ROUTED', closed_at: null } })
    const now = new Date()
    const entry = { owner: dispatch, ...sealEntry({ event: 'DispatchClosed', dispatchId: dispatch, details: {} }, now) }
    const close = {
      ids: [dispatch],
      at: now.toISOString(),
      entries: [entry],
      reader: 'x',
      next: { epoch: 0, index: 0 },
    }
    await Promise.all([done(onIds('requeue', id)), closeDispatches(receipts, close)])
    t.match(await rowOf(id), { state: 'AVAILABLE' })
    t.match(await dispatchOf(dispatch), { state: 'ROUTED', closed_at: null }, `round ${round}`)
  }
})

t.test('a query is paged in the order of ids, and bounded by what it says', async (t) => {
  const from = new Date()
  const planted = await Promise.all(
    Array.from({ length: 620 }, (_, i) =>
      plant({
        state: 'DEAD',
        agency: i % 2 ? 'H53' : 'H26',
        extra: {
          ended_at: new Date(from.getTime() + 1000 + i),
          refusal_reason: i < 10 ? 'LT_DLV_TIME_OVER' : 'LT_DLV_REFUSED',
        },
      }),
    ),
  )
  const since = new Date(from.getTime() + 1000).toISOString()
  const all = await planOperation(operations, 'requeue', { query: { state: 'DEAD', since } })
  t.same(
    all.moves.map(({ id }) => id),
    planted.map(({ id }) => id).sort(),
    'over pages',
  )
  const size = async (query: object): Promise<number> =>
    (await planOperation(operations, 'requeue', { query: { state: 'DEAD', since, ...query } })).moves.length
  t.equal(await size({ system: 'hub-h53' }), 310)
  t.equal(await size({ system: 'hub-h53', agencies: ['H26'] }), 0)
  t.equal(await size({ agencies: ['H26'] }), 310)
  t.equal(await size({ reason: 'LT_DLV_TIME_OVER' }), 10)
  t.equal(await size({ until: new Date(from.getTime() + 1005).toISOString() }), 5)
  t.equal(await size({ dispatch: planted[3]?.dispatch }), 1)
  t.equal(await codeOf(size({ system: 'nosuch' })), 'LT_REG_UNKNOWN_SYSTEM')
  for (const never of ['2026-02-31T00:00:00Z', '0000-01-01T00:00:00Z', '2026-01-01T00:00:00+23:00', '2026-01-01', ''])
    t.equal(await codeOf(size({ until: never })), 'LT_OPS_BAD_FIELD', never)
  t.equal(await codeOf(done(onIds('hold', ...Array.from({ length: 10_001 }, () => uuidv7())))), 'LT_OPS_TOO_MANY')
  const replay: Subject = { on: 'consignments', action: 'requeue', selection: { query: { state: 'DEAD', since } } }
  t.equal((await done(replay)).done.length, 620)
  t.equal((await done(replay)).done.length, 0, 'a second time there is nothing to do')
})

t.test('four eyes: another operator approves exactly what was seen, once', async (t) => {
  const set = (action: string, above: number | null) =>
    changePolicy(operations, { action, approval_above: above, expires_hours: 24 }, because({ ...admin.operator }))
  t.equal(
    await codeOf(changePolicy(operations, { action: 'close', approval_above: 1, expires_hours: 1 }, because(lan))),
    'LT_OPS_NOT_ADMINISTRATOR',
  )
  t.equal(await codeOf(set('nothing', 1)), 'LT_OPS_BAD_FIELD')
  t.equal(await codeOf(set('replay', 1)), 'LT_OPS_BAD_FIELD', 'what queues again has one policy, by id or by query')
  await set('requeue', 1)
  const one = await plant({ state: 'DEAD' })
  t.equal((await done(onIds('requeue', one.id))).done.length, 1, 'one alone needs nobody')
  const [a, b] = [await plant({ state: 'DEAD' }), await plant({ state: 'DEAD' })]
  const file = async (cause = because(lan)) => {
    const operated = await operate(operations, onIds('requeue', a.id, b.id), cause)
    if (operated.kind !== 'filed') throw new Error('was not filed')
    return operated.request
  }
  const request = await file()
  t.match(request, { state: 'PENDING', affected: 2, requester: 'Lan', expired: false })
  t.equal((await rowOf(a.id)).state, 'DEAD', 'nothing was done yet')
  const digest = request.digest.toString('hex')
  const decide = (operator: Operator, more: object = {}) => ({
    id: request.id,
    operator,
    digest,
    requestId: 'r5',
    ...more,
  })
  t.equal(await codeOf(approveRequest(operations, decide(lan))), 'LT_OPS_OWN_REQUEST')
  t.equal(await codeOf(approveRequest(operations, decide(minh, { digest: '0'.repeat(64) }))), 'LT_OPS_OTHER_DIGEST')
  t.equal(await codeOf(approveRequest(operations, { ...decide(minh), id: ID })), 'LT_OPS_UNKNOWN_REQUEST')
  t.equal((await findRequest(console_, request.id))?.state, 'PENDING')
  // Meanwhile one of them changes: it is left alone.
  await eyes.query('update consignment set version = version + 1 where id = $1', [b.id])
  const both = await Promise.all([
    codeOf(approveRequest(operations, decide(minh))),
    codeOf(approveRequest(operations, decide({ ...admin.operator }))),
  ])
  t.same(both.sort(), ['LT_OPS_REQUEST_DECIDED', 'none'], 'of two who approve one does')
  const finished = await findRequest(console_, request.id)
  t.match(finished, { state: 'DONE', result: { done: 1, skipped: [{ code: 'LT_OPS_CHANGED', count: 1 }] } })
  t.match(await rowOf(a.id), { state: 'AVAILABLE', version: 2 })
  t.equal((await rowOf(b.id)).state, 'DEAD')
  const requeued = (await entriesOf(a.dispatch)).find(({ event }) => event === 'ConsignmentRequeued')
  t.match(JSON.parse(requeued?.details ?? ''), {
    operator: 'Lan',
    operation: request.id,
    approvedBy: finished?.decider,
  })
  const { rows } = await eyes.query(
    `select e.event from audit_pending p join audit_entry e on e.id = p.entry_id join audit_detail d on d.entry_id = e.id
      where d.details like $1 and e.dispatch_id is null order by p.seq`,
    [`%${digest}%`],
  )
  t.same(
    rows.map(({ event }) => event),
    ['OperationRequested', 'OperationApproved'],
  )
  await t.rejects(
    eyes.query('update operation_request set decided_by = requested_by where id = $1', [request.id]),
    { code: '23514' },
    'the table itself refuses it',
  )

  await eyes.query('update consignment set version = version + 1 where id = $1', [b.id])
  await eyes.query(`update consignment set state = 'DEAD', ended_at = now() where id = $1`, [a.id])
  const second = await file()
  t.equal(
    await codeOf(rejectRequest(operations, { id: second.id, operator: minh, requestId: 'r6' })),
    'LT_OPS_BAD_FIELD',
  )
  const rejected = await rejectRequest(operations, { id: second.id, operator: minh, reason: 'không', requestId: 'r6' })
  t.match(rejected, { state: 'REJECTED', decider: 'Minh', decision_reason: 'không' })
  const late = await file()
  await eyes.query(`update operation_request set expires_at = now() where id = $1`, [late.id])
  const approval = { id: late.id, operator: minh, digest: late.digest.toString('hex'), requestId: 'r7' }
  t.equal(await codeOf(approveRequest(operations, approval)), 'LT_OPS_REQUEST_EXPIRED')
  t.ok((await listRequests(console_, { open: true, limit: 10 })).some(({ id, expired }) => id === late.id && expired))

  const abandoned = await file()
  await eyes.query(
    `update operation_request set state = 'EXECUTING', decided_by = $2, decided_at = now() - interval '11 minutes' where id = $1`,
    [abandoned.id, minh.id],
  )
  const carried = await approveRequest(operations, {
    id: abandoned.id,
    operator: minh,
    digest: abandoned.digest.toString('hex'),
    requestId: 'r8',
  })
  t.match(carried, { state: 'DONE', result: { done: 2, resumed: true } }, 'what a dead process left is carried on')
  const taken = await eyes.query(
    `select d.details from audit_entry e join audit_detail d on d.entry_id = e.id
      where e.event = 'OperationApproved' and d.details like $1`,
    [`%"resumed":true%`],
  )
  t.match(JSON.parse(taken.rows[0]?.details ?? '{}'), { resumed: true, operator: 'Minh' }, 'with an entry of its own')

  await eyes.query('update consignment set state = $2, version = version + 1, ended_at = now() where id = any($1)', [
    [a.id, b.id],
    'DEAD',
  ])
  const left = await file()
  await eyes.query(
    `update operation_request set state = 'EXECUTING', decided_by = $2, decided_at = now() - interval '11 minutes' where id = $1`,
    [left.id, minh.id],
  )
  const ended = await rejectRequest(operations, { id: left.id, operator: minh, reason: 'thôi', requestId: 'r9' })
  t.equal(ended.state, 'REJECTED', 'or ended')

  const filed = await file()
  await eyes.query('update operator set revoked_at = now() where id = $1', [lan.id])
  const approving = { id: filed.id, operator: minh, digest: filed.digest.toString('hex'), requestId: 'r10' }
  t.equal(await codeOf(approveRequest(operations, approving)), 'LT_OPS_REQUESTER_REVOKED')
  t.equal((await rowOf(a.id)).state, 'DEAD')
  t.equal((await rejectRequest(operations, { ...approving, reason: 'đã nghỉ' })).state, 'REJECTED')
  await eyes.query('update operator set revoked_at = null where id = $1', [lan.id])
})

/** Loosened as it is meant to be: by two administrators. */
async function loosen(action: string, above: number | null): Promise<void> {
  const policy = { action, approval_above: above, expires_hours: 24 }
  const filed = await changePolicy(operations, policy, because(second))
  if (filed.kind !== 'filed') throw new Error('one alone loosened it')
  const digest = filed.request.digest.toString('hex')
  await approveRequest(operations, { id: filed.request.id, operator: admin.operator, digest, requestId: 'r11' })
}
const policyOf = async (action: string) => (await listPolicies(console_)).find((each) => each.action === action)

t.test('a policy is loosened by two administrators, tightened by one', async (t) => {
  const set = (action: string, above: number | null) =>
    changePolicy(operations, { action, approval_above: above, expires_hours: 24 }, because(second))
  const filed = await set('requeue', 5)
  if (filed.kind !== 'filed') throw new Error('one alone loosened it')
  t.match(filed.request, { action: 'policy', subject: { policy: { action: 'requeue', above: 5 }, seen: { above: 1 } } })
  t.match(await policyOf('requeue'), { approval_above: 1 }, 'nothing was done yet')
  const { id, digest } = filed.request
  const approving = { id, digest: digest.toString('hex'), requestId: 'r12' }
  for (const [operator, code] of [
    [second, 'LT_OPS_OWN_REQUEST'],
    [minh, 'LT_OPS_NOT_ADMINISTRATOR'],
  ] as const)
    t.equal(await codeOf(approveRequest(operations, { ...approving, operator })), code)
  t.match(await approveRequest(operations, { ...approving, operator: admin.operator }), { result: { changed: true } })
  t.match(await policyOf('requeue'), { approval_above: 5 })
  const late = await set('requeue', null)
  t.match(await set('requeue', 3), { kind: 'done' }, 'tightened at once')
  if (late.kind !== 'filed') throw new Error('one alone loosened it')
  const lateDigest = late.request.digest.toString('hex')
  const approved = { id: late.request.id, digest: lateDigest, requestId: 'r13', operator: admin.operator }
  t.match(await approveRequest(operations, approved), { state: 'DONE', result: { changed: false } })
  t.match(await policyOf('requeue'), { approval_above: 3 }, 'what was tightened meanwhile is not overwritten')
  await loosen('requeue', null)
  t.match(await policyOf('requeue'), { approval_above: null })
  const both = await Promise.all([7, 8].map((above) => codeOf(set('requeue', above))))
  t.same(both.sort(), ['LT_OPS_POLICY_CHANGED', 'none'], 'of two who saw the same one sets it')
  await loosen('requeue', null)
})

t.test('many small calls are one large one: an operator alone does so much within an hour', async (t) => {
  await changePolicy(operations, { action: 'hold', approval_above: 3, expires_hours: 24 }, because(admin.operator))
  const hold = async (operator: Operator, count: number): Promise<string> => {
    const ids = await Promise.all(Array.from({ length: count }, async () => (await plant()).id))
    return (await operate(operations, onIds('hold', ...ids), because(operator))).kind
  }
  t.equal(await hold(minh, 2), 'done')
  t.equal(await hold(minh, 2), 'filed', 'the fourth')
  t.equal(await hold(minh, 1), 'done', 'what was filed was not counted')
  t.equal(await hold(minh, 1), 'filed')
  const kinds = await Promise.all(Array.from({ length: 8 }, () => hold(lan, 1)))
  t.equal(kinds.filter((kind) => kind === 'done').length, 3, 'side by side too')
  await eyes.query(`update operation_tally set at = at - interval '61 minutes' where operator_id = $1`, [minh.id])
  t.equal(await hold(minh, 3), 'done', 'an hour later anew')
  await loosen('hold', null)
})

t.test('an execution that died is told whole, whoever carries it on or ends it', async (t) => {
  await changePolicy(operations, { action: 'close', approval_above: 0, expires_hours: 24 }, because(admin.operator))
  const file = async (subject: Subject) => {
    const operated = await operate(operations, subject, because(lan))
    if (operated.kind !== 'filed') throw new Error('was not filed')
    return operated.request
  }
  /** Approved by a process that died after it had moved the first; another was moved by somebody else. */
  const die = async (): Promise<{ id: string; digest: string }> => {
    const planted = [await plant({ state: 'HELD' }), await plant({ state: 'HELD' }), await plant({ state: 'HELD' })]
    const { id, digest, snapshot } = await file(onIds('close', ...planted.map((each) => each.id)))
    const { moves } = snapshot as { moves: PlannedMove[] }
    const cause = { ...because(lan), approval: { request: id, by: 'Minh' } }
    await carryOut(operations, 'close', moves.slice(0, 1), cause, { again: false })
    await carryOut(operations, 'close', moves.slice(1, 2), because(minh), { again: false })
    await abandon(id)
    return { id, digest: digest.toString('hex') }
  }
  const abandon = (id: string) =>
    eyes.query(
      `update operation_request set state = 'EXECUTING', decided_by = $2, decided_at = now() - interval '11 minutes' where id = $1`,
      [id, minh.id],
    )
  const carried = await die()
  t.match(await approveRequest(operations, { ...carried, operator: minh, requestId: 'r14' }), {
    state: 'DONE',
    result: { done: 2, skipped: [{ code: 'LT_OPS_WRONG_STATE', count: 1 }], resumed: true },
  })
  const ended = await die()
  t.match(await rejectRequest(operations, { ...ended, operator: minh, reason: 'thôi', requestId: 'r15' }), {
    state: 'REJECTED',
    result: { done: 1 },
  })
  const racing = await die()
  const both = await Promise.all(
    [minh, second].map((operator) => codeOf(approveRequest(operations, { ...racing, operator, requestId: 'r16' }))),
  )
  t.same(both.sort(), ['LT_OPS_REQUEST_DECIDED', 'none'], 'of two who carry it on one does')
  t.match(await findRequest(console_, racing.id), { state: 'DONE', result: { done: 2 } })

  const orphan = await die()
  await eyes.query('update operator set revoked_at = now() where id = $1', [lan.id])
  const again = approveRequest(operations, { ...orphan, operator: minh, requestId: 'r17' })
  t.equal(await codeOf(again), 'LT_OPS_REQUESTER_REVOKED')
  await eyes.query('update operator set revoked_at = null where id = $1', [lan.id])
  await eyes.query('update operator set revoked_at = now() where id = $1', [minh.id])
  t.equal(
    await codeOf(approveRequest(operations, { ...orphan, operator: minh, requestId: 'r18' })),
    'LT_OPS_KEY_INVALID',
  )
  await eyes.query('update operator set revoked_at = null where id = $1', [minh.id])
  await loosen('close', null)
})

t.test('suspension and maintenance: each change once, with its entry', async (t) => {
  const suspend: Subject = { on: 'system', action: 'suspend', system: 's1' }
  t.match(await operate(operations, suspend, because(lan)), { result: { changed: true } })
  t.match(await operate(operations, suspend, because(lan)), { result: { changed: false } })
  t.match(await operate(operations, { ...suspend, action: 'resume' }, because(lan)), { result: { changed: true } })
  t.equal(await codeOf(operate(operations, { ...suspend, system: 'x' }, because(lan))), 'LT_REG_UNKNOWN_SYSTEM')
  const until = new Date(Date.now() + 600_000).toISOString()
  const begin: Subject = { on: 'axis', action: 'maintenance', begin: true, until }
  const never = operate(operations, { ...begin, until: '2026-02-31T00:00:00Z' }, because(lan))
  t.equal(await codeOf(never), 'LT_OPS_BAD_FIELD')
  t.match(await operate(operations, begin, because(lan, 'nâng cấp')), { result: { changed: true } })
  t.match(await operate(operations, begin, because(minh, 'khác')), { result: { changed: false } })
  t.match(await readMaintenance(gateway), { reason: 'nâng cấp', by_operator: 'Lan', until: new Date(until) })
  t.match(await operate(operations, { ...begin, begin: false }, because(minh)), { result: { changed: true } })
  t.match(await readMaintenance(gateway), { since: null, reason: null })
  const { rows } = await eyes.query(
    `select event from audit_pending p join audit_entry e on e.id = p.entry_id
      where event ~ '^(System|Maintenance)' order by p.seq`,
  )
  t.same(
    rows.map(({ event }) => event),
    ['SystemSuspended', 'SystemResumed', 'MaintenanceBegun', 'MaintenanceEnded'],
  )
})

t.test('a rebuild makes all waiting work due, and nothing else', async (t) => {
  await eyes.query(
    `update consignment set next_publish_at = now() + interval '1 hour' where next_publish_at is not null`,
  )
  await eyes.query(`update dispatch set next_publish_at = now() + interval '1 hour'`)
  const { rows } = await eyes.query(
    `select count(*)::int as n from consignment where state in ('QUEUED', 'RETRYING') and next_publish_at is not null`,
  )
  const waiting = await plant({
    dispatchExtra: { state: 'ACCEPTED', next_publish_at: new Date(Date.now() + 3_600_000) },
  })
  t.same(await takeDuePushes(delivery, 1000, 10), [])
  said.length = 0
  const onCli = { ...operations, pool: cli }
  t.same(await rebuildWork(onCli, because(lan)), { dispatches: 1, consignments: rows[0].n })
  t.ok(said.includes('lt.work.refilled'))
  t.equal((await takeDuePushes(delivery, 1000, 100_000)).length, rows[0].n)
  t.same(
    (await takeDueDispatches(routing, 10, ['urgent', 'normal'])).map(({ id }) => id),
    [waiting.dispatch],
  )
  t.same(await rebuildWork(onCli, because(lan)), { dispatches: 1, consignments: rows[0].n }, 'and again')
})

/** Filed for a second operator, as the policy of the action asks. */
async function file(subject: Subject, cause = because(lan)) {
  const operated = await operate(operations, subject, cause)
  if (operated.kind !== 'filed') throw new Error('was not filed')
  return operated.request
}
const approve = ({ id, digest }: { id: string; digest: Buffer }, operator: Operator = minh) =>
  approveRequest(operations, { id, operator, digest: digest.toString('hex'), requestId: 'r30' })

t.test('an approval does nothing that was shown to nobody', async (t) => {
  const twice = ['void', 'hold-content', 'release-content', 'suspend', 'resume', 'retention', 'maintenance']
  const setAll = (above: number | null) =>
    eyes.query('update operation_policy set approval_above = $2 where action = any($1)', [twice, above])
  /** What somebody else does meanwhile, and nobody has to approve. */
  const alone = async (subject: Subject, reason: string): Promise<void> => {
    await setAll(null)
    t.match(await operate(operations, subject, because(admin.operator, reason)), { result: { changed: true } })
    await setAll(0)
  }
  const LEFT = { state: 'DONE', result: { changed: false, code: 'LT_OPS_SUBJECT_CHANGED', title: String } }
  const DONE = { state: 'DONE', result: { changed: true } }
  await setAll(0)

  const { id, dispatch } = await plantRequested('ACKNOWLEDGED', 'update', 'pending')
  const voiding = await file({ on: 'request', action: 'void', consignment: id })
  await eyes.query(`update business_request set outcome = 'superseded', settled_at = now() where consignment_id = $1`, [
    id,
  ])
  const newer = uuidv7(Date.now() + 5)
  await eyes.query(REQUEST, [newer, id, dispatch, 'update', 'pending'])
  t.match(voiding.subject, { seen: [String] }, 'what it is about stands in it')
  t.match(await approve(voiding), LEFT, 'a newer update')
  const { rows } = await eyes.query('select outcome from business_request where dispatch_id = $1', [newer])
  t.match(rows, [{ outcome: 'pending' }])
  t.match(await approve(await file({ on: 'request', action: 'void', consignment: id })), DONE)

  const content = { on: 'content', dispatch } as const
  const hold: Subject = { ...content, action: 'hold-content' }
  await alone(hold, 'A')
  const release = [1, 2, 3].map(() => file({ ...content, action: 'release-content' }))
  const [first, second, third] = await Promise.all(release)
  t.match(await approve(first as never), DONE)
  t.match(await approve(second as never), LEFT, 'nothing is held any more')
  await alone(hold, 'A')
  t.match(await approve(third as never), LEFT, 'another hold for the same reason')
  t.match(await dispatchOf(dispatch), { content_hold: true, hold_reason: 'A', held_at: Date })
  t.match(await approve(await file({ ...content, action: 'release-content' })), DONE)
  t.match(await dispatchOf(dispatch), { content_hold: false, held_at: null })

  const system = { on: 'system', system: 's1' } as const
  await alone({ ...system, action: 'suspend' }, 'chưa đóng phí')
  const [resume, again] = [await file({ ...system, action: 'resume' }), await file({ ...system, action: 'resume' })]
  t.match(await approve(resume), DONE)
  await alone({ ...system, action: 'suspend' }, 'chưa đóng phí')
  t.match(await approve(again), LEFT, 'suspended anew')
  const suspended = await eyes.query('select suspended_at from system where id = $1', [systemId])
  t.match(suspended.rows, [{ suspended_at: Date }])
  t.match(await approve(await file({ ...system, action: 'resume' })), DONE)

  const keep = (keepDays: number): Subject => ({
    on: 'retention',
    action: 'retention',
    change: { class: { code: 'thu', keepDays } },
  })
  const [fresh, late] = [await file(keep(10)), await file(keep(20))]
  t.match(await approve(fresh), DONE)
  t.match(await approve(late), LEFT, 'there was no such class')
  const later = await file(keep(30))
  await alone(keep(40), 'x')
  t.match(await approve(later), LEFT)
  t.match(await approve(await file(keep(30))), DONE)
  const rule = { classCode: 'thu', kind: 'status', documentType: null, documentDetail: null, systemId: null } as const
  const ruling: Subject = { on: 'retention', action: 'retention', change: { rule } }
  const [made, known] = [await file(ruling), await file(ruling)]
  t.match(await approve(made), DONE)
  t.match(await approve(known), LEFT)
  t.match(await approve(await file(ruling)), DONE)
  await eyes.query(`delete from retention_rule where class_code = 'thu'`)

  const axis = { on: 'axis', action: 'maintenance' } as const
  await alone({ ...axis, begin: true }, 'x')
  const ending = await file({ ...axis, begin: false })
  await alone({ ...axis, begin: false }, 'x')
  await alone({ ...axis, begin: true }, 'x')
  t.match(await approve(ending), LEFT)
  t.match(await approve(await file({ ...axis, begin: false })), DONE)

  const old = await file({ ...axis, begin: true })
  await eyes.query(`update operation_request set subject = subject - 'seen' where id = $1`, [old.id])
  t.match(await approve(old), LEFT, 'filed by an older program, which did not say what it saw')
  await setAll(null)
})

t.test('nobody approves for the administrator who added him, nor what was filed before him', async (t) => {
  await eyes.query(`update operation_policy set approval_above = 0 where action = 'suspend'`)
  const suspend: Subject = { on: 'system', action: 'suspend', system: 's1' }
  const mint = async (name: string, by: Operator): Promise<Operator> =>
    identifyOperator(cli, (await addOperator(cli, { name, role: 'administrator' }, by, 'r31')).key)
  const own = await file(suspend, because(admin.operator))
  const shadow = await mint('Bóng', admin.operator)
  t.equal(await codeOf(approve(own, shadow)), 'LT_OPS_NOT_INDEPENDENT', 'added by the requester')
  t.equal(await codeOf(approve(own, minh)), 'LT_OPS_NOT_INDEPENDENT')
  const other = await file(suspend)
  t.equal(await codeOf(approve(other, await mint('Bóng 2', shadow))), 'LT_OPS_NOT_INDEPENDENT', 'added afterwards')
  for (const { id } of [own, other]) t.equal((await findRequest(cli, id))?.state, 'PENDING', 'it waits for another')
  const { rows } = await eyes.query(`select name, created_by from operator where name in ('admin', 'Bóng') order by id`)
  t.same(rows, [
    { name: 'admin', created_by: null },
    { name: 'Bóng', created_by: admin.operator.id },
  ])
  t.match(await approve(other, shadow), { state: 'DONE' }, 'who was there before and was added by another')
  t.match(
    await rejectRequest(operations, { id: own.id, operator: shadow, reason: 'không', requestId: 'r31' }),
    { state: 'REJECTED' },
    'rejecting takes nobody else',
  )
  await eyes.query(`update operation_policy set approval_above = null where action = 'suspend'`)
  await operate(operations, { ...suspend, action: 'resume' }, because(lan))
  await Promise.all(['Bóng', 'Bóng 2'].map((name) => withdrawOperator(cli, name, admin.operator, 'r31')))
})
