import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { addAgency, addSystem, front } from '../../libs/registry/index.ts'
import { openPool } from '../../libs/store/index.ts'
import { EXIT_CODES } from '../../services/cli/command.ts'
import { runCli } from '../../services/cli/run-cli.ts'
import { createDatabase } from '../harness/harness.ts'

const database = await createDatabase(t)
const eyes = openPool(database.url('postgres'), { name: 'eyes', max: 1 })
const cli = openPool(database.url('cli'), { name: 'cli', max: 1 })
t.teardown(() => Promise.all([eyes.end(), cli.end()]))
await addAgency(cli, { code: 'H26', name: 'Cơ quan' })
await addSystem(cli, { code: 'hub', name: 'Hệ thống' })
await front(cli, 'hub', 'H26', { withDescendants: true })

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A command line, with the access key of an operator unless there is none. */
async function run(key: string | undefined, ...args: string[]): Promise<Ran> {
  let [out, err] = ['', '']
  const stdout = { write: (text: string) => (out += text) }
  const stderr = { write: (text: string) => (err += text) }
  const environment = { DATABASE_URL: database.url('cli'), ...(key === undefined ? {} : { LIENTHONG_OPERATOR: key }) }
  return { code: await runCli(['--lang', 'en', ...args], { stdout, stderr }, environment), out, err }
}
const json = async (key: string | undefined, ...args: string[]) => JSON.parse((await run(key, ...args, '--json')).out)

let planted = 0
/** A consignment for H26 with its dispatch. */
async function plant(state: string): Promise<string> {
  const tail = String(++planted).padStart(12, '0')
  const now = Date.now().toString(16).padStart(12, '0')
  const id = `${now.slice(0, 8)}-${now.slice(8)}-7000-8000-${tail}`
  await eyes.query(
    `with d as (insert into dispatch (id, state, lane, kind, system_id, sender_code, document_id, number, notation, subject,
        business_type, priority, form, content_hash, content_size, recipients, signature, facts, accepted_at, next_publish_at)
      values ($1, 'ROUTED', 'normal', 'document', $1, 'G12', 'd', '1', 'A', 's', 'new', 0, 'inline', $3, 1, '[]', '{}', '{}', now(), now())),
    k as (insert into submission_recipient values ($1, $3, 'H26', $1, $1))
    insert into consignment (id, dispatch_id, agency_code, as_written, kind, lane, mode, state, available_at, ended_at, refusal_reason)
      values ($1, $1, 'H26', '{H26}', 'document', 'normal', 'pull', $2, now(), case $2 when 'DEAD' then now() end,
        case $2 when 'DEAD' then 'LT_DLV_REFUSED' end)`,
    [id, state, Buffer.from(tail)],
  )
  return id
}
const stateOf = async (id: string): Promise<string> =>
  (await eyes.query('select state from consignment where id = $1', [id])).rows[0].state

const keys: Record<string, string> = {}

t.test('operators: the first one needs nobody, every other an administrator; a key is shown once', async (t) => {
  t.match(await run(undefined, 'operator', 'add', 'x', '--role', 'operator'), {
    code: EXIT_CODES.forbidden,
    err: /LT_OPS_KEY_INVALID/,
  })
  const first = await run(undefined, 'operator', 'add', 'admin', '--role', 'administrator')
  t.match(first, { code: EXIT_CODES.done, out: /^lto_\S{80}\n$/, err: /shown this once/ })
  keys.admin = first.out.trim()
  t.match(await run(undefined, 'operator', 'add', 'y', '--role', 'administrator'), { code: EXIT_CODES.forbidden })
  for (const name of ['Lan', 'Minh']) keys[name] = (await json(keys.admin, 'operator', 'add', name)).key
  t.match(await run(keys.Lan, 'operator', 'add', 'z'), { code: EXIT_CODES.forbidden, err: /LT_OPS_NOT_ADMINISTRATOR/ })
  t.match(await run(keys.admin, 'operator', 'add', 'Lan'), { code: EXIT_CODES.refused, err: /LT_OPS_NAME_TAKEN/ })
  const gone = (await json(keys.admin, 'operator', 'add', 'Gone')).key
  t.match(await run(keys.admin, 'operator', 'revoke', 'Gone'), { code: EXIT_CODES.done })
  t.match(await run(keys.admin, 'operator', 'revoke', 'Gone'), { code: EXIT_CODES.notFound, err: /UNKNOWN_OPERATOR/ })
  t.match(await run(gone, 'hold', await plant('AVAILABLE'), '--reason', 'x'), { code: EXIT_CODES.forbidden })
  t.match((await run(undefined, 'operator', 'list')).out, /Gone .*revoked/)
  t.notMatch(await run(undefined, 'operator', 'list', '--json'), /key/)
})

t.test('hold, release, requeue, close: by id, by somebody who has a name and a reason', async (t) => {
  const id = await plant('AVAILABLE')
  t.match(await run(undefined, 'hold', id, '--reason', 'x'), { code: EXIT_CODES.forbidden, err: /LT_OPS_KEY_INVALID/ })
  t.match(await run(keys.Lan, 'hold', id), { code: EXIT_CODES.usage, err: /--reason/ })
  t.match(await run(keys.Lan, 'hold', '--reason', 'x'), { code: EXIT_CODES.usage })
  t.match(await run(keys.Lan, 'hold', 'abc', '--reason', 'x'), { code: EXIT_CODES.usage, err: /abc/ })
  t.equal(await stateOf(id), 'AVAILABLE')
  t.match(await run(keys.Lan, 'hold', id, '--reason', 'xác minh'), { code: EXIT_CODES.done, out: `${id}  HELD\n` })
  t.match(await run(keys.Lan, 'hold', id, '--reason', 'x'), { code: EXIT_CODES.refused, out: /is HELD, to which hold/ })
  const file = join(t.testdir(), 'key')
  writeFileSync(file, `${keys.Minh}\n`)
  t.match(await run(undefined, 'release', id, '--reason', 'đúng', '--as', file), { code: EXIT_CODES.done })
  t.equal(await stateOf(id), 'AVAILABLE')
  const { rows } = await eyes.query(
    `select e.event, d.details::json ->> 'operator' as by, d.details::json ->> 'request' as request from audit_entry e
      join audit_detail d on d.entry_id = e.id where e.consignment_id = $1 and d.details like '%operatorId%' order by e.id`,
    [id],
  )
  t.match(rows, [
    { event: 'ConsignmentHeld', by: 'Lan', request: /^cli-/ },
    { event: 'ConsignmentReleased', by: 'Minh' },
  ])
  const dead = await plant('DEAD')
  t.match(await json(keys.Lan, 'requeue', dead, '--reason', 'x'), {
    items: [{ consignment: dead, state: 'AVAILABLE' }],
  })
  t.equal((await run(keys.Lan, 'close', dead, '--reason', 'giải thể')).code, EXIT_CODES.done)
  t.equal(await stateOf(dead), 'DEAD')
  t.match((await run(undefined, 'stuck')).out, /replay --dry-run/)
})

t.test('replay by query: told first, then done', async (t) => {
  const ids = [await plant('DEAD'), await plant('DEAD')]
  const query = ['replay', '--system', 'hub', '--code', 'LT_DLV_REFUSED', '--since', '5m']
  t.match(await run(keys.Lan, ...query, '--dry-run'), {
    code: EXIT_CODES.done,
    out: /Dry run: 2 [\s\S]*H26 +hub +AVAILABLE +2/,
  })
  t.equal(await stateOf(ids[0] as string), 'DEAD')
  t.match(await run(keys.Lan, ...query), { code: EXIT_CODES.usage, err: /--reason/ })
  for (const never of ['x', '2026-02-31T00:00:00Z', '0000-01-01T00:00:00Z'])
    t.match(await run(keys.Lan, ...query, '--since', never, '--dry-run'), { code: EXIT_CODES.refused, err: /since/ })
  t.match(await run(keys.Lan, ...query, '--system', 'y', '--dry-run'), { code: EXIT_CODES.notFound })
  t.match(await run(keys.Lan, ...query, '--dispatch', 'y', '--dry-run'), { code: EXIT_CODES.usage })
  t.match(await json(keys.Lan, ...query, '--reason', 'đã sửa'), { dryRun: false, moved: 2, skipped: [] })
  for (const id of ids) t.equal(await stateOf(id), 'AVAILABLE')
  t.match(await run(keys.Lan, ...query, '--dry-run'), { out: /Dry run: 0 / })
})

t.test('what needs a second operator is filed, listed, approved or rejected', async (t) => {
  t.match(await run(keys.Lan, 'request', 'policy', 'close', '--above', '0', '--reason', 'x'), {
    code: EXIT_CODES.forbidden,
  })
  t.match(await run(keys.admin, 'request', 'policy', 'close', '--above', '0', '--reason', 'quy chế'), {
    code: EXIT_CODES.done,
    out: /close +needs a second operator above 0/,
  })
  const id = await plant('HELD')
  t.match(await run(keys.Lan, 'close', id, '--reason', 'giải thể'), {
    code: EXIT_CODES.done,
    out: /nothing was done yet/,
  })
  t.equal(await stateOf(id), 'HELD')
  const [request] = await json(undefined, 'request', 'list')
  t.match((await run(undefined, 'request', 'list')).out, /close +1 +Lan/)
  t.match(await json(undefined, 'request', 'show', request.id), { snapshot: { moves: [{ id, to: 'DEAD' }] } })
  t.match(await run(keys.Lan, 'request', 'approve', request.id), {
    code: EXIT_CODES.forbidden,
    err: /LT_OPS_OWN_REQUEST/,
  })
  t.match(await run(keys.Minh, 'request', 'approve', request.id, '--digest', 'x'), { err: /LT_OPS_OTHER_DIGEST/ })
  t.match(await run(keys.Minh, 'request', 'approve', request.id), { code: EXIT_CODES.done, out: /DONE[\s\S]*"done":1/ })
  t.equal(await stateOf(id), 'DEAD')
  await run(keys.Lan, 'close', await plant('HELD'), '--reason', 'x')
  const [second] = await json(undefined, 'request', 'list')
  t.match(await run(keys.Minh, 'request', 'reject', second.id, '--reason', 'không'), {
    code: EXIT_CODES.done,
    out: /REJECTED/,
  })
  t.match(await run(undefined, 'request', 'list'), { out: 'No request is waiting.\n' })
  t.match(await run(undefined, 'request', 'show', '01890000-0000-7000-8000-000000000000'), {
    code: EXIT_CODES.notFound,
  })
  t.match(await run(keys.admin, 'request', 'policy', 'close', '--above', 'never', '--reason', 'x'), {
    code: EXIT_CODES.done,
    out: /nothing was done yet/,
  })
  t.match((await run(undefined, 'request', 'list')).out, /policy +1 +admin/)
})

t.test('maintenance, suspension and rebuild name who and why', async (t) => {
  t.match(await run(keys.Lan, 'maintenance', 'on', '--reason', 'nâng cấp', '--until', '2099-01-01T00:00:00Z'), {
    code: EXIT_CODES.done,
    out: /Under maintenance since .*Lan.*nâng cấp/,
  })
  t.match(await run(undefined, 'maintenance', 'show'), { out: /Under maintenance/ })
  t.match(await run(undefined, 'maintenance', 'off', '--reason', 'x'), { code: EXIT_CODES.forbidden })
  t.match(await run(keys.Minh, 'maintenance', 'off', '--reason', 'xong'), { out: /No maintenance/ })
  t.match(await run(undefined, 'system', 'suspend', 'hub', '--reason', 'x'), { code: EXIT_CODES.forbidden })
  t.match(await run(keys.Lan, 'system', 'suspend', 'hub', '--reason', 'lộ khóa'), {
    code: EXIT_CODES.done,
    out: /lộ khóa/,
  })
  t.match(await run(undefined, 'system', 'list'), { out: /suspended since/ })
  t.match(await run(keys.Lan, 'system', 'resume', 'hub', '--reason', 'đã đổi'), { code: EXIT_CODES.done })
  t.match(await run(keys.Lan, 'rebuild'), { code: EXIT_CODES.usage })
  t.match(await run(keys.Lan, 'rebuild', '--reason', 'mất Redis'), {
    code: EXIT_CODES.done,
    out: /Due at once: 0 dispatches/,
  })
  const { rows } = await eyes.query(
    `select e.event, d.details::json ->> 'operator' as by from audit_entry e join audit_detail d on d.entry_id = e.id
      where e.event in ('MaintenanceBegun', 'MaintenanceEnded', 'SystemSuspended', 'SystemResumed', 'WorkRefilled') order by e.id`,
  )
  t.same(rows, [
    { event: 'MaintenanceBegun', by: 'Lan' },
    { event: 'MaintenanceEnded', by: 'Minh' },
    { event: 'SystemSuspended', by: 'Lan' },
    { event: 'SystemResumed', by: 'Lan' },
    { event: 'WorkRefilled', by: 'Lan' },
  ])
})

t.test(
  'an agency that a suspended system leaves to another has its terms anew; what stays where it was has not',
  async (t) => {
    for (const code of ['H26.1', 'H26.2']) await addAgency(cli, { code, name: code })
    await addSystem(cli, { code: 'hub2', name: 'Hệ thống 2' })
    await front(cli, 'hub2', 'H26.2', { withDescendants: true })
    const ids: Record<string, string> = {}
    for (const agency of ['H26', 'H26.1', 'H26.2']) {
      const id = await plant('AVAILABLE')
      ids[agency] = id
      await eyes.query('update consignment set agency_code = $2 where id = $1', [id, agency])
      await eyes.query(
        'insert into consignment_clock (consignment_id, dispatch_id, since, due_at) values ($1, $1, now(), now())',
        [id],
      )
    }
    const pushed = await plant('QUEUED')
    await eyes.query(`update consignment set mode = 'push' where id = $1`, [pushed])
    /** As if all had waited for long; answers whose terms began anew by the command. */
    const renewedBy = async (...args: string[]): Promise<string[]> => {
      await eyes.query(
        `update consignment_clock set since = now() - interval '60 days', done = '{"uncollected": "2026-01-01"}'`,
      )
      await eyes.query(`update consignment set available_at = now() - interval '60 days' where id = $1`, [pushed])
      t.equal((await run(keys.Lan, ...args)).code, EXIT_CODES.done, args.join(' '))
      const { rows } = await eyes.query<{ id: string }>(
        `select consignment_id as id from consignment_clock where since > now() - interval '1 day' and done = '{}'
       union all select id from consignment where id = $1 and available_at > now() - interval '1 day'`,
        [pushed],
      )
      const names = new Map(Object.entries({ ...ids, push: pushed }).map(([name, id]) => [id, name]))
      return rows.map(({ id }) => names.get(id) ?? id).sort()
    }
    t.same(await renewedBy('system', 'front', 'hub2', 'H26.1'), [], 'its system could fetch all the time')
    t.same(await renewedBy('system', 'unfront', 'hub2', 'H26.1'), [])
    await run(keys.Lan, 'system', 'suspend', 'hub', '--reason', 'lộ khóa')
    t.same(await renewedBy('system', 'front', 'hub', 'H26.1'), [], 'the suspended one itself')
    t.same(await renewedBy('system', 'front', 'hub2', 'H26'), ['H26', 'push'])
    t.same(await renewedBy('system', 'unfront', 'hub', 'H26.1'), ['H26.1'], 'to the system of the unit above')
    await run(keys.Lan, 'system', 'resume', 'hub', '--reason', 'xong')
    t.same(await renewedBy('system', 'unfront', 'hub2', 'H26'), [], 'nobody has it')
    t.same(await renewedBy('system', 'front', 'hub', 'H26'), ['H26', 'H26.1', 'push'], 'nobody could fetch')
  },
)
