import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { newConsignmentId, newDispatchId, newEntryId } from '../../libs/model/index.ts'
import { addOperator } from '../../libs/pipeline/index.ts'
import { detachPartition, findSubmission, openConnection, openPool } from '../../libs/store/index.ts'
import { EXIT_CODES } from '../../services/cli/command.ts'
import { runCli } from '../../services/cli/run-cli.ts'
import { createDatabase } from '../harness/create-database.ts'

const database = await createDatabase(t)
const eyes = openPool(database.url('postgres'), { name: 'eyes', max: 1 })
t.teardown(() => eyes.end())
const folder = mkdtempSync(join(tmpdir(), 'lt-env-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
for (const role of ['owner', 'cli'] as const)
  writeFileSync(join(folder, `${role}.env`), `DATABASE_URL='${database.url(role)}'\n`)

const OPERATOR = 'chị Lan'
const { key } = await addOperator(eyes, { name: OPERATOR, role: 'administrator' }, undefined, 'test')
await eyes.query('delete from audit_pending')
async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', '']
  const stdout = { write: (text: string) => (out += text) }
  const stderr = { write: (text: string) => (err += text) }
  const environment = { LT_ENV_DIR: folder, LIENTHONG_OPERATOR: key }
  return { code: await runCli(['--lang', 'en', 'partitions', ...args], { stdout, stderr }, environment), out, err }
}

/** The middle of a month that lies so many months back. */
function middleOf(back: number): { at: Date; name: string } {
  const now = new Date()
  const at = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 15))
  return { at, name: at.toISOString().slice(0, 7) }
}

/** A dispatch that is done and deleted, with all that belongs to it. */
async function seed(back: number): Promise<{ d: string; c: string }> {
  const { at } = middleOf(back)
  const [d, c, e] = [newDispatchId(at.getTime()), newConsignmentId(at.getTime()), newEntryId(at.getTime())]
  await eyes.query(
    `insert into dispatch (id, lane, kind, state, content_state, system_id, sender_code, document_id, number, notation, subject,
      business_type, priority, form, content_hash, content_size, recipients, signature, facts, accepted_at, next_publish_at, closed_at)
      values ($1, 'normal', 'document', 'CLOSED', 'DELETED', $1, 'G12', 'x', '1', 'A', 'x', 'new', 0, 'inline', 'h', 1, '[]', '{}', '{}', $2, $2, $2)`,
    [d, at],
  )
  await eyes.query(
    `insert into consignment (id, dispatch_id, agency_code, as_written, kind, lane, mode, state, available_at, ended_at)
      values ($1, $2, 'H26', '{}', 'document', 'normal', 'pull', 'ACKNOWLEDGED', $3, $3)`,
    [c, d, at],
  )
  await eyes.query(
    `insert into content (dispatch_id, ordinal, role, size, sha256, erased) values ($1, 0, 'packet', 5, 'd', true)`,
    [d],
  )
  await eyes.query(
    `insert into audit_entry (id, event, event_time, dispatch_id, details_digest, leaf_hash) values ($1, 'x', $2, $3, '', '')`,
    [e, at, d],
  )
  await eyes.query(`insert into submission_recipient values ($1, 'h', 'H26', $1, $2)`, [d, c])
  await eyes.query(`insert into submission_key values ($1, 'k', 'h', $1)`, [d])
  await eyes.query(
    `insert into receipt (id, entry_id, dispatch_id, event, event_time, signing_time, xml) values ($1, $2, $3, 'SubmissionAcceptance', $4, $4, '')`,
    [newEntryId(), e, d, at],
  )
  return { d, c }
}

await eyes.query(`set role lt_owner`)
await eyes.query(`select ensure_partitions(now() - interval '4 months', 5)`)
await eyes.query('reset role')
const [older, old] = [await seed(4), await seed(3)]
const [far, near] = [middleOf(4).name, middleOf(3).name]
const count = async (table: string): Promise<number> =>
  (await eyes.query<{ count: number }>(`select count(*) from ${table}`)).rows[0]?.count ?? 0

t.test('a month with anything left to do in it stays, and it says why', async (t) => {
  const refused = async (what: RegExp, month = far): Promise<void> => {
    t.match(await run('--detach', month, '--reason', 'cũ'), { code: EXIT_CODES.refused, err: /LT_STORE_MONTH_IN_USE/ })
    t.match((await run('--detach', month, '--reason', 'cũ')).err, what)
  }
  await refused(/earlier-month/, near)
  await refused(/not-over/, middleOf(0).name)
  await refused(/unknown month/, '2001-01')
  for (const [set, back, what] of [
    [`state = 'ROUTED'`, `state = 'CLOSED'`, /not-closed/],
    [`content_state = 'KEPT'`, `content_state = 'DELETED'`, /not-deleted/],
    ['content_hold = true', 'content_hold = false', /held/],
  ] as const) {
    await eyes.query(`update dispatch set ${set} where id = $1`, [older.d])
    await refused(what)
    await eyes.query(`update dispatch set ${back} where id = $1`, [older.d])
  }
  await eyes.query(
    `insert into audit_pending (entry_id, leaf_hash) select id, leaf_hash from audit_entry where dispatch_id = $1`,
    [older.d],
  )
  await refused(/not-sequenced/)
  await eyes.query('delete from audit_pending')
  t.equal((await run('--detach', far)).code, EXIT_CODES.usage, 'not without a reason')
  for (const wrong of ['2026-13', 'nonsense']) t.equal((await run('--detach', wrong)).code, EXIT_CODES.usage)
  t.equal((await run('--detach', far, '--attach', far)).code, EXIT_CODES.usage)
  t.equal(await count('dispatch'), 2, 'nothing moved')
})

t.test('a month is put away while others are read and written, and brought back whole', async (t) => {
  const gateway = openPool(database.url('gateway'), { name: 'reader', max: 1 })
  const cli = openPool(database.url('cli'), { name: 'cli', max: 1 })
  t.teardown(() => Promise.all([gateway.end(), cli.end()]))
  t.match(await run('--detach', far, '--reason', 'quá hạn'), { code: EXIT_CODES.done, out: /lies in the archive/ })
  t.match((await run('--detach', far, '--reason', 'lại')).err, /is in the archive/)
  t.equal(await count('dispatch'), 1)
  t.equal(await count('consignment'), 1)
  t.equal(await count('content'), 1)
  t.equal(await count('audit_entry'), 4, 'the log stays, with the entry of this and of the operator')
  t.equal(await count('receipt'), 2)
  t.equal(await findSubmission(gateway, older.d), undefined)
  t.equal(await count('submission_recipient'), 1, 'the same bytes are a new submission from now on')
  const month = far.replace('-', '')
  t.equal((await cli.query(`select id from archive.dispatch_${month}`)).rows[0].id, older.d, 'operators can read it')
  t.equal((await cli.query('select from archive.submission_recipient')).rowCount, 1)
  await t.rejects(gateway.query(`select from archive.dispatch_${month}`), { code: '42501' }, 'nobody else')
  const { out } = await run()
  t.match(out, new RegExp(`${far} +dispatch +archive`))
  t.match(out, new RegExp(`${far} +audit_entry +in use`))

  t.match(await run('--detach', near, '--reason', 'quá hạn'), { code: EXIT_CODES.done })
  for (const name of [near, far])
    t.match(await run('--attach', name, '--reason', 'thanh tra'), { code: EXIT_CODES.done })
  t.match((await run('--attach', far, '--reason', 'lại')).err, /is attached/)
  t.equal(await count('dispatch'), 2)
  t.equal((await findSubmission(gateway, older.d))?.dispatch_id, older.d)
  t.equal(await count('submission_recipient'), 2)
  t.equal(await count('submission_key'), 2)
  const { rows } = await eyes.query(
    `select e.event, d.details from audit_entry e join audit_detail d on d.entry_id = e.id where e.event like 'Partition%' order by e.event_time`,
  )
  t.same(
    rows.map(({ event, details }) => [event, JSON.parse(details).month, JSON.parse(details).operator]),
    [
      ['PartitionDetached', far, OPERATOR],
      ['PartitionDetached', near, OPERATOR],
      ['PartitionAttached', near, OPERATOR],
      ['PartitionAttached', far, OPERATOR],
    ],
  )
  await eyes.query('delete from audit_pending')
})

t.test('nobody without a name puts a month away', async (t) => {
  const stream = { write: () => true }
  for (const way of ['--detach', '--attach'])
    t.equal(
      await runCli(
        ['partitions', way, far, '--reason', 'x'],
        { stdout: stream, stderr: stream },
        { LT_ENV_DIR: folder },
      ),
      EXIT_CODES.forbidden,
    )
  t.equal(await count('dispatch'), 2)
})

t.test('the keys of a month go in pages, and what was interrupted between two of them is done again', async (t) => {
  await eyes.query(`insert into submission_key select $1, 'k' || n, 'h', $1 from generate_series(1, 45000) n`, [
    older.d,
  ])
  // The second page of the moves fails.
  await eyes.query(`create sequence page; grant usage on sequence page to public;
    create function break_page() returns trigger language plpgsql as $$
      begin if nextval('page') = 2 then raise exception 'torn'; end if; return null; end $$;
    create trigger break_page after insert on archive.submission_key for each statement execute function break_page()`)
  t.not((await run('--detach', far, '--reason', 'cũ')).code, EXIT_CODES.done)
  const moved = await count('archive.submission_key')
  t.ok(moved > 0 && moved < 45_001, `${moved} stay moved`)
  t.match(await run('--detach', far, '--reason', 'tiếp'), { code: EXIT_CODES.done })
  t.equal(await count('archive.submission_key'), 45_001)
  await eyes.query(`drop trigger break_page on archive.submission_key; delete from audit_pending`)
  t.match(await run('--attach', far, '--reason', 'tiếp'), { code: EXIT_CODES.done })
  await eyes.query(`delete from submission_key where idempotency_key <> 'k'; delete from audit_pending`)
  t.equal(await count('submission_key'), 2)
})

t.test('what was interrupted is done again', async (t) => {
  const owner = await openConnection(database.url('owner'), 'owner', 0)
  const month = far.replace('-', '')
  await detachPartition(owner, 'consignment', month)
  await owner.query(`alter table content detach partition content_${month} concurrently`)
  await owner.end()
  t.match(await run('--detach', far, '--reason', 'tiếp'), { code: EXIT_CODES.done })
  t.equal(await count('dispatch'), 1)
  await eyes.query('delete from audit_pending')
  t.match(await run('--attach', far, '--reason', 'tiếp'), { code: EXIT_CODES.done })
  t.equal(await count('consignment'), 2)
  t.ok(old.d)
})

t.test('a key that was taken since stays with the newer dispatch', async (t) => {
  t.match(await run('--detach', far, '--reason', 'quá hạn'), { code: EXIT_CODES.done })
  await eyes.query(`insert into submission_recipient values ($1, 'h', 'H26', $2, $2)`, [older.d, old.d])
  await eyes.query('delete from audit_pending')
  t.match(await run('--attach', far, '--reason', 'thanh tra'), { code: EXIT_CODES.done })
  const { rows } = await eyes.query('select dispatch_id from submission_recipient where system_id = $1', [older.d])
  t.same(rows, [{ dispatch_id: old.d }])
})

t.test('operators may not put tables away, only their owner may', async (t) => {
  const cli = await openConnection(database.url('cli'), 'cli')
  await t.rejects(cli.query(`alter table dispatch detach partition dispatch_${near.replace('-', '')}`), {
    code: '42501',
  })
  await cli.end()
})
