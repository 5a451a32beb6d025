import t from 'tap'
import { addOperator } from '../../libs/pipeline/index.ts'
import { addAgency } from '../../libs/registry/index.ts'
import { findStuck, openPool, STUCK_KINDS, stuckQueries } from '../../libs/store/index.ts'
import { EXIT_CODES } from '../../services/cli/command.ts'
import { runCli } from '../../services/cli/run-cli.ts'
import { en } from '../../services/cli/texts/en.ts'
import { vi } from '../../services/cli/texts/vi.ts'
import { createDatabase, freePort } from '../harness/harness.ts'

const database = await createDatabase(t)
const eyes = openPool(database.url('postgres'), { name: 'eyes', max: 1 })
const operator = openPool(database.url('cli'), { name: 'operator', max: 1 })
t.teardown(() => Promise.all([eyes.end(), operator.end()]))

const { key } = await addOperator(operator, { name: 'lan', role: 'administrator' }, undefined, 'test')

/** A command line, with a reason where the registry is changed. */
const change = (...args: string[]): ReturnType<typeof run> => run(...args, '--reason', 'công văn 4')

const run = (...args: string[]): ReturnType<typeof runAs> => runAs(key, ...args)
async function runAs(as: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', '']
  const stdout = { write: (text: string) => (out += text) }
  const stderr = { write: (text: string) => (err += text) }
  const environment = { DATABASE_URL: database.url('cli'), LIENTHONG_OPERATOR: as }
  const code = await runCli(['--lang', 'en', ...args], { stdout, stderr }, environment)
  return { code, out, err }
}

t.test('policies of a system can be changed, and nothing that was not named', async (t) => {
  const added = await change('system', 'add', 's1', 'First', '--policy', 'report', '--tolerance', 'tolerant')
  t.match(added, { code: EXIT_CODES.done, out: /Added system s1/ })
  const set = await change('system', 'set', 's1', '--policy', 'required', '--duplicates', 'refuse', '--json')
  t.equal(set.code, EXIT_CODES.done)
  t.match(JSON.parse(set.out), {
    name: 'First',
    delivery: 'pull',
    signaturePolicy: 'required',
    duplicatePolicy: 'refuse',
    tolerance: 'tolerant',
  })
  t.match(await change('system', 'set', 's1', '--delivery', 'push'), {
    code: EXIT_CODES.refused,
    err: /LT_REG_BAD_FIELD/,
  })
  const push = await change(
    'system',
    'set',
    's1',
    '--delivery',
    'push',
    '--push-url',
    'https://s1.example/in',
    '--name',
    'Sửa',
  )
  t.match(push, {
    code: EXIT_CODES.done,
    out: /Changed system s1: delivery push, signature required, duplicates refuse, checks tolerant/,
  })
  const back = JSON.parse((await change('system', 'set', 's1', '--delivery', 'pull', '--push-url', '', '--json')).out)
  t.match(back, { delivery: 'pull', pushUrl: null, name: 'Sửa' })
  t.match(await change('system', 'set', 's1'), { code: EXIT_CODES.usage, err: /--policy/ })
  t.match(await change('system', 'set', 's1', '--policy', 'x'), {
    code: EXIT_CODES.usage,
    err: /off, report, required/,
  })
  t.match(await change('system', 'set', 'nosuch', '--policy', 'off'), { code: EXIT_CODES.notFound })
})

t.test('an agency is taken from the system that fronts it, and from no other', async (t) => {
  await addAgency(operator, { code: 'H90', name: 'Cơ quan' })
  await change('system', 'add', 's2', 'Second')
  t.match(await run('system', 'front', 's2', 'H90', '--reason', 'công văn 5'), { code: EXIT_CODES.done })
  t.match(await change('system', 'unfront', 's1', 'H90'), {
    code: EXIT_CODES.notFound,
    out: /s1 does not receive for H90/,
  })
  t.match((await run('agency', 'show', 'H90')).out, /s2/)
  t.match(await change('system', 'unfront', 's2', 'H90'), {
    code: EXIT_CODES.done,
    out: /s2 no longer receives for H90/,
  })
  t.notMatch((await run('agency', 'show', 'H90')).out, /s2/)
  t.equal((await change('system', 'unfront', 's2', 'H90')).code, EXIT_CODES.notFound)
  await change('system', 'set', 's2', '--policy', 'report')
  t.match(await run('system', 'front', 's2', 'H90', '--reason', ' '), {
    code: EXIT_CODES.refused,
    err: /LT_OPS_BAD_FIELD/,
  })
  t.match(await runAs('', 'system', 'front', 's2', 'H90', '--reason', 'x'), { err: /LT_OPS_KEY_INVALID/ })
  const { rows } = await operator.query(
    `select d.details from audit_entry e join audit_detail d on d.entry_id = e.id where e.event = 'RegistryChanged' order by e.id`,
  )
  const changes = rows.map(({ details }) => JSON.parse(details)).filter(({ system }) => system === 's2')
  t.match(
    changes,
    [
      { change: 'added' },
      { change: 'fronts', agency: 'H90', previous: null, operator: 'lan', why: 'công văn 5' },
      { change: 'no-longer-fronts', agency: 'H90' },
      { change: 'set', settings: { signaturePolicy: 'report' }, operator: 'lan', why: 'công văn 4' },
    ],
    'each change once in the log, with who and why; what changed nothing is not there',
  )
  t.equal(changes.length, 4)
})

t.test('an agency and a system say whom notices go to', async (t) => {
  await addAgency(operator, { code: 'H91', name: 'Cơ quan', contact: { address: 'Số 1' } })
  const given = ['--post', 'Văn thư', '--mail', 'vanthu@h91.example', '--phone', '0912 345 678']
  t.match(await change('agency', 'contact', 'H91', ...given), {
    code: EXIT_CODES.done,
    out: /H91 go to: Văn thư vanthu@h91.example 0912 345 678/,
  })
  t.match((await run('agency', 'show', 'H91')).out, /Contact +Văn thư, vanthu@h91.example/)
  const { out } = await change('agency', 'contact', 'H91', '--phone', '', '--json')
  t.same(JSON.parse(out).contact, { address: 'Số 1', post: 'Văn thư', email: 'vanthu@h91.example' })
  for (const [option, value] of [
    ['--mail', 'a@b.example, c@d.example'],
    ['--phone', 'máy lẻ 12'],
    ['--post', 'x\u0001'],
  ] as const)
    t.match(await change('agency', 'contact', 'H91', option, value), {
      code: EXIT_CODES.refused,
      err: /LT_REG_BAD_FIELD/,
    })
  t.match(await change('agency', 'contact', 'H91'), { code: EXIT_CODES.usage, err: /--post/ })
  t.match(await change('agency', 'contact', 'H92', '--post', 'x'), { code: EXIT_CODES.notFound })
  t.match(await change('system', 'contact', 's1', '--mail', 'truc@s1.example'), { code: EXIT_CODES.done })
  t.match(await change('system', 'contact', 'nosuch', '--post', 'x'), { code: EXIT_CODES.notFound })
  const { rows } = await operator.query(
    `select d.details::json as details from audit_entry e join audit_detail d on d.entry_id = e.id
      where d.details like '%"change":"contact"%' order by e.id`,
  )
  t.match(rows, [
    { details: { agency: 'H91', mail: 'vanthu@h91.example', operator: 'lan', why: 'công văn 4' } },
    { details: { agency: 'H91', phone: '' } },
    { details: { system: 's1', mail: 'truc@s1.example' } },
  ])
})

t.test('settings of the database that are wrong are told as such, and so is a server that is away', async (t) => {
  const url = new URL(database.url('cli'))
  url.password = 'wrong'
  const nobody = `postgres://x:x@127.0.0.1:${await freePort()}/x`
  for (const [address, expected, said] of [
    [url.href, EXIT_CODES.config, /LT_CONF_INVALID[\s\S]*DATABASE_URL/],
    [nobody, EXIT_CODES.later, /LT_STORE_UNAVAILABLE/],
  ] as const) {
    for (const command of [['system', 'list'], ['migrate']]) {
      let err = ''
      const stream = { write: (text: string) => (err += text) }
      const code = await runCli(command, { stdout: stream, stderr: stream }, { DATABASE_URL: address })
      t.equal(code, expected, `${command.join(' ')}: ${err}`)
      t.match(err, said)
    }
  }
})

/** Consignments of some months: nearly all of them ended, one of each kind that does not move. */
async function fill(): Promise<void> {
  await eyes.query(`select ensure_partitions(now() - interval '4 months', 5)`)
  // An id of a moment: UUIDv7 as far as its time goes.
  await eyes.query(`create function id_at(at timestamptz, n int) returns uuid language sql as
    $$ select (left(uuid_floor(at)::text, 14) || '7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$`)
  const columns =
    'id, dispatch_id, agency_code, as_written, kind, lane, mode, available_at, state, ended_at, lease_until'
  const row = (id: string, at: string, rest: string): string =>
    `${id}, ${id}, 'H90', '{H90}', 'document', 'normal', 'pull', ${at}, ${rest}`
  await eyes.query(`insert into consignment (${columns})
    select ${row('id_at(at, n)', 'at', `'ACKNOWLEDGED', at, null`)}
    from (select n, now() - make_interval(mins => n * 4) as at from generate_series(1, 40000) n) x`)
  for (const [n, state, lease] of [
    [1, 'AVAILABLE', 'null'],
    [2, 'HANDED_OVER', `now() - interval '1 hour'`],
    [3, 'DEAD', 'null'],
    [4, 'HELD', 'null'],
  ] as const) {
    const at = `now() - interval '3 days'`
    await eyes.query(
      `insert into consignment (${columns}) values (${row(`id_at(${at}, ${n + 100_000})`, at, `'${state}', ${at}, ${lease}`)})`,
    )
  }
  // Fetched at the compatible door a moment ago: nobody has to look at it yet.
  const now = `now() - interval '1 minute'`
  await eyes.query(
    `insert into consignment (${columns}) values (${row(`id_at(${now}, 200000)`, now, `'HANDED_OVER', null, ${now}`)})`,
  )
  await eyes.query('vacuum analyze consignment')
}

interface Plan {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Actual Rows': number
  readonly 'Rows Removed by Filter'?: number
  readonly 'Actual Loops': number
  readonly Plans?: readonly Plan[]
}

/** Rows that a plan looked at, whether they passed or not. */
const rowsRead = (plan: Plan): number =>
  (plan['Relation Name'] ? (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops'] : 0) +
  (plan.Plans ?? []).reduce((sum, each) => sum + rowsRead(each), 0)

t.test('the console may ask every question of what is stuck, and each has its texts in both languages', async (t) => {
  const console_ = openPool(database.url('console'), { name: 'console', max: 1 })
  t.teardown(() => console_.end())
  const question = { moveSeconds: 60, overdueHours: 24, deadDays: 7, limit: 10 }
  const queries = stuckQueries(question)
  for (const pool of [console_, operator])
    for (const kind of STUCK_KINDS) {
      const { text, values } = queries[kind]
      await t.resolves(pool.query(text, [...values]), kind)
    }
  t.type(await findStuck(console_, question), Array)
  for (const [language, texts] of Object.entries({ vi, en }) as [string, Readonly<Record<string, string>>][])
    for (const kind of STUCK_KINDS)
      for (const key of [`stuck.kind.${kind}`, `stuck.todo.${kind}`]) t.ok(texts[key], `${language} ${key}`)
})

t.test('what is stuck is found without reading what has ended, and each kind says what to do', async (t) => {
  await fill()
  const found = await run('stuck', '--json')
  t.equal(found.code, EXIT_CODES.refused)
  t.same(
    (JSON.parse(found.out) as { kind: string }[]).map(({ kind }) => kind),
    ['overdue', 'lease', 'held', 'dead'],
  )
  const { out } = await run('stuck')
  t.equal(out.match(/What to do:/g)?.length, 4)
  const queries = stuckQueries({ moveSeconds: 60, overdueHours: 24, deadDays: 30, limit: 100 })
  const { rows } = await eyes.query<{ count: number }>(
    `select count(*) from consignment where id >= uuid_floor(now() - interval '30 days')`,
  )
  for (const kind of STUCK_KINDS) {
    const { text, values } = queries[kind]
    const explained = await operator.query<{ 'QUERY PLAN': readonly { Plan: Plan }[] }>(
      `explain (analyze, format json) ${text}`,
      [...values],
    )
    const read = rowsRead(explained.rows[0]?.['QUERY PLAN'][0]?.Plan as Plan)
    // No index knows the dead: they are looked for among the consignments of the asked days alone.
    const most = kind === 'dead' ? (rows[0]?.count ?? 0) + 10 : 50
    t.ok(read <= most, `${kind}: ${read} rows read, ${most} at most`)
  }
})

t.test('what stands still beside the consignments is told too', async (t) => {
  const at = `now() - interval '3 days'`
  const id = '01890000-0000-7000-8000-00000000000a'
  await eyes.query(`insert into consignment (id, dispatch_id, agency_code, as_written, kind, lane, mode, available_at, state, attempt, recall_pending)
    values (id_at(${at}, 200001), '${id}', 'H90', '{}', 'document', 'normal', 'push', ${at}, 'RETRYING', 6, true)`)
  await eyes.query(
    `insert into delivery_attempt (consignment_id, attempt, claimed_at, deadline) select id, 6, ${at}, ${at} from consignment where attempt = 6`,
  )
  await eyes.query(
    `insert into audit_entry (id, event, event_time, details_digest, leaf_hash) values (id_at(${at}, 1), 'x', ${at}, '', '')`,
  )
  await eyes.query(
    `insert into log_leaf (epoch, index, entry_id, leaf_hash) select 0, 0, id, '' from audit_entry where event = 'x'`,
  )
  await eyes.query(`insert into log_cursor values ('receipts', 0, 0)`)
  for (const [n, state] of [
    [1, 'DELETING'],
    [2, 'KEPT'],
  ] as const)
    await eyes.query(`insert into dispatch (id, lane, kind, state, content_state, retention_class, system_id, sender_code, document_id, number, notation,
        subject, business_type, priority, form, content_hash, content_size, recipients, signature, facts, accepted_at, next_publish_at, closed_at)
      values (id_at(${at}, ${n}), 'normal', 'document', 'CLOSED', '${state}', 'document', '${id}', 'G12', 'x', '1', 'A', 'x', 'new', 0, 'inline', '', 1,
        '[]', '{}', '{}', ${at}, ${at}, ${at})`)
  await eyes.query(
    `insert into content_proof select id, null, '{}', '', ${at} from dispatch where content_state = 'DELETING'`,
  )
  t.equal((await change('system', 'suspend', 's1')).code, EXIT_CODES.done)
  t.equal((await change('retention', 'class', 'document', '0')).code, EXIT_CODES.done)
  const found = JSON.parse((await run('stuck', '--json')).out) as { kind: string; id: string }[]
  const kinds = new Set(found.map(({ kind }) => kind))
  for (const kind of ['attempt', 'retrying', 'recall', 'reader', 'deleting', 'undeleted', 'suspended'])
    t.ok(kinds.has(kind), kind)
  t.notOk(kinds.has('partition'), 'and every table has its place')
  t.match((await run('stuck')).out, /What to do: decide: lienthong system resume/)
  await eyes.query(`insert into business_request (dispatch_id, consignment_id, target_dispatch_id, agency_code, action, outcome, opened_at)
    select '${id}', '${id}', id, 'H90', 'update', 'pending', now() from dispatch where content_state = 'KEPT'`)
  const young = (await run('stuck', '--json')).out
  t.notMatch(young, /undeleted/, 'content is kept while something is asked of it')
  t.notMatch(young, /"change"/, 'the receiver has a day to answer')
  await eyes.query(`update business_request set opened_at = ${at}`)
  await eyes.query(`insert into business_request (dispatch_id, consignment_id, target_dispatch_id, agency_code, action, outcome, opened_at)
    select id_at(${at}, 9), id, dispatch_id, 'H90', 'replace', 'pending', ${at} from consignment where recall_pending`)
  const late = JSON.parse((await run('stuck', '--json')).out) as { kind: string; id: string }[]
  const changes = late.filter(({ kind }) => kind === 'change').map((each) => each.id)
  t.equal(changes.length, 2, 'updates and replacements')
  t.match((await run('stuck')).out, /What to do: ask the receiver to answer.*lienthong void/)
  const voided = changes.find((each) => each !== id) ?? ''
  t.match(await change('void', voided), { code: EXIT_CODES.done, out: /Nothing is asked/ })
  t.match(await change('void', voided), { code: EXIT_CODES.notFound, out: /No update or replacement/ })
  t.equal((await change('void', 'nonsense')).code, EXIT_CODES.notFound)
  t.match(await run('void', voided), { code: EXIT_CODES.usage, err: /--reason/ })
  t.match(await runAs('', 'void', voided, '--reason', 'x'), { code: EXIT_CODES.forbidden })
  t.match((await run('stuck', '--json')).out, /"recall"/, 'what its sender asked back stays asked back')
})
