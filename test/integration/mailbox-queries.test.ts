import t from 'tap'
import {
  type Connection,
  type DispatchView,
  findDispatch,
  hasFreeConsignment,
  leaseWaiting,
  listMailbox,
  listThread,
  type MailboxRow,
  nextLeaseEndMs,
  openConnection,
  openPool,
  type Pool,
  type Queryable,
} from '../../libs/store/index.ts'
import { leaseConsignments } from '../../services/gateway/mailbox/lease-consignments.ts'
import { createDatabase } from '../harness/create-database.ts'

const SYSTEM = '01890000-0000-7000-8000-000000000000'
const database = await createDatabase(t)
const owner = openPool(database.url('owner'), { name: 'owner', max: 1 })
const gateway = await openConnection(database.url('gateway'), 'gateway')
t.teardown(() => Promise.all([owner.end(), gateway.end()]))

const FLOOR = '00000000-0000-0000-0000-000000000000'
const agenciesOf = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i}`)

interface Fill {
  readonly prefix: string
  readonly agencies: number
  readonly rows: number
  readonly mode?: string
  readonly state?: string
}

/** Open consignments, one in twenty urgent, one in ten a status, two minutes apart, so that they lie in more than one month. */
async function fill({ prefix, agencies, rows, mode = 'pull', state = 'AVAILABLE' }: Fill): Promise<void> {
  await owner.query(
    `with made as materialized (
      select i, now() - interval '2 minutes' * ($3 - i) as at, case when i % 20 = 0 then 'urgent' else 'normal' end as lane,
        case when i % 10 = 3 then 'status' else 'document' end as kind from generate_series(1, $3) i
    ), d as (
      insert into dispatch (id, lane, kind, state, system_id, sender_code, document_id, number, notation, subject, business_type,
        priority, form, content_hash, content_size, recipients, signature, facts, accepted_at, next_publish_at)
      select (left(uuid_floor(at)::text, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid, lane, kind, 'ROUTED', $6, 'G12',
        $1 || i, i::text, 'UBND', 'x', 'new', 0, 'inline', '', 1, '[]', '{}', '{}', at, at from made
      returning id, lane, kind, accepted_at, number
    )
    insert into consignment (id, dispatch_id, agency_code, as_written, kind, lane, mode, state, available_at)
    select (left(uuid_floor(accepted_at)::text, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid, id,
      $1 || (number::int / 20 % $2), '{}', kind, lane, $4, $5, accepted_at from d`,
    [prefix, agencies, rows, mode, state, SYSTEM],
  )
  await owner.query('analyze dispatch, consignment')
}

interface Plan {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Shared Hit Blocks': number
  readonly 'Shared Read Blocks': number
  readonly Plans?: readonly Plan[]
}
const blocks = (plan: Plan): number => plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
/** Tables of which at least one page was read from beginning to end; those without a page do not count. */
const readWhole = (plan: Plan): string[] => [
  ...(plan['Node Type'] === 'Seq Scan' && blocks(plan) > 0 ? [plan['Relation Name'] ?? '?'] : []),
  ...(plan.Plans ?? []).flatMap(readWhole),
]

/** Runs a statement and takes it back; says how it was executed, with the kept plan and with one made for these values. */
async function explain(connection: Connection, run: (database: Queryable) => Promise<unknown>): Promise<Plan[]> {
  let statement: { text: string; values: unknown[] } | undefined
  const capture = async (query: { text: string; values: unknown[] }) => {
    statement = query
    return { rows: [{ linked: true }] }
  }
  await run({ query: capture } as unknown as Queryable)
  const { text, values } = statement as NonNullable<typeof statement>
  const plans: Plan[] = []
  for (const mode of ['force_generic_plan', 'force_custom_plan']) {
    await connection.query('begin')
    await connection.query(`set local plan_cache_mode = ${mode}`)
    await connection.query(`prepare explained as ${text}`)
    const { rows } = await connection.query(
      `explain (analyze, buffers, format json) execute explained(${values.map(literal).join(', ')})`,
    )
    plans.push(rows[0]['QUERY PLAN'][0].Plan)
    await connection.query('rollback')
    await connection.query('deallocate explained')
  }
  return plans
}

function literal(value: unknown): string {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value)
  return `'${(Array.isArray(value) ? `{${value.join(',')}}` : String(value)).replaceAll("'", "''")}'`
}

t.test('the cost of looking into mailboxes follows the answer, not the backlog', async (t) => {
  const agencies = agenciesOf('A', 200)
  const from = { lane: 'normal', id: '01890000-0000-7000-8000-000000000000' }
  const asked: Readonly<Record<string, (database: Queryable) => Promise<unknown>>> = {
    'first of all': (database) => listMailbox(database, agencies, { floor: FLOOR, limit: 1 }),
    'a free one': (database) => hasFreeConsignment(database, agencies, { floor: FLOOR }),
    'first after another': (database) => listMailbox(database, agencies, { floor: FLOOR, limit: 1, after: from }),
    'next lease end': (database) => nextLeaseEndMs(database, agencies, { floor: FLOOR }),
    'a lease': (database) =>
      leaseWaiting(database, agencies, { floor: FLOOR, wanted: 2, reach: 2, seconds: 60, systemId: SYSTEM }),
    'a page': (database) => listMailbox(database, agencies, { floor: FLOOR, limit: 100, kind: 'document' }),
    'many leases': (database) =>
      leaseWaiting(database, agencies, { floor: FLOOR, wanted: 100, reach: 100, seconds: 60, systemId: SYSTEM }),
  }
  const cost = new Map<string, readonly number[]>()
  const measure = async (): Promise<void> => {
    await owner.query('vacuum analyze dispatch, consignment')
    for (const [name, run] of Object.entries(asked)) {
      await explain(gateway, run)
      const plans = await explain(gateway, run)
      for (const plan of plans) t.same(readWhole(plan), [], `${name}: no table is read whole`)
      const now = plans.map(blocks)
      t.comment(`${name}: ${now.join(' / ')} pages`)
      const before = cost.get(name)
      if (before && !/page|many/.test(name)) {
        for (const [i, count] of now.entries())
          t.ok(count < (before[i] as number) * 1.3 + 50, `${name}: ${before[i]} pages, then ${count}`)
      }
      cost.set(name, now)
    }
  }
  await fill({ prefix: 'A', agencies: 200, rows: 20_000 })
  await measure()
  await fill({ prefix: 'A', agencies: 200, rows: 20_000 })
  await measure()
})

t.test('pages, filters and lanes are those of the whole list', async (t) => {
  const agencies = agenciesOf('B', 7)
  await fill({ prefix: 'B', agencies: 9, rows: 900 })
  await fill({ prefix: 'B', agencies: 9, rows: 100, state: 'HANDED_OVER' })
  await fill({ prefix: 'B', agencies: 9, rows: 100, mode: 'push', state: 'HANDED_OVER' })
  await fill({ prefix: 'B', agencies: 9, rows: 100, state: 'ACKNOWLEDGED' })
  await owner.query(
    `update consignment set lease_until = clock_timestamp() + case when id::text < $1 then interval '-1 s' else interval '1 h' end
      where agency_code in ('B2', 'B3', 'B4', 'B8')`,
    [
      (
        await owner.query('select id::text from consignment where agency_code = $1 order by id offset 30 limit 1', [
          'B3',
        ])
      ).rows[0].id,
    ],
  )
  const expected = async (more: string): Promise<string[]> => {
    const { rows } = await owner.query(
      `select id from consignment where agency_code = any($1) and state in ('AVAILABLE', 'HANDED_OVER') and mode = 'pull' ${more}
        order by lane desc, id`,
      [agencies],
    )
    return rows.map(({ id }) => id)
  }
  const all = async (limit: number, options: { kind?: string }): Promise<string[]> => {
    const found: MailboxRow[] = []
    for (;;) {
      const last = found.at(-1)
      const page = await listMailbox(gateway as unknown as Pool, [...agencies, 'B1'], {
        floor: FLOOR,
        limit,
        ...options,
        ...(last ? { after: last } : {}),
      })
      found.push(...page)
      if (page.length < limit) return found.map(({ id }) => id)
    }
  }
  for (const limit of [7, 100, 2000]) {
    t.same(await all(limit, {}), await expected(''), `by ${limit}`)
    t.same(await all(limit, { kind: 'status' }), await expected(`and kind = 'status'`), `by ${limit}, statuses`)
  }
  t.ok((await expected('')).length > 600)
  t.same(await listMailbox(gateway as unknown as Pool, [], { floor: FLOOR, limit: 10 }), [])
})

t.test('the next lease end is that of the open leases of these agencies', async (t) => {
  await fill({ prefix: 'C', agencies: 4, rows: 400 })
  const set = (agency: string, seconds: number, more = ''): Promise<unknown> =>
    owner.query(
      `update consignment set lease_until = clock_timestamp() + make_interval(secs => $2) ${more}
        where id = (select id from consignment where agency_code = $1 and lease_until is null order by id desc limit 1)`,
      [agency, seconds],
    )
  const next = (): Promise<number | undefined> =>
    nextLeaseEndMs(gateway as unknown as Pool, ['C0', 'C1', 'C2'], { floor: FLOOR })
  t.equal(await next(), undefined)
  await set('C0', -5)
  await set('C3', 10)
  await set('C1', 20, `, state = 'ACKNOWLEDGED'`)
  t.equal(await next(), undefined, 'past, foreign and ended ones do not count')
  await set('C1', 300)
  await set('C2', 100)
  const ms = (await next()) ?? 0
  t.ok(ms > 80_000 && ms <= 100_000, `${ms}`)
})

t.test('workers that lease at once share what is free, and none goes away empty while something is', async (t) => {
  const pools = Array.from({ length: 8 }, (_, i) => openPool(database.url('gateway'), { name: `worker ${i}`, max: 1 }))
  t.teardown(() => Promise.all(pools.map((pool) => pool.end())))
  await Promise.all(pools.map((pool) => pool.query('select 1')))
  for (const [prefix, agencies] of [
    ['D', 1],
    ['E', 3],
    ['F', 40],
  ] as const) {
    await fill({ prefix, agencies, rows: 400 })
    const wanted = { agencies: agenciesOf(prefix, agencies), systemId: SYSTEM, max: 50, seconds: 60 }
    const answers = await Promise.all(
      pools.map((pool) => leaseConsignments({ pool, mailboxFloor: () => FLOOR }, wanted)),
    )
    t.same(
      answers.map(({ length }) => length),
      pools.map(() => 50),
      `${agencies} agencies`,
    )
    const leased = answers.flat()
    t.equal(new Set(leased.map(({ row }) => row.id)).size, 400, 'each once')
    t.equal(new Set(leased.map(({ token }) => token)).size, 400, 'under a token of its own')
    const { rows } = await owner.query(
      'select id, lease_token, lease_until, version, lease_system from consignment where agency_code = any($1) order by id',
      [wanted.agencies],
    )
    const said = leased.map(({ row, token, until }) => ({
      id: row.id,
      lease_token: token,
      lease_until: until,
      version: 2,
      lease_system: SYSTEM,
    }))
    t.same(
      rows,
      said.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      'as the rows say',
    )
    t.same(new Set(leased.map(({ row }) => `${row.version} ${row.leased}`)), new Set(['2 true']))
    t.same(
      await leaseConsignments({ pool: pools[0] as Pool, mailboxFloor: () => FLOOR }, wanted),
      [],
      'then nothing is free',
    )
  }
})

t.test('a lease takes the urgent ones first, then the oldest, of the kind that is wanted', async (t) => {
  await fill({ prefix: 'H', agencies: 2, rows: 100 })
  const pool = gateway as unknown as Pool
  const wanted = { agencies: agenciesOf('H', 2), systemId: SYSTEM, max: 8, seconds: 60 }
  const free = async (kind = ''): Promise<string[]> => {
    const list = await listMailbox(pool, wanted.agencies, { floor: FLOOR, limit: 100, ...(kind ? { kind } : {}) })
    return list.filter(({ leased }) => !leased).map(({ id }) => id)
  }
  const ids = async (more: object = {}): Promise<string[]> =>
    (await leaseConsignments({ pool, mailboxFloor: () => FLOOR }, { ...wanted, ...more })).map(({ row }) => row.id)
  const order = await free()
  t.same(await ids(), order.slice(0, 8))
  t.same(await ids(), order.slice(8, 16))
  const statuses = await free('status')
  t.same(await ids({ kind: 'status', max: 500 }), statuses)
  // A row that somebody holds is passed over, not waited for.
  const left = await free()
  const holder = await openConnection(database.url('owner'), 'holder')
  await holder.query('begin')
  await holder.query('select from consignment where id = any($1::uuid[]) for update', [left.slice(0, 8)])
  t.same(await ids(), left.slice(8, 16))
  await holder.query('rollback')
  await holder.end()
})

t.test('neither leases that ran out nor new documents keep the other waiting', async (t) => {
  await fill({ prefix: 'L', agencies: 1, rows: 400 })
  const pool = gateway as unknown as Pool
  await owner.query(
    `update consignment set lease_until = clock_timestamp() - interval '1 minute', lease_token = gen_random_uuid()
      where agency_code = 'L0' and id in (select id from consignment where agency_code = 'L0' order by id limit 200)`,
  )
  const lapsedBefore = async (ids: readonly string[]): Promise<number> => {
    const { rows } = await owner.query(
      `select count(*)::int as n from consignment where id = any($1::uuid[]) and version = 2`,
      [ids],
    )
    return rows[0].n
  }
  const once = new Set(
    (
      await owner.query<{ id: string }>(
        `select id from consignment where agency_code = 'L0' and lease_until is not null`,
      )
    ).rows.map(({ id }) => id),
  )
  const lease = async (max: number): Promise<string[]> =>
    (
      await leaseConsignments(
        { pool, mailboxFloor: () => FLOOR },
        { agencies: ['L0'], systemId: SYSTEM, max, seconds: 600 },
      )
    ).map(({ row }) => row.id)
  const share = (ids: readonly string[]): number => ids.filter((id) => once.has(id)).length
  const first = await lease(100)
  t.equal(first.length, 100)
  t.ok(share(first) >= 40 && share(first) <= 60, `${share(first)} of 100 had a lease that ran out`)
  t.equal(await lapsedBefore(first), 100, 'each moved once')
  const singles = (await Promise.all(Array.from({ length: 40 }, () => lease(1)))).flat()
  t.equal(new Set(singles).size, 40)
  t.ok(share(singles) >= 5 && share(singles) <= 35, `${share(singles)} of 40 taken one by one`)
  t.equal((await lease(1000)).length, 260, 'and in the end everything')
})

t.test('a thread is found by its links, not by reading the history of the sender', async (t) => {
  await fill({ prefix: 'T', agencies: 1, rows: 10_000 })
  const { rows } = await owner.query<{ id: string }>(
    `select id from dispatch where document_id like 'T%' and kind = 'document' order by id limit 600`,
  )
  const [own, byId, byCode, answered, ...others] = rows.map(({ id }) => id) as [
    string,
    string,
    string,
    string,
    ...string[],
  ]
  const name = (
    id: string,
    sender: string,
    document: string,
    number: string,
    recipients: readonly string[],
  ): Promise<unknown> =>
    owner.query(
      'update dispatch set sender_code = $2, document_id = $3, number = $4, notation = $5, recipients = $6 where id = $1',
      [id, sender, document, number, 'A/B', JSON.stringify(recipients.map((agency) => ({ agency })))],
    )
  const link = (id: string, ordinal: number, agency: string, document: string | null, code: string): Promise<unknown> =>
    owner.query(
      'insert into reply_link (dispatch_id, ordinal, agency_code, document_id, code) values ($1, $2, $3, $4, $5)',
      [id, ordinal, agency, document, code],
    )
  await name(own, 'G12', 'own', '7/2', ['K1'])
  await name(byId, 'K1', 'first', '1', ['G12'])
  await name(byCode, 'K2', 'second', '2/1', ['G12'])
  await name(answered, 'K3', 'third', '3', ['Z9', 'G12'])
  await link(own, 0, 'K1', 'first', '')
  await link(own, 1, 'K2', null, '2/1/A/B')
  await link(own, 2, 'K3', null, 'không có')
  await link(answered, 0, 'G12', 'own', 'x')
  await link(answered, 1, 'G12', null, '7/2/A/B')
  // 400 strangers link to the same document, before and after its real reply; the sender has no part in them.
  for (const [i, id] of others.slice(0, 400).entries()) {
    await name(id, 'S1', `s${i}`, '1', ['S2'])
    await link(id, 0, 'G12', i % 2 ? 'own' : null, i % 2 ? '' : '7/2/A/B')
  }
  const late = others[450] as string
  await name(late, 'K4', 'late', '1', ['G12'])
  await link(late, 0, 'G12', null, '7/2/A/B')
  await owner.query('vacuum analyze dispatch, reply_link')

  const named = async (id: string): Promise<DispatchView> =>
    (await findDispatch(gateway as unknown as Pool, id)) as DispatchView
  const seen = async (id: string, agencies: readonly string[]): Promise<string[][]> =>
    (await listThread(gateway as unknown as Pool, await named(id), agencies)).map((row) => [
      row.direction,
      row.document_id,
    ])
  const thread = [
    ['answers', 'first'],
    ['answers', 'second'],
    ['answered-by', 'third'],
    ['answered-by', 'late'],
  ]
  t.same(
    await seen(own, ['G12']),
    thread,
    'both directions, both ways of naming, each once, and what is hidden takes no place',
  )
  t.same(await seen(own, ['K2', 'K4']), [thread[1], thread[3]], 'as far as the caller is a party')
  t.same(await seen(own, []), [])
  t.equal((await seen(own, ['S2'])).length, 200, 'at most')
  t.same(await seen(answered, ['G12']), [['answers', 'own']], 'and from the other side once, though it was named twice')
  const alone = await named(late)
  for (const plan of await explain(gateway, (database) => listThread(database, alone, ['G12']))) {
    t.same(
      readWhole(plan).filter((table) => table.startsWith('dispatch')),
      [],
      'the history is not read',
    )
    t.ok(blocks(plan) < 200, `${blocks(plan)} pages`)
  }
})
