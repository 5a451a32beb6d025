import t from 'tap'
import {
  acceptDispatches,
  checkDurability,
  checkSchema,
  clockSkewMs,
  closeDispatches,
  findConsignments,
  findDispatch,
  findDispatchesToRoute,
  findEntry,
  findKnownSubmissions,
  findReceiptXml,
  findSenders,
  findSubmission,
  keepReceipt,
  listConsignments,
  listMailbox,
  listParts,
  listReceiptFacts,
  listStatusReports,
  listThread,
  migrate,
  moveConsignments,
  nextLeaseEndMs,
  openConnection,
  openPool,
  type Pool,
  readLog,
  readLogCursor,
  readLogEnd,
  readOrigin,
  readPartBytes,
  recordRefusals,
  resendConsignment,
  routeDispatches,
  sequenceEntries,
  takeDueDispatches,
  tryLeadSequencer,
} from '../../libs/store/index.ts'
import { createDatabase } from '../harness/create-database.ts'

const ID = '01890000-0000-7000-8000-000000000000'

/** Runs every statement once with its service's own rights: a renamed column or a missing grant shows here. */
const STATEMENTS: Readonly<Record<string, readonly ((pool: Pool) => Promise<unknown>)[]>> = {
  gateway: [
    (pool) => acceptDispatches(pool, { dispatches: [], contents: [], receipts: [], entries: [], bytes: Buffer.alloc(0) }),
    (pool) => findKnownSubmissions(pool, []),
    (pool) => findSubmission(pool, ID),
    (pool) => recordRefusals(pool, [], []),
    (pool) => listMailbox(pool, ['H26'], { limit: 1 }),
    (pool) => findConsignments(pool, [ID]),
    (pool) => nextLeaseEndMs(pool, ['H26']),
    (pool) => moveConsignments(pool, [], []),
    (pool) => listParts(pool, ID),
    (pool) => readPartBytes(pool, ID, 0),
    (pool) => findDispatch(pool, ID),
    (pool) => findSenders(pool, [ID]),
    (pool) => listConsignments(pool, ID),
    (pool) => listStatusReports(pool, ID),
    (pool) => listThread(pool, ID),
    (pool) => listReceiptFacts(pool, ID, ['ContentHandover']),
    (pool) => findReceiptXml(pool, ID),
    (pool) => findEntry(pool, ID),
    (pool) => readOrigin(pool),
    (pool) => resendConsignment(pool, { oldId: ID, newId: ID, systemId: ID, mode: 'pull', at: new Date().toISOString() }, []),
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
    (pool) => clockSkewMs(pool),
    (pool) => checkDurability(pool),
    (pool) => checkSchema(pool),
  ],
  routing: [
    (pool) => findDispatchesToRoute(pool, [ID]),
    (pool) => routeDispatches(pool, { moves: [], consignments: [], statuses: [], entries: [] }),
    (pool) => takeDueDispatches(pool, 10),
  ],
  receipts: [
    (pool) => readLogCursor(pool, 'nobody'),
    (pool) => readLog(pool, { epoch: 0, index: 0 }, 10),
    (pool) => closeDispatches(pool, { ids: [ID], at: new Date().toISOString(), entries: [], reader: 'r', next: { epoch: 0, index: 0 } }),
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
  t.same(await sequenceEntries(audit, end.epoch, end.nextIndex, 10), [])
  const second = await openConnection(database.url('audit'), 'audit')
  t.equal(await tryLeadSequencer(second), false, 'one leader at a time')
  await Promise.all([audit.end(), second.end()])
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
    for (const sql of [`update audit_entry set event = 'y'`, 'delete from audit_entry', 'delete from log_leaf', 'update receipt set xml = null']) {
      await t.rejects(pool.query(sql), { code: '42501' }, `${role}: ${sql}`)
    }
    await pool.end()
  }
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
  const database = { query: async () => ({ rows: settings }) } as unknown as Pool
  await t.rejects(checkDurability(database), { code: 'LT_STORE_UNSAFE_SETTING' })
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
