import t from 'tap'
import { sealEntry } from '../../libs/pipeline/index.ts'
import {
  acceptDispatches,
  beginDeletion,
  changeBreaker,
  checkDurability,
  checkPartitions,
  checkSchema,
  claimAttempts,
  claimHook,
  classifyContent,
  clockSkewMs,
  closeDispatches,
  endAttempts,
  endDeletion,
  endHookPost,
  endLostAttempt,
  ensurePartitions,
  eraseContent,
  filterWaiting,
  findBegunDeletions,
  findConsignments,
  findDangling,
  findDispatch,
  findDispatchesToRoute,
  findDueContent,
  findDueHooks,
  findEntry,
  findFalsePending,
  findFreeConsignments,
  findKnownSubmissions,
  findLatePushes,
  findLateRouting,
  findOverdueAttempts,
  findProbe,
  findReceiptXml,
  findReportedDispatches,
  findSenders,
  findSubmission,
  findVoidable,
  findWaitingPushes,
  forgetHookAttempts,
  hasFreeConsignment,
  holdContent,
  inTransaction,
  keepReceipt,
  keepSubmissionKey,
  leaseWaiting,
  listConsignments,
  listDispatchIds,
  listHeldContent,
  listMailbox,
  listPartitionMonths,
  listParts,
  listRetentionClasses,
  listRetentionRules,
  listStatusReports,
  listThread,
  migrate,
  moveConsignments,
  nextLeaseEndMs,
  openConnection,
  openPool,
  type Pool,
  type Queryable,
  queueHookNotices,
  REFERENCES,
  type ReceiptFactPage,
  readBreaker,
  readBundles,
  readEntryPage,
  readHookNotices,
  readHookSubscribers,
  readLeafPage,
  readLivingFloor,
  readLog,
  readLogCursor,
  readLogEnd,
  readMailboxFloor,
  readOrigin,
  readPartBytes,
  readReceiptFacts,
  readTrippedBreakers,
  recordRefusals,
  releaseLease,
  relinkSubmission,
  republishDispatch,
  requeuePush,
  resendConsignment,
  routeDispatches,
  sequenceEntries,
  setRetentionClass,
  setRetentionRule,
  takeDueDispatches,
  takeDuePushes,
  takePushSlot,
  tryLeadSequencer,
  turnToPush,
  voidRequests,
} from '../../libs/store/index.ts'
import { createDatabase } from '../harness/create-database.ts'

const ID = '01890000-0000-7000-8000-000000000000'
const sealed = () => {
  const entry = sealEntry({ event: 'RetentionChanged', details: {} }, new Date())
  return { owner: entry.id, ...entry }
}

const BREAKER = {
  system_id: ID,
  purpose: 'push',
  endpoint: 'https://x.example/',
  state: 'open',
  failures: 5,
  probes: 0,
  wait_ms: 1000,
  code: null,
  at: '2026-11-26T00:00:00Z',
} as const

/** The rights were there; only the system is not. */
const onlyForeignKey = (error: unknown): void => {
  if ((error as { code?: unknown }).code !== '23503') throw error
}

/** What operators do to content and to requests. */
const ACTS: readonly ((pool: Pool) => Promise<unknown>)[] = [
  (pool) => holdContent(pool, { id: ID, hold: true, reason: 'x' }, []),
  (pool) => setRetentionClass(pool, { code: 'x', keepDays: 1 }, sealed()),
  (pool) => findVoidable(pool, ID),
  (pool) => voidRequests(pool, ID, [], new Date().toISOString(), []),
  (pool) =>
    setRetentionRule(
      pool,
      { classCode: 'x', kind: null, documentType: '1', documentDetail: '2', systemId: ID },
      sealed(),
    ),
]

/** Runs every statement once with its service's own rights: a renamed column or a missing grant shows here. */
const STATEMENTS: Readonly<Record<string, readonly ((pool: Pool) => Promise<unknown>)[]>> = {
  gateway: [
    (pool) =>
      acceptDispatches(pool, { dispatches: [], contents: [], receipts: [], entries: [], bytes: Buffer.alloc(0) }),
    (pool) => findKnownSubmissions(pool, []),
    (pool) => findSubmission(pool, ID),
    (pool) => recordRefusals(pool, [], []),
    (pool) => listMailbox(pool, ['H26'], { floor: ID, limit: 1 }),
    (pool) => findConsignments(pool, [ID]),
    (pool) => hasFreeConsignment(pool, ['H26'], { floor: ID }),
    (pool) => readMailboxFloor(pool),
    (pool) => nextLeaseEndMs(pool, ['H26'], { floor: ID }),
    (pool) => moveConsignments(pool, [], []),
    (pool) => listParts(pool, ID),
    (pool) => readPartBytes(pool, ID, 0),
    (pool) => findDispatch(pool, ID),
    (pool) => findSenders(pool, [ID]),
    (pool) => listConsignments(pool, ID),
    (pool) => listStatusReports(pool, ID),
    (pool) => listThread(pool, { id: ID, sender_code: 'G12', document_id: 'x', number: '1', notation: 'A' }, ['H26']),
    (pool) => leaseWaiting(pool, ['H26'], { floor: ID, wanted: 1, reach: 1, seconds: 60, systemId: ID }),
    (pool) => keepSubmissionKey(pool, { systemId: ID, key: 'k', contentHash: Buffer.alloc(0), dispatchId: ID }),
    (pool) => readReceiptFacts(pool, { dispatchId: ID, events: ['ContentHandover'], after: ID, limit: 1 }),
    (pool) => findReceiptXml(pool, ID),
    (pool) => findEntry(pool, ID),
    (pool) => readOrigin(pool),
    (pool) =>
      resendConsignment(pool, { oldId: ID, newId: ID, systemId: ID, mode: 'pull', at: new Date().toISOString() }, []),
    (pool) =>
      keepReceipt(pool, {
        id: ID,
        entryId: ID,
        dispatchId: ID,
        consignmentId: null,
        event: 'ContentHandover',
        eventTime: new Date(),
        signingTime: new Date(),
        xml: Buffer.from('<x/>'),
      }),
    (pool) => findDueContent(pool, 10),
    (pool) => findBegunDeletions(pool, 10),
    (pool) => classifyContent(pool, { ids: [ID] }),
    (pool) => beginDeletion(pool, ID, { signature: null, namespaces: {}, chain: '' }),
    (pool) => eraseContent(pool, ID),
    (pool) => endDeletion(pool, ID, []),
    (pool) => clockSkewMs(pool),
    (pool) => checkDurability(pool),
    (pool) => checkSchema(pool),
  ],
  routing: [
    (pool) => findDispatchesToRoute(pool, [ID]),
    (pool) => routeDispatches(pool, { moves: [], consignments: [], statuses: [], entries: [] }),
    (pool) => takeDueDispatches(pool, 10, ['urgent']),
    (pool) => ensurePartitions(pool),
    (pool) => checkPartitions(pool),
  ],
  delivery: [
    (pool) => findWaitingPushes(pool, [ID]),
    (pool) => takeDuePushes(pool, 10, 1000),
    (pool) => findOverdueAttempts(pool, 10),
    (pool) => claimAttempts(pool, [], []),
    (pool) => endAttempts(pool, [], []),
    (pool) => readTrippedBreakers(pool),
    (pool) => readBreaker(pool, ID, 'push'),
    (pool) => changeBreaker(pool, { ...BREAKER, version: 7 }, []).catch(onlyForeignKey),
    (pool) => takePushSlot(pool, ID, 1000).catch(onlyForeignKey),
    (pool) => findProbe(pool, ['H26']),
    (pool) => findFreeConsignments(pool, ['H26'], 10),
    (pool) => turnToPush(pool, [], 1000, []),
    (pool) => findDueHooks(pool, 10),
    (pool) => claimHook(pool, { system_id: ID, version: 1, failures: 0 }, 1, 1000),
    (pool) => readHookNotices(pool, ID, true, 10),
    (pool) =>
      endHookPost(pool, {
        system_id: ID,
        attempt: 1,
        outcome: 'delivered',
        http_status: 200,
        duration_ms: 1,
        code: null,
        answer: null,
        told: { epoch: 0, index: 1 },
        told_dropped: 0,
        pause_ms: 0,
      }),
    (pool) => forgetHookAttempts(pool, 30),
    (pool) => listParts(pool, ID),
    (pool) => readPartBytes(pool, ID, 0),
  ],
  receipts: [
    (pool) => readLogCursor(pool, 'nobody'),
    (pool) => readLog(pool, { epoch: 0, index: 0 }, 10),
    (pool) => readLogEnd(pool),
    (pool) => readOrigin(pool),
    (pool) => readHookSubscribers(pool),
    (pool) => findReportedDispatches(pool, [ID]),
    (pool) => findSenders(pool, [ID]),
    (pool) => findEntry(pool, ID),
    (pool) => findDispatch(pool, ID),
    (pool) => findReceiptXml(pool, ID),
    (pool) => listParts(pool, ID),
    (pool) =>
      queueHookNotices(pool, {
        reader: 'r',
        seen: { epoch: 0, index: 0 },
        next: { epoch: 0, index: 1 },
        notices: [],
        most: 10,
      }),
    (pool) =>
      closeDispatches(pool, {
        ids: [ID],
        at: new Date().toISOString(),
        entries: [],
        reader: 'r',
        next: { epoch: 0, index: 0 },
      }),
  ],
  // What a second operator approves there is done there.
  console: ACTS,
  cli: [
    ...ACTS,
    (pool) => listHeldContent(pool, 10),
    (pool) => listRetentionClasses(pool),
    (pool) => listRetentionRules(pool),
    (pool) => listPartitionMonths(pool),
    (pool) => listDispatchIds(pool, { after: ID, before: ID }, 1),
    (pool) => readBundles(pool, [ID], true),
    (pool) => readEntryPage(pool, { after: ID, before: ID }, 1),
    (pool) => readLeafPage(pool, { epoch: 0, index: 0 }, 1),
    (pool) => findFalsePending(pool, 1),
    (pool) => readLivingFloor(pool),
    (pool) =>
      Promise.all(
        Object.keys(REFERENCES).map((table) => findDangling(pool, table as 'receipt', { after: ID, floor: ID }, 1)),
      ),
    (pool) => findLateRouting(pool, 1, 1),
    (pool) => findLatePushes(pool, 1, 1),
    (pool) => filterWaiting(pool, 'consignment', [ID]),
    (pool) => republishDispatch(pool, { id: ID, version: 1 }, []),
    (pool) => requeuePush(pool, { id: ID, version: 1 }, []),
    (pool) => endLostAttempt(pool, { id: ID, attempt: 1 }, []),
    (pool) => releaseLease(pool, { id: ID, version: 1 }, []),
    (pool) => relinkSubmission(pool, { dispatch: ID, agency: 'H26', from: ID, to: ID }, []),
  ],
}

t.test('every statement runs with the rights of its service', async (t) => {
  const database = await createDatabase(t)
  for (const [role, statements] of Object.entries(STATEMENTS)) {
    const pool = openPool(database.url(role as 'gateway'), { name: role, max: 1 })
    for (const statement of statements) await t.resolves(statement(pool), `${role}: ${String(statement).slice(10, 60)}`)
    await pool.end()
  }
  const audit = await openConnection(database.url('audit'), 'audit')
  t.equal(await tryLeadSequencer(audit), true)
  const end = await readLogEnd(audit)
  t.equal(end.nextIndex, 0)
  // Of the changes of retention, two by each.
  t.equal((await sequenceEntries(audit, end.epoch, end.nextIndex, 10)).length, 4)
  const second = await openConnection(database.url('audit'), 'audit')
  t.equal(await tryLeadSequencer(second), false, 'one leader at a time')
  await Promise.all([audit.end(), second.end()])
})

t.test('a connection that ends between two statements is told by the next one, and ends no process', async (t) => {
  const database = await createDatabase(t)
  const eyes = openPool(database.url('postgres'), { name: 'eyes', max: 1 })
  const pool = openPool(database.url('gateway'), { name: 'thinking', max: 1 })
  t.teardown(() => Promise.all([eyes.end(), pool.end()]))
  const end = async (client: Queryable): Promise<void> => {
    const { rows } = await client.query('select pg_backend_pid() as pid')
    await eyes.query('select pg_terminate_backend($1)', [rows[0]?.pid])
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  const thinking = inTransaction(pool, async (client) => {
    await end(client)
    await client.query('select 1')
  })
  await t.rejects(thinking, { code: 'LT_STORE_UNAVAILABLE' })
  t.same((await pool.query('select 1 as one')).rows, [{ one: 1 }])
  const connection = await openConnection(database.url('gateway'), 'holding')
  await end(connection)
  await t.rejects(connection.query('select 1'))
})

t.test('the log is append-only by privilege and, for the owner, by trigger', async (t) => {
  const database = await createDatabase(t)
  const owner = openPool(database.url('owner'), { name: 'owner', max: 1 })
  t.teardown(() => owner.end())
  await owner.query(
    `insert into audit_entry (id, event, event_time, details_digest, leaf_hash) values (uuid_floor(now()), 'x', now(), '', '')`,
  )
  for (const sql of [
    `update audit_entry set event = 'y'`,
    'delete from audit_entry',
    'truncate audit_entry',
    'truncate log_leaf',
    'truncate receipt',
  ]) {
    await t.rejects(owner.query(sql), { code: 'LT003' }, sql)
  }
  for (const role of ['gateway', 'routing', 'receipts', 'audit', 'delivery', 'console', 'cli'] as const) {
    const pool = openPool(database.url(role), { name: role, max: 1 })
    for (const sql of [
      `update audit_entry set event = 'y'`,
      'delete from audit_entry',
      'delete from log_leaf',
      'update receipt set xml = null',
    ]) {
      await t.rejects(pool.query(sql), { code: '42501' }, `${role}: ${sql}`)
    }
    await pool.end()
  }
})

t.test('each role reads what its stage needs and nothing else', async (t) => {
  const database = await createDatabase(t)
  const owner = openPool(database.url('owner'), { name: 'owner', max: 1 })
  t.teardown(() => owner.end())
  const roles = ['gateway', 'routing', 'delivery', 'receipts', 'audit', 'console', 'cli'] as const
  const everyone = [...roles]
  const operators = ['console', 'cli']
  const readers: Readonly<Record<string, readonly string[]>> = {
    'dispatch.subject': everyone.filter((role) => role !== 'audit'),
    'consignment.state': everyone.filter((role) => role !== 'audit'),
    'consignment.lease_token': everyone.filter((role) => role !== 'audit'),
    'content.bytes': ['gateway', 'delivery'],
    'content.size': ['gateway', 'delivery', 'receipts', ...operators],
    'submission_recipient.dispatch_id': ['gateway', ...operators],
    'submission_key.idempotency_key': ['gateway'],
    'document_key.document_id': ['gateway'],
    'reply_link.code': ['gateway', ...operators],
    'refusal.params': operators,
    'status_report.code': ['gateway', 'routing', 'delivery', 'receipts', ...operators],
    'status_report.description': ['gateway', 'routing', 'receipts', ...operators],
    'delivery_attempt.answer': ['delivery', ...operators],
    'audit_entry.event': ['gateway', 'delivery', 'receipts', 'audit', ...operators],
    'audit_detail.details': ['gateway', 'receipts', ...operators],
    'audit_pending.seq': ['gateway', 'audit', ...operators],
    'log_leaf.index': ['gateway', 'delivery', 'receipts', 'audit', ...operators],
    'log_cursor.index': ['receipts', ...operators],
    'operator.key_hash': operators,
    'operation_request.snapshot': operators,
    'operation_tally.affected': operators,
    'maintenance.reason': ['gateway', ...operators],
    'receipt.xml': ['gateway', 'delivery', 'receipts', ...operators],
    'push_breaker.state': ['delivery', ...operators],
    'hook_notice.dispatch_id': ['delivery', ...operators],
    'hook_state.waiting': ['delivery', 'receipts', ...operators],
    'hook_attempt.answer': ['delivery', ...operators],
    'clock_cursor.index': ['delivery', ...operators],
    'consignment_clock.done': ['delivery', ...operators],
    'notice.recipient': ['delivery', ...operators],
    'system_silence.since': ['delivery', ...operators],
  }
  for (const [column, allowed] of Object.entries(readers)) {
    const { rows } = await owner.query(
      `select role from unnest($1::text[]) with ordinality as r(role, place)
        where has_column_privilege('lt_' || role, $2, $3, 'select') order by place`,
      [roles, ...column.split('.')],
    )
    t.same(
      rows.map(({ role }) => role),
      allowed,
      column,
    )
  }
  for (const role of ['console', 'cli'] as const) {
    const pool = openPool(database.url(role), { name: role, max: 1 })
    await t.rejects(pool.query('select bytes from content'), { code: '42501' })
    await t.rejects(pool.query('select * from content'), { code: '42501' })
    await t.resolves(listParts(pool, ID))
    await pool.end()
  }
})

t.test('functions that run as the owner are not led astray, and nobody else makes objects', async (t) => {
  const database = await createDatabase(t)
  const owner = openPool(database.url('owner'), { name: 'owner', max: 1 })
  t.teardown(() => owner.end())
  const { rows } = await owner.query(
    `select proname, proconfig from pg_proc where prosecdef and pronamespace = 'public'::regnamespace order by proname`,
  )
  t.ok(rows.length >= 3)
  for (const { proname, proconfig } of rows) t.ok(proconfig.includes('search_path=public, pg_temp'), proname)
  const makers = await owner.query(
    `select rolname from pg_roles where rolname ~ '^lt_' and rolname <> 'lt_owner' and has_schema_privilege(rolname, 'public', 'create')`,
  )
  t.same(makers.rows, [])
})

t.test(
  'entries come into the log in the order of cause, and receipts are listed in the order of the log',
  async (t) => {
    const database = await createDatabase(t)
    const gateway = await openConnection(database.url('gateway'), 'gateway')
    const audit = await openConnection(database.url('audit'), 'audit')
    t.teardown(() => Promise.all([gateway.end(), audit.end()]))
    const pool = gateway as unknown as Pool
    const at = new Date()
    const id = (tail: string): string => {
      const time = at.getTime().toString(16).padStart(12, '0')
      return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${tail.padStart(12, '0')}`
    }
    // Ids of one millisecond that stand the other way round than their causes, and owners in an order of their own.
    const causes = ['9', '5', '7', '1', '8', '2'].map((tail, i) => ({
      tail,
      owner: id(['c', 'a', 'b'][i % 3] as string),
    }))
    const entries = causes.map(({ tail, owner }) => ({
      owner,
      id: id(tail),
      event: 'ContentHandover',
      event_time: at.toISOString(),
      dispatch_id: ID,
      consignment_id: null,
      salt: '00',
      details: '{}',
      details_digest: '00',
      leaf_hash: '00',
    }))
    const refusal = {
      system_id: ID,
      refused_at: at.toISOString(),
      code: 'LT_SUB_BUSY',
      params: {},
      sha256: null,
      size: null,
    }
    // However the planner joins: here by sorting both sides.
    await gateway.query('set enable_hashjoin = off; set enable_nestloop = off')
    await recordRefusals(
      pool,
      ['a', 'b', 'c'].map((tail) => ({ ...refusal, id: id(tail) })),
      entries,
    )
    await gateway.query('reset enable_hashjoin; reset enable_nestloop')
    const wanted = causes.map(({ tail }) => id(tail))
    const waiting = await audit.query('select entry_id from audit_pending order by seq')
    t.same(
      waiting.rows.map(({ entry_id }) => entry_id),
      wanted,
      'the order of cause',
    )
    let rowsRead = 0
    const counting = {
      query: async (query: { text: string; values: unknown[] }) => {
        const result = await pool.query(query)
        rowsRead = Math.max(rowsRead, result.rows.length)
        return result
      },
    } as unknown as Pool
    const pageOf = (limit: number, after?: string) =>
      readReceiptFacts(counting, {
        dispatchId: ID,
        events: ['ContentHandover'],
        limit,
        ...(after === undefined ? {} : { after }),
      })
    const idsOf = ({ facts }: ReceiptFactPage): string[] => facts.map(({ entry_id }) => entry_id)
    const listed = async (): Promise<string[]> => {
      const paged: string[] = []
      for (let more = true; more; ) {
        const page = await pageOf(2, paged.at(-1))
        paged.push(...idsOf(page))
        more = page.more
      }
      t.same(paged, idsOf(await pageOf(10)), 'in pages as in one')
      return paged
    }
    t.same(await listed(), wanted, 'none is sequenced yet')
    const first = idsOf(await pageOf(3))
    await sequenceEntries(audit, 0, 0, 4)
    t.same(
      idsOf(await pageOf(10, first.at(-1))),
      wanted.slice(3),
      'a page goes on where it was, though the log moved on',
    )
    t.same(await listed(), wanted, 'those that wait come last')
    await sequenceEntries(audit, 0, 4, 10)
    t.same(await listed(), wanted, 'all are sequenced')
    rowsRead = 0
    await pageOf(2)
    t.equal(rowsRead, 3, 'a page reads itself and whether there is more')
    t.match(await pageOf(2, wanted.at(-1)), { known: true, facts: [], more: false }, 'behind the last there is nothing')
    t.match(await pageOf(2, id('f')), { known: false, facts: [] }, 'what is none of them is no position')
  },
)

t.test('status reports are listed in the order they were accepted', async (t) => {
  const database = await createDatabase(t)
  const owner = openPool(database.url('owner'), { name: 'owner', max: 1 })
  const pool = openPool(database.url('gateway'), { name: 'gateway', max: 1 })
  t.teardown(() => Promise.all([owner.end(), pool.end()]))
  const about = '01890000-0000-7000-8000-0000000000aa'
  const ids = ['7', '3', '9', '1'].map((tail) => `01890000-0000-7000-8000-${tail.padStart(12, '0')}`)
  for (const [i, id] of ids.entries()) {
    await owner.query(
      `with r as (insert into receipt (id, entry_id, dispatch_id, event, event_time, signing_time, xml)
        values ($1, $1, $1, 'SubmissionAcceptance', now(), now(), '')),
      p as (insert into audit_pending (entry_id, leaf_hash) values ($1, ''))
      insert into status_report (dispatch_id, reporter_code, subject_code, document_id, code, reported_at, about_dispatch_id)
        values ($1, 'H26', 'G12', 'd', $2, now(), $3)`,
      [id, `0${i + 1}`, about],
    )
  }
  const listed = async (): Promise<string[]> => (await listStatusReports(pool, about)).map(({ code }) => code)
  t.same(await listed(), ['01', '02', '03', '04'])
  const audit = await openConnection(database.url('audit'), 'audit')
  await sequenceEntries(audit, 0, 0, 2)
  t.same(await listed(), ['01', '02', '03', '04'], 'two of them in the log')
  await audit.end()
})

t.test("a reader's place in the log never moves back", async (t) => {
  const database = await createDatabase(t)
  const pool = openPool(database.url('receipts'), { name: 'receipts', max: 1 })
  t.teardown(() => pool.end())
  const moveTo = async (epoch: number, index: number): Promise<unknown> => {
    await closeDispatches(pool, {
      ids: [],
      at: new Date().toISOString(),
      entries: [],
      reader: 'r',
      next: { epoch, index },
    })
    return readLogCursor(pool, 'r')
  }
  t.same(await moveTo(0, 10), { epoch: 0, index: 10 })
  t.same(await moveTo(0, 4), { epoch: 0, index: 10 }, 'a reader that was overtaken')
  t.same(await moveTo(1, 0), { epoch: 1, index: 0 }, 'a new epoch begins at 0')
  t.same(await moveTo(0, 99), { epoch: 1, index: 0 })
  t.same(await moveTo(1, 7), { epoch: 1, index: 7 })
})

t.test('a look-up by id goes to the one month that can hold it, also under a plan that is kept', async (t) => {
  const database = await createDatabase(t)
  const owner = openPool(database.url('owner'), { name: 'owner', max: 1 })
  t.teardown(() => owner.end())
  await owner.query('set plan_cache_mode = force_generic_plan')
  const at = new Date().toISOString()
  await owner.query(
    `with d as (
      insert into dispatch (id, lane, kind, system_id, sender_code, document_id, number, notation, subject, business_type, priority, form,
        content_hash, content_size, recipients, signature, facts, accepted_at, next_publish_at)
      select (left(uuid_floor(now())::text, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid, 'normal', 'document', $1, 'G12',
        'd' || i, 'n', 'n', repeat('x', 300), 'new', 0, 'inline', '', 1, '[]', '{}', '{}', now(), now() from generate_series(1, 6000) i
      returning id
    )
    insert into consignment (id, dispatch_id, agency_code, as_written, kind, lane, mode, state, available_at)
    select id, id, 'H26', array[repeat('x', 300)], 'document', 'normal', 'pull', 'AVAILABLE', now() from d`,
    [ID],
  )
  await owner.query('analyze dispatch, consignment')
  const months = async (run: (pool: Pool) => Promise<unknown>): Promise<string[]> => {
    let statement: { text: string; values: unknown[] } | undefined
    const capture = async (query: { text: string; values: unknown[] }) => {
      statement = query
      return { rows: [] }
    }
    await run({ query: capture } as unknown as Pool)
    const { text, values } = statement as NonNullable<typeof statement>
    const written = values.map((value) => `'${Array.isArray(value) ? `{${value.join()}}` : String(value)}'`)
    await owner.query(`prepare explained as ${text}`)
    const { rows } = await owner.query(
      `explain (analyze, costs off, timing off) execute explained(${written.join(', ')})`,
    )
    await owner.query('deallocate explained')
    const lines: string[] = rows.map((row) => row['QUERY PLAN'])
    return lines.flatMap((line) =>
      /loops=[1-9]/.test(line) ? (/(?:Scan|using \S+) on ((?:dispatch|consignment)_\d+)/.exec(line)?.[1] ?? []) : [],
    )
  }
  const { rows } = await owner.query(
    `select uuid_floor(now())::text as id, to_char(now() at time zone 'UTC', 'YYYYMM') as month`,
  )
  const { id, month } = rows[0]
  const move = { id, version: 1, at, state: null, lease_token: null, lease_seconds: null, lease_system: null }
  const moved = { ...move, refusal_reason: null, refusal_text: null, handed_over: false, ended: false }
  t.same(await months((pool) => findConsignments(pool, [id])), [`consignment_${month}`])
  t.same(await months((pool) => moveConsignments(pool, [moved], [])), [`consignment_${month}`])
  t.same(await months((pool) => findDispatchesToRoute(pool, [id])), [`dispatch_${month}`])
  t.same(
    await months((pool) =>
      routeDispatches(pool, { moves: [{ id, version: 1, at }], consignments: [], statuses: [], entries: [] }),
    ),
    [`dispatch_${month}`],
  )
})

t.test('migrations: repeated they do nothing; a changed or an unknown breaking one stops the start', async (t) => {
  const database = await createDatabase(t)
  t.same(await migrate(database.url('owner')), [])
  const owner = openPool(database.url('owner'), { name: 'owner', max: 1 })
  t.teardown(() => owner.end())
  await owner.query(`insert into schema_migration (name, checksum, breaking) values ('9999-future.sql', '', false)`)
  await t.resolves(checkSchema(owner), 'a later change that older programs can live with')
  await owner.query(`update schema_migration set breaking = true where name = '9999-future.sql'`)
  await t.rejects(checkSchema(owner), { code: 'LT_STORE_SCHEMA_MISMATCH' })
  await owner.query(`delete from schema_migration where name = '9999-future.sql'`)
  await owner.query(`update schema_migration set checksum = 'other' where name = '0001-core.sql'`)
  await t.rejects(migrate(database.url('owner')), { code: 'LT_STORE_SCHEMA_MISMATCH' })
})

t.test('a database that would lose commits is refused', async (t) => {
  const settings = [
    { name: 'fsync', setting: 'on' },
    { name: 'full_page_writes', setting: 'on' },
    { name: 'synchronous_commit', setting: 'off' },
  ]
  const check = (rows: typeof settings): Promise<void> =>
    checkDurability({ query: async () => ({ rows }) } as unknown as Pool)
  await t.rejects(check(settings), { code: 'LT_STORE_UNSAFE_SETTING' })
  const safe = settings.map((row) => ({ ...row, setting: 'on' }))
  await t.resolves(check(safe))
  for (const { name } of safe) {
    const rest = safe.filter((row) => row.name !== name)
    await t.rejects(check(rest), { code: 'LT_STORE_UNSAFE_SETTING', params: { setting: name } }, `${name} is not there`)
  }
})

t.test('partitions: a month is cut by its ids, and ids of the next month go next door', async (t) => {
  const database = await createDatabase(t)
  const owner = openPool(database.url('owner'), { name: 'owner', max: 1 })
  t.teardown(() => owner.end())
  await owner.query(`select ensure_partitions('2030-01-15T00:00:00Z', 2)`)
  const at = (time: string): Promise<unknown> =>
    owner.query(
      `insert into audit_entry (id, event, event_time, details_digest, leaf_hash) values (uuid_floor($1::timestamptz), 'x', $1, '', '')`,
      [time],
    )
  await at('2030-01-01T00:00:00Z')
  await at('2030-01-31T23:59:59.999Z')
  await at('2030-02-01T00:00:00Z')
  const { rows } = await owner.query(
    'select tableoid::regclass::text as part, count(*)::int as count from audit_entry group by 1 order by 1',
  )
  t.same(rows, [
    { part: 'audit_entry_203001', count: 2 },
    { part: 'audit_entry_203002', count: 1 },
  ])
})
