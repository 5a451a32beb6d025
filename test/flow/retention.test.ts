import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openBlobStore } from '../../libs/blobs/index.ts'
import { createLogger } from '../../libs/runtime/index.ts'
import { beginDeletion, openPool, type Pool, resendConsignment } from '../../libs/store/index.ts'
import { EXIT_CODES } from '../../services/cli/command.ts'
import { runCli } from '../../services/cli/run-cli.ts'
import { loadTrust } from '../../services/gateway/load-keys.ts'
import { type Deletion, type DeletionStep, deleteDueContent } from '../../services/gateway/retention/delete-content.ts'
import { sweepRetention } from '../../services/gateway/retention/keep-retention.ts'
import { recall, recipientOf, report, sendDocument, update } from '../harness/business.ts'
import { envelopePart, filePart, multipart, signedEnvelope } from '../harness/detached.ts'
import { addOperators } from '../harness/operators.ts'
import { startReceivers } from '../harness/traffic.ts'
import { SMALL_PDF, sha256, startWorld } from '../harness/world.ts'

const world = await startWorld(t)
const log = createLogger('test', { level: 'silent' })
const blobs = await openBlobStore({ dir: world.servers.blobDir })
const trust = await loadTrust(world.servers.keyDir)
const pool = openPool(world.servers.database.url('gateway'), { name: 'retention', max: 2 })
t.teardown(() => pool.end())
const deletion: Deletion = { pool, blobs, trust: () => trust, log }
const large = Buffer.concat([SMALL_PDF, Buffer.alloc(300_000, '% đệm\n')])

const keys = await addOperators(world)
const cli = (...args: string[]) => cliAs(keys.lan, ...args)
async function cliAs(key: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', '']
  const stdout = { write: (text: string) => (out += text) }
  const stderr = { write: (text: string) => (err += text) }
  const environment = { DATABASE_URL: world.servers.database.url('cli'), LIENTHONG_OPERATOR: key }
  return { code: await runCli(['--lang', 'en', ...args], { stdout, stderr }, environment), out, err }
}

interface Sent {
  readonly dispatch: string
  readonly packet: Buffer
}

async function sendInline(bytes: Buffer): Promise<Sent> {
  const attachments = [{ contentId: 'tb-1', name: 'thong-bao.pdf', mediaType: 'application/pdf', bytes }]
  const packet = world.packet('demo-g12', ['H26'], { attachments })
  const { status, body } = await world.submit('demo-g12', packet)
  if (status !== 202) throw new Error(JSON.stringify(body))
  return { dispatch: body.dispatch, packet }
}

async function sendDetached(): Promise<Sent> {
  const files = [{ contentId: 'pl-1', name: 'phu-luc.pdf', mediaType: 'application/pdf', bytes: large }]
  const envelope = signedEnvelope(world, 'demo-g12', ['H26'], files)
  const { body, headers } = multipart([envelopePart(envelope), ...files.map(filePart)])
  const answer = await world.submit('demo-g12', body, headers)
  if (answer.status !== 202) throw new Error(JSON.stringify(answer.body))
  return { dispatch: answer.body.dispatch, packet: envelope }
}

const receivers = startReceivers(world, ['demo-h26'])
t.teardown(() => receivers.stop())

/** Submits, and waits until it was received and closed. */
async function closed(send: Promise<Sent>): Promise<Sent> {
  const sent = await send
  await world.until(async () => (await row(sent.dispatch)).state === 'CLOSED')
  return sent
}

async function row(id: string): Promise<{ state: string; content_state: string; retention_class: string | null }> {
  return (await world.eyes.query('select * from dispatch where id = $1', [id])).rows[0]
}
const folder = (id: string): string =>
  join(
    world.servers.blobDir,
    new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toISOString().slice(0, 7),
    id,
  )
const events = async (id: string): Promise<string[]> =>
  (
    await world.eyes.query(
      `select event from audit_entry where dispatch_id = $1 and event like 'Content%' order by event`,
      [id],
    )
  ).rows.map(({ event }) => event)

/** Why it is changed how long content is kept, and who does. */
const LAN = 'Nguyễn Thị Lan'
const WHY = ['--reason', 'quyết định 12']

t.test('nothing is deleted until somebody says after how many days', async (t) => {
  const sent = await closed(sendInline(SMALL_PDF))
  t.equal((await row(sent.dispatch)).retention_class, 'document', 'its class is known when it is closed')
  t.equal(await deleteDueContent(deletion), 0)
  t.match(await cli('retention', 'class', 'document', '30', ...WHY), {
    code: EXIT_CODES.done,
    out: /30 days after closing/,
  })
  t.equal(await deleteDueContent(deletion), 0, 'not before its time')
  t.match((await cli('retention')).out, /document +30 days/)
  const { rows } = await world.eyes.query(
    `select d.details from audit_entry e join audit_detail d on d.entry_id = e.id where e.event = 'RetentionChanged'`,
  )
  t.match(
    rows.map(({ details }) => JSON.parse(details)),
    [{ class: 'document', keepDays: 30, operator: LAN, why: 'quyết định 12' }],
    'with who and why',
  )
  for (const wrong of [
    ['class', 'Viết', '3'],
    ['class', 'x', '-1'],
    ['rule', 'nosuch'],
    ['rule', 'document', '--detail', '3', ...WHY],
    ['class', 'document', '3'],
    ['rule', 'document'],
  ])
    t.equal((await cli('retention', ...wrong)).code, EXIT_CODES.usage, wrong.join(' '))
})

t.test('the most telling rule decides, and a rule that changed is asked before anything goes', async (t) => {
  const sent = await closed(sendInline(SMALL_PDF))
  await cli('retention', 'class', 'document', '0', ...WHY)
  await cli('retention', 'class', 'notices', 'never', ...WHY)
  t.match(await cli('retention', 'rule', 'notices', '--kind', 'document', '--type', '2', '--detail', '7', ...WHY), {
    code: 0,
  })
  t.equal(await deleteDueContent(deletion, AbortSignal.abort()), 0)
  await deleteDueContent(deletion)
  t.match(await row(sent.dispatch), { content_state: 'KEPT', retention_class: 'notices' })
  const next = await closed(sendInline(SMALL_PDF))
  t.equal((await row(next.dispatch)).retention_class, 'notices')
  await cli(
    'retention',
    'rule',
    'document',
    '--kind',
    'document',
    '--type',
    '2',
    '--detail',
    '7',
    '--system',
    'demo-g12',
    ...WHY,
  )
  const own = await closed(sendInline(SMALL_PDF))
  t.equal((await row(own.dispatch)).retention_class, 'document', "the system's own rule comes first")
  await cli('retention', 'rule', 'document', '--kind', 'document', '--type', '2', '--detail', '7', ...WHY)
  await world.eyes.query(`update dispatch set retention_class = null where state = 'CLOSED'`)
  await deleteDueContent(deletion)
  t.equal((await row(own.dispatch)).content_state, 'DELETED')
})

t.test('content that no rule fits keeps no other from its class', async (t) => {
  const sent = await closed(sendInline(SMALL_PDF))
  await world.eyes.query(
    `update retention_rule set document_type = 'none' where num_nonnulls(kind, document_type, system_id) = 0`,
  )
  await world.eyes.query(
    `insert into dispatch select (jsonb_populate_record(d, jsonb_build_object('id', overlay(d.id::text placing lpad(to_hex(n), 12, '0') from 25), 'facts', '{}'::jsonb,
        'retention_class', null, 'closed_at', now() - interval '1 day'))).*
      from dispatch d, generate_series(1, 1100) n where d.id = $1`,
    [sent.dispatch],
  )
  await world.eyes.query('update dispatch set retention_class = null where id = $1', [sent.dispatch])
  await deleteDueContent(deletion)
  t.equal((await row(sent.dispatch)).content_state, 'DELETED')
  const { rowCount } = await world.eyes.query(`delete from dispatch where facts = '{}' and retention_class is null`)
  t.equal(rowCount, 1100, 'which stayed')
  await world.eyes.query(`update retention_rule set document_type = null where document_type = 'none'`)
})

t.test('content goes, proof stays', async (t) => {
  for (const [form, send] of [
    ['inline, in the row', () => sendInline(SMALL_PDF)],
    ['inline, on disk', () => sendInline(large)],
    ['detached', sendDetached],
  ] as const) {
    const { dispatch, packet } = await closed(send())
    const before = await world.eyes.query(
      'select ordinal, size, sha256, name, content_id from content where dispatch_id = $1',
      [dispatch],
    )
    const receipts = await world.eyes.query('select id, xml from receipt where dispatch_id = $1', [dispatch])
    t.equal(await deleteDueContent(deletion), 1, form)
    t.notOk(existsSync(folder(dispatch)), 'no file')
    const after = await world.eyes.query(
      'select ordinal, size, sha256, name, content_id from content where dispatch_id = $1',
      [dispatch],
    )
    t.same(after.rows, before.rows, 'digests, sizes and names')
    const bytes = await world.eyes.query('select from content where dispatch_id = $1 and bytes is not null', [dispatch])
    t.equal(bytes.rowCount, 0, 'no bytes')
    const proof = (await world.eyes.query('select * from content_proof where dispatch_id = $1', [dispatch])).rows[0]
    t.ok(packet.includes(proof.signature), 'the signature, byte for byte')
    t.match(proof.signature.toString(), /^<(\w+:)?Signature[\s\S]*Signature>$/)
    t.equal(proof.chain.match(/BEGIN CERTIFICATE/g).length, 3, 'from the signer to the root')
    t.same(
      (await world.eyes.query('select id, xml from receipt where dispatch_id = $1', [dispatch])).rows,
      receipts.rows,
    )
    t.ok((await events(dispatch)).includes('ContentDeleted'))
    t.equal(await deleteDueContent(deletion), 0)
  }
})

t.test('what is asked for stays until it is answered', async (t) => {
  for (const [type, answer] of [
    ['recall', '15'],
    ['update', '16'],
  ] as const) {
    const document = await sendDocument(world, 'demo-g12', ['H26'])
    await world.until(async () => (await row(document.dispatch)).state === 'CLOSED')
    const asked =
      type === 'recall'
        ? await recall(world, document, ['H26'])
        : await update(world, document, ['H26'], { changesDocument: true })
    await recipientOf(world, document, 'H26', ({ business }) => business.pending === type)
    await deleteDueContent(deletion)
    t.match(await row(document.dispatch), { state: 'CLOSED', content_state: 'KEPT' }, `${type} pending`)
    const proof = { signature: null, namespaces: {}, chain: '' }
    t.notOk(await beginDeletion(pool, document.dispatch, proof), 'nor by whoever found it before')
    await report(world, 'demo-h26', document, answer)
    await recipientOf(world, document, 'H26', ({ business }) => business.pending === undefined)
    await deleteDueContent(deletion)
    t.match(await row(document.dispatch), { content_state: 'DELETED' }, `${type} answered with ${answer}`)
    t.equal(asked.status, 202)
  }
})

t.test('a request that is being written while a deletion begins comes first', async (t) => {
  const { dispatch } = await closed(sendInline(SMALL_PDF))
  const client = await world.eyes.connect()
  await client.query('begin')
  await client.query('select from dispatch where id = $1 for update', [dispatch])
  const deleting = deleteDueContent(deletion)
  await world.until(async () => (await world.eyes.query(`select from pg_locks where not granted`)).rowCount !== 0)
  await client.query(
    `insert into business_request (dispatch_id, consignment_id, target_dispatch_id, agency_code, action, outcome, opened_at)
      select gen_random_uuid(), id, dispatch_id, agency_code, 'update', 'pending', now() from consignment where dispatch_id = $1`,
    [dispatch],
  )
  await client.query('commit')
  client.release()
  await deleting
  t.match(await row(dispatch), { content_state: 'KEPT' })
  await world.eyes.query(`update business_request set outcome = 'declined' where target_dispatch_id = $1`, [dispatch])
  await deleteDueContent(deletion)
  t.match(await row(dispatch), { content_state: 'DELETED' })
})

t.test('whoever asks for deleted content is told so', async (t) => {
  const { dispatch } = await closed(sendInline(large))
  await deleteDueContent(deletion)
  const { id } = (await world.eyes.query('select id from consignment where dispatch_id = $1', [dispatch])).rows[0]
  const fetched = await world.call('demo-h26', 'GET', `/v1/consignments/${id}/parts/0?lease=${dispatch}`)
  t.match([fetched.status, fetched.body.code], [410, 'LT_SUB_CONTENT_DELETED'])
  const again = await world.call('demo-g12', 'POST', `/v1/dispatches/${dispatch}/consignments/${id}/resend`)
  t.match([again.status, again.body.code], [410, 'LT_SUB_CONTENT_DELETED'])
  t.match((await cli('hold-content', dispatch, '--reason', 'x')).err, /LT_SUB_CONTENT_DELETED/)
})

t.test('a hold keeps content, whenever it comes; a release lets it go', async (t) => {
  const held = await closed(sendInline(large))
  t.match((await cli('hold-content', held.dispatch)).code, EXIT_CODES.usage, 'not without a reason')
  t.match(await cli('hold-content', held.dispatch, '--reason', 'thanh tra'), { code: 0, out: /is held/ })
  t.match((await cli('hold-content', held.dispatch, '--reason', 'lại')).out, /nothing changed/)
  t.match((await cli('hold-content')).out, new RegExp(`${held.dispatch}.*thanh tra`))
  t.equal(await deleteDueContent(deletion), 0)
  t.ok(existsSync(folder(held.dispatch)))
  t.match(await cli('release-content', held.dispatch, '--reason', 'xong'), { code: 0 })
  t.match((await cli('hold-content')).out, /No content is held/)
  const { rows } = await world.eyes.query(
    `select d.details from audit_entry e join audit_detail d on d.entry_id = e.id where e.dispatch_id = $1
      and event in ('ContentHeld', 'ContentReleased') order by e.event_time`,
    [held.dispatch],
  )
  t.match(
    rows.map(({ details }) => JSON.parse(details)),
    [
      { operator: LAN, why: 'thanh tra' },
      { operator: LAN, why: 'xong' },
    ],
  )
  t.equal((await cli('hold-content', 'nonsense', '--reason', 'x')).code, EXIT_CODES.notFound)

  // The hold comes between the question and the deletion.
  const onStep = async (step: DeletionStep): Promise<void> => {
    if (step === 'proved') await cli('hold-content', held.dispatch, '--reason', 'vụ án')
  }
  t.equal(await deleteDueContent({ ...deletion, onStep }), 0)
  t.equal((await row(held.dispatch)).content_state, 'KEPT')
  t.ok(existsSync(folder(held.dispatch)), 'and every file is there')
  await cli('release-content', held.dispatch, '--reason', 'xong')

  // It comes when the deletion is committed: too late, and told so.
  const tooLate: string[] = []
  const after = async (step: DeletionStep): Promise<void> => {
    if (step === 'begun') tooLate.push((await cli('hold-content', held.dispatch, '--reason', 'muộn')).err)
  }
  t.equal(await deleteDueContent({ ...deletion, onStep: after }), 1)
  t.match(tooLate, [/LT_SUB_CONTENT_DELETED/])
})

t.test('a re-send that comes between takes the content with it', async (t) => {
  const { dispatch } = await closed(sendInline(large))
  const old = (await world.eyes.query('select id from consignment where dispatch_id = $1', [dispatch])).rows[0].id
  const { system_id: systemId } = (await world.eyes.query('select system_id from dispatch where id = $1', [dispatch]))
    .rows[0]
  const resend = {
    oldId: old,
    newId: dispatch.replace(/^.{8}/, 'ffffffff'),
    systemId,
    mode: 'push',
    at: new Date().toISOString(),
  } as const
  await world.eyes.query('create table if not exists consignment_late partition of consignment default')
  const outcomes: string[] = []
  const onStep = async (step: DeletionStep): Promise<void> => {
    if (step === 'proved') outcomes.push(await resendConsignment(pool as Pool, resend, []))
  }
  t.equal(await deleteDueContent({ ...deletion, onStep }), 0)
  t.same(outcomes, ['made'])
  t.match(await row(dispatch), { state: 'ROUTED', content_state: 'KEPT' })
  t.ok(existsSync(folder(dispatch)))
  await world.eyes.query(`update consignment set state = 'DEAD' where id = $1`, [resend.newId])
})

t.test('it may die between any two steps; the next one finishes', async (t) => {
  for (const dead of ['proved', 'begun', 'unlinked', 'erased'] as const) {
    const { dispatch } = await closed(sendInline(large))
    const onStep = (step: DeletionStep): void => {
      if (step === dead) throw new Error('killed')
    }
    t.equal(await deleteDueContent({ ...deletion, onStep }), 0)
    const half = await row(dispatch)
    t.equal(half.content_state, dead === 'proved' ? 'KEPT' : 'DELETING', `killed when ${dead}`)
    t.equal(existsSync(folder(dispatch)), dead === 'proved' || dead === 'begun')
    const url = world.servers.database.url('gateway')
    const rest = { blobs, log, trust: () => trust, signal: new AbortController().signal }
    let told = 0
    t.equal(await sweepRetention({ ...rest, databaseUrl: url, onDeleted: () => told++ }), 1)
    t.equal(told, 1)
    t.equal((await row(dispatch)).content_state, 'DELETED')
    t.notOk(existsSync(folder(dispatch)))
    t.equal((await events(dispatch)).filter((event) => event === 'ContentDeleted').length, 1, 'one entry')
    const proofs = await world.eyes.query('select from content_proof where dispatch_id = $1', [dispatch])
    t.equal(proofs.rowCount, 1)
  }
})

t.test('content that cannot be read is not deleted: nothing would prove it', async (t) => {
  const { dispatch } = await closed(sendInline(large))
  const [file] = readdirSync(folder(dispatch))
  const path = join(folder(dispatch), file as string)
  const whole = readFileSync(path)
  const { truncateSync, writeFileSync } = await import('node:fs')
  truncateSync(path, 100)
  t.equal(await deleteDueContent(deletion), 0)
  t.equal((await row(dispatch)).content_state, 'KEPT')
  writeFileSync(path, whole)
  t.equal(sha256(readFileSync(path)).toString('hex'), file)
  t.equal(await deleteDueContent(deletion), 1)
})

t.test('one gateway at a time, and only with the rights it needs', async (t) => {
  const client = await pool.connect()
  await client.query(`select pg_advisory_lock(hashtext('lienthong.retention'))`)
  const url = world.servers.database.url('gateway')
  const rest = { blobs, log, trust: () => trust, signal: new AbortController().signal, onDeleted: () => undefined }
  t.equal(await sweepRetention({ ...rest, databaseUrl: url }), 0)
  client.release(true)
  const { dispatch } = await closed(sendInline(SMALL_PDF))
  await pool.query('select erase_content($1)', [dispatch])
  const { rows } = await world.eyes.query('select erased from content where dispatch_id = $1', [dispatch])
  t.notOk(rows[0].erased, 'content whose deletion was not committed cannot be emptied')
  await t.rejects(pool.query(`update content set bytes = null`), { code: '42501' })
  await t.rejects(pool.query(`update dispatch set content_hold = false`), { code: '42501' })
})

t.test(
  'a hold, its end and a change of retention need a name, and a second one where the policy says so',
  async (t) => {
    const { dispatch } = await closed(sendInline(SMALL_PDF))
    const acts = [
      ['hold-content', dispatch],
      ['release-content', dispatch],
      ['retention', 'class', 'document', '7'],
      ['retention', 'rule', 'document', '--kind', 'document', '--type', '2', '--detail', '9'],
    ]
    const log = async (): Promise<number> =>
      (
        await world.eyes.query(
          `select from audit_entry where event in ('ContentHeld', 'ContentReleased', 'RetentionChanged')`,
        )
      ).rowCount ?? 0
    const before = await log()
    for (const act of acts)
      t.match(await cliAs('', ...act, '--reason', 'x'), { code: EXIT_CODES.forbidden, err: /LT_OPS_KEY_INVALID/ })
    for (const action of ['hold-content', 'release-content', 'retention'])
      t.equal((await cliAs(keys.admin, 'request', 'policy', action, '--above', '0', '--reason', 'x')).code, 0, action)
    for (const [n, act] of acts.entries()) {
      t.equal((await cli(...act, ...WHY)).code, 0)
      t.equal(await log(), before + n, 'nothing is done yet')
      const [request] = JSON.parse((await cli('request', 'list', '--json')).out)
      t.equal((await cli('request', 'approve', request.id)).code, EXIT_CODES.forbidden, 'not by oneself')
      t.equal((await cliAs(keys.minh, 'request', 'approve', request.id)).code, 0)
      t.equal(await log(), before + n + 1, `${act[0]}: one entry`)
    }
    const { rows } = await world.eyes.query(
      `select d.details from audit_entry e join audit_detail d on d.entry_id = e.id where e.event = 'ContentHeld' and e.dispatch_id = $1`,
      [dispatch],
    )
    t.match(JSON.parse(rows[0].details), { operator: LAN, why: 'quyết định 12', approvedBy: 'Trần Minh' })
    t.match((await cli('retention')).out, /document +7 days/)
  },
)
