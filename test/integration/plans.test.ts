import t from 'tap'
import {
  acceptDispatches,
  applyRequests,
  armClocks,
  changeSilence,
  claimAttempts,
  claimNotices,
  closeDispatches,
  endAttempts,
  endMessage,
  findAcceptedDocuments,
  findClockFacts,
  findConsignments,
  findDispatch,
  findDispatchesToRoute,
  findDueClocks,
  findEntry,
  findOperable,
  findOverdueAttempts,
  findSenders,
  findSilenceChanges,
  findTakenBack,
  findTargets,
  findWaitingPushes,
  fireClocks,
  hasFreeConsignment,
  idFloor,
  leaseWaiting,
  listConsignments,
  listMailbox,
  listOperable,
  listParts,
  lockConsignments,
  lockTargets,
  moveConsignments,
  nextLeaseEndMs,
  openConnection,
  openPool,
  operateConsignments,
  type Queryable,
  readLog,
  readMailboxFloor,
  readPartBytes,
  readReceiptFacts,
  routeDispatches,
  settleRequests,
  takeDueDispatches,
  takeDuePushes,
} from '../../libs/store/index.ts'
import { createDatabase } from '../harness/create-database.ts'

// What years of documents do to single statements: sixty months of partitions, with the plans that services keep.
const MONTHS = 60
const DOCUMENTS = 12_000
/** This month, its neighbours, and those made ahead. */
const NEAR = 7

const database = await createDatabase(t)
const owner = openPool(database.url('owner'), { name: 'owner', max: 1 })
t.teardown(() => owner.end())
await owner.query(`select ensure_partitions(now() - make_interval(months => $1), $1)`, [MONTHS])
await owner.query(
  `with made as materialized (
    select i, now() - interval '1 month' * ${MONTHS - 2} * (1 - i::float8 / $1) as at from generate_series(1, $1) i
  ), d as (
    insert into dispatch (id, lane, kind, state, system_id, sender_code, document_id, number, notation, subject, business_type,
      priority, form, content_hash, content_size, recipients, signature, facts, accepted_at, next_publish_at)
    select (left(uuid_floor(at)::text, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid, 'normal', 'document', 'ROUTED',
      '01890000-0000-7000-8000-000000000000', 'G12', 'd' || i, i::text, 'UBND', 'x', 'new', 0, 'inline', '', 1, '[]', '{}', '{}', at, at
    from made returning id, accepted_at, number
  ), c as (
    insert into consignment (id, dispatch_id, agency_code, as_written, kind, lane, mode, state, available_at)
    select id, id, 'A' || number::int % 50, '{}', 'document', 'normal', case when number::int % 3 = 0 then 'push' else 'pull' end,
      case when accepted_at > now() - interval '20 days' then case when number::int % 3 = 0 then 'QUEUED' else 'AVAILABLE' end
        else 'ACKNOWLEDGED' end, accepted_at from d
  ), e as (
    insert into audit_entry (id, event, event_time, dispatch_id, consignment_id, details_digest, leaf_hash)
    select id, 'ContentHandover', accepted_at, id, id, '', '' from d
  ), p as (
    insert into content (dispatch_id, ordinal, role, size, sha256, bytes) select id, 0, 'packet', 1, '', 'x' from d
  )
  insert into log_leaf (epoch, index, entry_id, leaf_hash) select 0, row_number() over (order by id) - 1, id, '' from d`,
  [DOCUMENTS],
)
await owner.query(
  `insert into consignment_clock (consignment_id, dispatch_id, since, due_at)
   select id, dispatch_id, available_at, now() from consignment order by id desc limit 20`,
)
await owner.query('analyze')
const newest = (await owner.query<{ id: string }>(`select id from dispatch order by id desc limit 20`)).rows.map(
  ({ id }) => id,
)
const id = newest[0] as string
const at = new Date().toISOString()
const floor = await readMailboxFloor(owner)

interface Plan {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly Filter?: string
  readonly 'Actual Loops': number
  readonly 'Shared Hit Blocks': number
  readonly 'Shared Read Blocks': number
  readonly Plans?: readonly Plan[]
}

const PARTITION = /^(dispatch|consignment|content|audit_entry)_\d{6}$/

function* nodes(plan: Plan): Generator<Plan> {
  yield plan
  for (const child of plan.Plans ?? []) yield* nodes(child)
}

/** The plan a service would keep of a statement; executed and taken back. */
async function explain(
  role: 'gateway' | 'routing' | 'delivery' | 'receipts' | 'console',
  run: (database: Queryable) => unknown,
  { on = database, options = 'analyze, buffers' } = {},
): Promise<Plan> {
  let statement: { text: string; values: unknown[] } | undefined
  const capture = async (query: { text: string; values: unknown[] }) => {
    statement = query
    return { rows: [] }
  }
  await run({ query: capture } as unknown as Queryable)
  const { text, values } = statement as NonNullable<typeof statement>
  const pool = openPool(on.url(role), { name: 'plans', max: 1, keepPlans: true })
  const client = await pool.connect()
  try {
    await client.query('begin')
    const { rows } = await client.query({ text: `explain (${options}, format json) ${text}`, values })
    return rows[0]['QUERY PLAN'][0].Plan
  } finally {
    await client.query('rollback')
    client.release()
    await pool.end()
  }
}

const move = { id, version: 1, at }
const agencies = Array.from({ length: 10 }, (_, i) => `A${i}`)
const STATEMENTS: Readonly<
  Record<
    string,
    readonly ['gateway' | 'routing' | 'delivery' | 'receipts' | 'console', number, (d: Queryable) => unknown]
  >
> = {
  'one dispatch by id': ['gateway', 2, (d) => findDispatch(d, id)],
  'senders of twenty': ['gateway', 40, (d) => findSenders(d, newest)],
  'twenty consignments by id': ['gateway', 80, (d) => findConsignments(d, newest)],
  'one entry by id': ['gateway', 2, (d) => findEntry(d, id)],
  'parts of a dispatch': ['gateway', 2, (d) => listParts(d, id)],
  'bytes of a part': ['gateway', 2, (d) => readPartBytes(d, id, 0)],
  'consignments of a dispatch': ['gateway', NEAR, (d) => listConsignments(d, id)],
  'facts of a dispatch': [
    'gateway',
    NEAR,
    (d) => readReceiptFacts(d, { dispatchId: id, events: ['ContentHandover'], after: id, limit: 500 }),
  ],
  'a page of ten mailboxes': ['gateway', 10 * 2 * 2 * 2 * NEAR, (d) => listMailbox(d, agencies, { floor, limit: 5 })],
  'is anything free': ['gateway', 10 * 2 * 6 * NEAR, (d) => hasFreeConsignment(d, agencies, { floor })],
  'a lease': [
    'gateway',
    10 * 2 * 6 * NEAR + 10,
    (d) => leaseWaiting(d, agencies, { floor, wanted: 1, reach: 1, seconds: 9, systemId: id }),
  ],
  'next lease end': ['gateway', 10 * 2 * 2 * NEAR, (d) => nextLeaseEndMs(d, agencies, { floor })],
  'a move': [
    'gateway',
    4,
    (d) =>
      moveConsignments(
        d,
        [
          {
            ...move,
            state: 'HANDED_OVER',
            lease_token: null,
            lease_seconds: null,
            lease_system: null,
            refusal_reason: null,
            refusal_text: null,
            handed_over: true,
            ended: false,
          },
        ],
        [],
      ),
  ],
  'dispatches to route': ['routing', 40, (d) => findDispatchesToRoute(d, newest)],
  routing: ['routing', 4, (d) => routeDispatches(d, { moves: [move], consignments: [], statuses: [], entries: [] })],
  'dispatches of a document': [
    'gateway',
    MONTHS + 6,
    (d) => findTargets(d, { issuer: 'A1', documentId: 'x', code: '', party: 'A2' }),
  ],
  'a mark': ['routing', 4, (d) => lockTargets(d, [id], { by: id, targets: [{ id, agencies: ['A1'] }] }, at)],
  'what is taken back whole': ['routing', NEAR + 4, (d) => findTakenBack(d, [id], idFloor([id]))],
  'consignments under a lock': [
    'routing',
    NEAR + 4,
    (d) => lockConsignments(d, { dispatches: [id], agencies: ['A1'], floor: idFloor([id]) }),
  ],
  'requests carried out': [
    'routing',
    8,
    (d) =>
      applyRequests(d, {
        request: id,
        at,
        requests: [],
        changes: [{ id, version: 1, taken: true }],
        added: [],
        entries: [],
      }),
  ],
  'requests settled': [
    'routing',
    8,
    (d) =>
      settleRequests(d, {
        answer: id,
        at,
        outcome: 'agreed',
        requests: [],
        changes: [{ id, version: 1, taken: true }],
        entries: [],
      }),
  ],
  'due dispatches': ['routing', MONTHS + 2 * NEAR, (d) => takeDueDispatches(d, 10, ['urgent', 'normal'])],
  'waiting pushes by id': ['delivery', 80, (d) => findWaitingPushes(d, newest)],
  'due pushes': ['delivery', 2 * MONTHS, (d) => takeDuePushes(d, 10, 1000)],
  'overdue attempts': ['delivery', 4, (d) => findOverdueAttempts(d, 10)],
  'a claim': ['delivery', 4, (d) => claimAttempts(d, [{ ...move, attempt: 1, deadline_ms: 1000 }], [])],
  'an end': [
    'delivery',
    4,
    (d) =>
      endAttempts(
        d,
        [
          {
            ...move,
            outcome: 'delivered',
            http_status: 200,
            duration_ms: 1,
            code: null,
            answer: null,
            state: 'ACKNOWLEDGED',
            retry_ms: null,
            sweep_ms: null,
            reason: null,
            text: null,
          },
        ],
        [],
      ),
  ],
  'what an operator looks at': ['console', 80, (d) => findOperable(d, newest)],
  'a page of dead letters': ['console', 2 * MONTHS, (d) => listOperable(d, { state: 'DEAD' }, { limit: 100 })],
  "an operator's move": [
    'console',
    8,
    (d) =>
      operateConsignments(
        d,
        [
          {
            ...move,
            dispatch_id: id,
            from_state: 'AVAILABLE',
            state: 'HELD',
            mode: null,
            reopens: false,
            reason: null,
            text: null,
          },
        ],
        [],
      ),
  ],
  'facts of twenty clocks': ['delivery', 80, (d) => findClockFacts(d, newest)],
  'dates of twenty documents': ['delivery', 40, (d) => findAcceptedDocuments(d, newest)],
  'due clocks': ['delivery', 0, (d) => findDueClocks(d, 200)],
  'starting a clock': [
    'delivery',
    0,
    (d) =>
      armClocks(d, {
        seen: { epoch: 0, index: 0 },
        next: { epoch: 0, index: 1 },
        clocks: [{ consignment_id: id, dispatch_id: id, since: at, due_at: at }],
        late: [],
        notices: [],
        entries: [],
      }),
  ],
  'an expiry': [
    'delivery',
    4,
    (d) =>
      fireClocks(
        d,
        [{ ...move, done: {}, due_at: null, expire: true, consignment_version: 1, reason: 'x', text: 'x' }],
        [],
        [],
      ),
  ],
  'silent systems': ['delivery', 0, (d) => findSilenceChanges(d, 1000)],
  'a silence': ['delivery', 0, (d) => changeSilence(d, [{ id, code: 'x', since: new Date(), back_at: null }], [], [])],
  'claiming notices': [
    'delivery',
    0,
    (d) => claimNotices(d, { channels: ['mail'], messages: 8, perMessage: 500, perHour: 12, deadlineMs: 1000 }),
  ],
  'the end of a message': [
    'delivery',
    0,
    (d) => endMessage(d, { claimId: id, state: 'SENT', retryMs: null, code: null, maxAttempts: 1 }, []),
  ],
  'a step of the log': ['receipts', 1100, (d) => readLog(d, { epoch: 0, index: DOCUMENTS - 500 }, 500)],
  closing: [
    'receipts',
    NEAR + 4,
    (d) => closeDispatches(d, { ids: [id], at, entries: [], reader: 'r', next: { epoch: 0, index: 0 } }),
  ],
}

for (const [name, [role, most, run]] of Object.entries(STATEMENTS)) {
  t.test(name, async (t) => {
    const plan = await explain(role, run)
    const all = [...nodes(plan)].filter((node) => node['Actual Loops'] > 0)
    const scans = all
      .filter((node) => PARTITION.test(node['Relation Name'] ?? ''))
      .reduce((sum, node) => sum + node['Actual Loops'], 0)
    const whole = all.filter((node) => node['Node Type'] === 'Seq Scan' && PARTITION.test(node['Relation Name'] ?? ''))
    t.ok(scans <= most, `${scans} looks into partitions, ${most} at most`)
    t.same(
      whole
        .filter((node) => node['Shared Hit Blocks'] + node['Shared Read Blocks'] > 0)
        .map((node) => node['Relation Name']),
      [],
      'none is read whole',
    )
    t.notOk(
      all.some((node) => node['Node Type'] === 'Gather'),
      'no parallel workers',
    )
  })
}

t.test('nothing is accepted in more than one place', async (t) => {
  const plan = await explain('gateway', (d) =>
    acceptDispatches(d, { dispatches: [], contents: [], receipts: [], entries: [], bytes: Buffer.alloc(0) }),
  )
  t.same(
    [...nodes(plan)].filter((node) => node['Actual Loops'] > 0 && PARTITION.test(node['Relation Name'] ?? '')),
    [],
  )
})

t.test('the floor of the mailboxes is the month that holds the oldest open consignment', async (t) => {
  const { rows } = await owner.query(
    `select id >= $1::uuid as above, id < $1::uuid as below from consignment where state = 'AVAILABLE'`,
    [floor],
  )
  t.ok(rows.length > 10)
  t.ok(rows.every(({ above }) => above))
  const connection = await openConnection(database.url('gateway'), 'floor')
  t.equal(await readMailboxFloor(connection), floor, 'the same for the role of the gateway')
  await connection.end()
})

t.test('made while tables are empty, a plan finds rows of known ids by their primary keys', async (t) => {
  const empty = await createDatabase(t)
  const oneId = /\bid = (\(?\w+\.\w+|\$|')/
  for (const [name, [role, , run]] of Object.entries(STATEMENTS)) {
    const plan = await explain(role, run, { on: empty, options: 'verbose' })
    const astray = [...nodes(plan)].filter(
      (node) =>
        /^(dispatch|consignment|audit_entry)_\d{6}$/.test(node['Relation Name'] ?? '') &&
        oneId.test(`${node['Index Cond'] ?? ''} ${node.Filter ?? ''}`.replaceAll(/\w+_id = /g, '')) &&
        !node['Index Name']?.endsWith('_pkey'),
    )
    t.same(
      [
        ...new Set(
          astray.map((node) => `${node['Node Type']} ${node['Index Name']}: ${node['Index Cond']} ${node.Filter}`),
        ),
      ].slice(0, 3),
      [],
      name,
    )
  }
})
