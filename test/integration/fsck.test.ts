import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { connectBus } from '../../libs/bus/index.ts'
import { type EventName, newConsignmentId, newDispatchId, uuidTimeMs, uuidv7 } from '../../libs/model/index.ts'
import { addOperator, sealEntry } from '../../libs/pipeline/index.ts'
import { openQueues } from '../../libs/queue/index.ts'
import { changeSystem } from '../../libs/registry/index.ts'
import { createLogger } from '../../libs/runtime/index.ts'
import { EXIT_CODES } from '../../services/cli/command.ts'
import { FINDING_KINDS, type Finding, type FindingKind } from '../../services/cli/operate/fsck/finding.ts'
import { runCli } from '../../services/cli/run-cli.ts'
import { startReceivers } from '../harness/traffic.ts'
import { SMALL_PDF, startWorld } from '../harness/world.ts'

const world = await startWorld(t)
const { eyes, servers } = world
const log = createLogger('test', { level: 'silent' })
const large = Buffer.concat([SMALL_PDF, Buffer.alloc(120_000, '% đệm\n')])
const { key } = await addOperator(world.operator, { name: 'anh Tú', role: 'administrator' }, undefined, 'test')
const environment = {
  DATABASE_URL: servers.database.url('cli'),
  NATS_URL: servers.nats.url('cli'),
  REDIS_URL: servers.redis.url,
  BLOB_DIR: servers.blobDir,
  LIENTHONG_OPERATOR: key,
}

interface Report {
  readonly code: number
  readonly findings: readonly Finding[]
  readonly unchecked: readonly string[]
  readonly counts: { dispatches: number; entries: number; leaves: number; files: number }
}

const fsck = (...args: string[]): Promise<Report> => fsckAs(key, ...args)
async function fsckAs(operator: string, ...args: string[]): Promise<Report> {
  let [out, err] = ['', '']
  const stdout = { write: (text: string) => (out += text) }
  const stderr = { write: (text: string) => (err += text) }
  const all = ['--lang', 'en', 'fsck', '--json', ...args]
  const code = await runCli(all, { stdout, stderr }, { ...environment, LIENTHONG_OPERATOR: operator })
  if (out === '') throw new Error(err)
  return { code, ...JSON.parse(out) }
}

/** A dispatch that went its whole way, with the one consignment it has. */
interface Whole {
  readonly d: string
  readonly c: string
}

const receivers = startReceivers(world, ['demo-h26'])
async function send(bytes: Buffer): Promise<Whole> {
  const attachments = [{ contentId: 'tb-1', name: 'thong-bao.pdf', mediaType: 'application/pdf', bytes }]
  const { body } = await world.submit('demo-g12', world.packet('demo-g12', ['H26'], { attachments }))
  return { d: body.dispatch, c: body.recipients[0].consignment }
}

/** As the superuser, past the triggers that keep the log as it is. */
async function plantSql(text: string, values: readonly unknown[] = []): Promise<void> {
  const client = await eyes.connect()
  try {
    await client.query(`set session_replication_role = replica`)
    const { rowCount } = await client.query(text, [...values])
    if (rowCount === 0) throw new Error(`nothing planted: ${text}`)
  } finally {
    await client.query('reset session_replication_role')
    client.release()
  }
}

/** Another entry of a dispatch, whole in itself. */
async function addEntry(event: string, { d, c }: Whole, queued = true): Promise<string> {
  const entry = sealEntry({ event: event as EventName, dispatchId: d, consignmentId: c, details: {} }, new Date())
  const hashes = [entry.details_digest, entry.leaf_hash].map((hex) => Buffer.from(hex, 'hex'))
  const row = [entry.id, event, entry.event_time, d, c, ...hashes]
  await plantSql('insert into audit_entry values ($1, $2, $3, $4, $5, $6, $7)', row)
  if (queued) await plantSql('insert into audit_pending (entry_id, leaf_hash) values ($1, $2)', [entry.id, hashes[1]])
  return entry.id
}

const folder = (id: string): string => join(servers.blobDir, new Date(uuidTimeMs(id)).toISOString().slice(0, 7), id)
const fileOf = (id: string): string => join(folder(id), readdirSync(folder(id))[0] as string)

t.test('beside living traffic nothing is wrong', async (t) => {
  const asWhat = (traffic: string): Promise<unknown> =>
    world.operator.query('update system set traffic = $1 where code = $2', [traffic, 'demo-g12'])
  await asWhat('shadow')
  const shadow = await send(SMALL_PDF)
  await world.until(async () => {
    const { rows } = await eyes.query('select state from dispatch where id = $1', [shadow.d])
    return rows[0]?.state === 'CLOSED'
  })
  const { code, findings } = await fsck()
  t.same([code, findings], [EXIT_CODES.done, []], 'a shadow has no consignments')
  await asWhat('real')
  const sending = Array.from({ length: 30 }, (_, i) => send(i % 3 === 0 ? large : SMALL_PDF))
  for (let round = 0; round < 3; round++) {
    const report = await fsck('--content')
    t.same([report.code, report.findings, report.unchecked], [EXIT_CODES.done, [], []])
  }
  await Promise.all(sending)
})

type Plant = (whole: Whole, kind: FindingKind) => Promise<unknown>
const dispatch =
  (set: string): Plant =>
  async ({ d }) =>
    plantSql(`update dispatch set ${set} where id = $1`, [d])
const consignment =
  (set: string): Plant =>
  async ({ c }) => {
    await plantSql(`update consignment set ${set} where id = $1`, [c])
    return c
  }
const attempt = `insert into delivery_attempt (consignment_id, attempt, claimed_at, deadline) values ($1, 1, now(), now() - interval '1 hour')`

/** For every kind: what plants it, answering the id it is found by (that of the dispatch unless told). */
const PLANTS: Readonly<Record<FindingKind, Plant>> = {
  'dispatch-state': dispatch(`state = 'ROUTED'`),
  'consignment-state': consignment(`state = 'REFUSED'`),
  'content-state': dispatch(`content_state = 'DELETED'`),
  'content-undeleted': dispatch(`content_state = 'DELETED'`),
  'proof-missing': dispatch(`content_state = 'DELETING'`),
  'hold-state': dispatch('content_hold = true'),
  'recall-flag': consignment('recall_pending = true'),
  'impossible-move': async (whole) => {
    await addEntry('ConsignmentQueued', whole)
    return whole.c
  },
  'unknown-event': (whole) => addEntry('SomethingNew', whole),
  'consignment-missing': async ({ c }) => {
    await plantSql('delete from consignment where id = $1', [c])
    return c
  },
  'consignment-unexpected': ({ c }) => copyConsignment(c),
  'consignment-doubled': ({ c }) => copyConsignment(c),
  'closed-with-open': async ({ d, c }) => {
    await plantSql(`update consignment set state = 'AVAILABLE', ended_at = null where id = $1`, [c])
    return d
  },
  'open-without-content': async ({ d, c }) => {
    await plantSql(`update consignment set state = 'AVAILABLE', ended_at = null where id = $1`, [c])
    await plantSql(`update dispatch set content_state = 'DELETING' where id = $1`, [d])
  },
  'lease-incomplete': consignment('lease_token = null'),
  'lease-beyond-end': consignment(`lease_until = ended_at + interval '1 day'`),
  'attempt-overdue': async ({ c }) => {
    await plantSql(
      `update consignment set state = 'RETRYING', mode = 'push', attempt = 1, ended_at = null where id = $1`,
      [c],
    )
    await plantSql(attempt, [c])
    return c
  },
  'attempt-stale': async ({ c }) => {
    await plantSql(attempt, [c])
    return c
  },
  'attempt-missing': consignment(`state = 'RETRYING', mode = 'push', ended_at = null, next_attempt_at = null`),
  'attempt-count': consignment('attempt = 5'),
  'push-unqueued': consignment(`state = 'QUEUED', mode = 'push', ended_at = null, next_publish_at = null`),
  'work-postponed': dispatch(`state = 'ACCEPTED', next_publish_at = now() + interval '1 day'`),
  'submission-link': async ({ d }) =>
    plantSql('update submission_recipient set consignment_id = $2 where dispatch_id = $1', [d, newConsignmentId()]),
  'submission-unlinked': async ({ d }) => plantSql('delete from submission_recipient where dispatch_id = $1', [d]),
  'receipt-missing': async ({ d }) => plantSql('delete from receipt where dispatch_id = $1', [d]),
  'entry-digest': async (whole) => {
    const id = await firstEntry(whole)
    await plantSql(`update audit_detail set details = '{"x":1}' where entry_id = $1`, [id])
    return id
  },
  'entry-leaf': async (whole) => {
    const id = await firstEntry(whole)
    await plantSql(`update audit_entry set event_time = event_time - interval '1 hour' where id = $1`, [id])
    return id
  },
  'leaf-differs': async (whole) => {
    const id = await firstEntry(whole)
    await plantSql(`update log_leaf set leaf_hash = sha256('x') where entry_id = $1`, [id])
    return id
  },
  'entry-unlogged': (whole) => addEntry('ConsignmentNotification', whole, false),
  'entry-doubled': async (whole) => {
    const id = await firstEntry(whole)
    await plantSql(
      'insert into audit_pending (entry_id, leaf_hash) select id, leaf_hash from audit_entry where id = $1',
      [id],
    )
    return id
  },
  'leaf-without-entry': () => addLeaf(0),
  'index-gap': async () => {
    const { rows } = await eyes.query('select max(index) + 1 as next from log_leaf')
    await addLeaf(10)
    return `0/${rows[0].next}`
  },
  'pending-false': async () => {
    const id = uuidv7()
    await plantSql(`insert into audit_pending (entry_id, leaf_hash) values ($1, '')`, [id])
    return id
  },
  dangling: async () => undefined,
  'content-row': async ({ d }) => plantSql('delete from content where dispatch_id = $1', [d]),
  'content-missing': async ({ d }) => {
    rmSync(fileOf(d))
    return `${d}/0`
  },
  'content-size': async ({ d }) => {
    truncateSync(fileOf(d), 1000)
    return `${d}/0`
  },
  'content-digest': async ({ d }) => {
    const bytes = readFileSync(fileOf(d))
    bytes[500] = (bytes[500] as number) ^ 1
    writeFileSync(fileOf(d), bytes)
    return `${d}/0`
  },
  'content-range': async ({ d }) => {
    await plantSql('update content set range_end = 99999999 where dispatch_id = $1 and range_end is not null', [d])
    return `${d}/1`
  },
  'content-unknown': async () => {
    const at = Date.now() - 3 * 86_400_000
    const id = newDispatchId(at)
    mkdirSync(folder(id), { recursive: true })
    utimesSync(folder(id), at / 1000, at / 1000)
    return id
  },
  'message-missing': dispatch(`state = 'ACCEPTED'`),
  'message-dangling': async () => {
    const bus = await connectBus({
      url: servers.nats.url('routing'),
      name: 'planter',
      signal: new AbortController().signal,
      log,
    })
    const id = newDispatchId()
    await bus.publishWork('lt.dispatch.accepted.normal', Buffer.from(JSON.stringify({ id })))
    await bus.publishWork('lt.dispatch.accepted.normal', Buffer.from('no message of ours'))
    await bus.close()
    return id
  },
  'job-missing': consignment(
    `state = 'QUEUED', mode = 'push', ended_at = null, next_publish_at = now() + interval '1 day'`,
  ),
  'job-dangling': async () => {
    const queues = await openQueues({ redisUrl: servers.redis.url, name: 'planter', log })
    const id = newConsignmentId()
    await queues.add('push-demo-h53', { id: `${id}-1-0`, data: { id }, delayMs: 60_000 })
    await queues.close()
    return id
  },
}

async function copyConsignment(c: string): Promise<string> {
  const id = newConsignmentId()
  await plantSql(
    `insert into consignment (id, dispatch_id, agency_code, as_written, kind, lane, mode, state, available_at, ended_at)
      select $2, dispatch_id, agency_code, as_written, kind, lane, mode, state, available_at, ended_at from consignment where id = $1`,
    [c, id],
  )
  return id
}

async function firstEntry({ d }: Whole): Promise<string> {
  const { rows } = await eyes.query(`select id from audit_entry where dispatch_id = $1 and event = 'DispatchRouted'`, [
    d,
  ])
  return rows[0].id
}

async function addLeaf(beyond: number): Promise<string> {
  const id = uuidv7()
  await plantSql(`insert into log_leaf select 0, max(index) + 1 + $2::int, $1, '' from log_leaf`, [id, beyond])
  return id
}

/** One row per table that names nothing, by the id it is found by. */
async function plantDangling(): Promise<Map<string, string>> {
  const id = newDispatchId
  const planted: [string, string, string][] = [
    [
      'consignment',
      `insert into consignment (id, dispatch_id, agency_code, as_written, kind, lane, mode, state, available_at)
      values ($1, $1, 'H26', '{}', 'document', 'normal', 'pull', 'REFUSED', now())`,
      id(),
    ],
    [
      'audit_entry',
      `insert into audit_entry (id, event, event_time, dispatch_id, details_digest, leaf_hash) values ($1, 'x', now(), $1, '', '')`,
      id(),
    ],
    [
      'content',
      `insert into content (dispatch_id, ordinal, role, size, sha256, bytes) values ($1, 0, 'packet', 1, '', 'x')`,
      id(),
    ],
    ['submission_recipient', `insert into submission_recipient values ($1, 'x', 'H26', $1, $1)`, id()],
    ['reply_link', `insert into reply_link values ($1, 1, 'H26', null, 'x')`, id()],
    [
      'status_report',
      `insert into status_report (dispatch_id, reporter_code, subject_code, document_id, code, reported_at) values ($1, 'x', 'x', 'x', '01', now())`,
      id(),
    ],
    [
      'receipt',
      `insert into receipt (id, entry_id, dispatch_id, event, event_time, signing_time, xml) values ($1, $1, $1, 'x', now(), now(), '')`,
      id(),
    ],
    ['delivery_attempt', attempt, id()],
  ]
  for (const [, sql, own] of planted) await plantSql(sql, [own])
  return new Map(planted.map(([table, , own]) => [table, own]))
}

t.test('one planted error of each kind is found, and mended where that is safe', async (t) => {
  const kinds = Object.keys(FINDING_KINDS) as FindingKind[]
  const wholes = await Promise.all(kinds.map(() => send(large)))
  await world.until(
    async () => (await eyes.query(`select from dispatch where state <> 'CLOSED'`)).rowCount === 0,
    60_000,
  )
  await receivers.stop()
  await world.until(async () => (await eyes.query('select from audit_pending')).rowCount === 0)
  for (const service of ['gateway', 'routing', 'audit', 'receipts'] as const) await world.stop(service)
  await changeSystem(world.operator, 'demo-h53', { delivery: 'push', pushUrl: 'https://h53.example/in' })
  t.same((await fsck('--content', '--grace', '0')).findings, [], 'nothing before')

  const planted = new Map<FindingKind, string>()
  for (const [i, kind] of kinds.entries()) {
    const whole = wholes[i] as Whole
    const id = await PLANTS[kind](whole, kind)
    planted.set(kind, typeof id === 'string' ? id : whole.d)
  }
  const dangling = await plantDangling()

  const blind = await fsck('--grace', '0')
  t.equal(blind.code, EXIT_CODES.refused)
  t.notOk(
    blind.findings.some(({ kind }) => kind === 'content-digest'),
    'bytes are read only where that is asked for',
  )
  const { findings } = await fsck('--content', '--grace', '0')
  for (const [kind, id] of planted) {
    if (kind === 'dangling') continue
    const own = findings.find((each) => each.kind === kind && each.id === id)
    t.match(own, { severity: FINDING_KINDS[kind][0], repairable: FINDING_KINDS[kind][1] }, kind)
  }
  for (const [table, id] of dangling)
    t.ok(
      findings.some(({ kind, what, id: own }) => kind === 'dangling' && what === table && own === id),
      `dangling ${table}`,
    )

  for (const [operator, reason] of [
    [key, []],
    ['', ['--reason', 'x']],
  ] as const)
    await t.rejects(fsckAs(operator, '--repair', ...reason), { message: /./ }, 'not without a name and a reason')
  const mending = await fsck('--repair', '--reason', 'sau sự cố', '--grace', '0')
  for (const [kind, id] of planted) {
    const own = mending.findings.find((each) => each.kind === kind && each.id === id)
    if (FINDING_KINDS[kind][1]) t.equal(own?.mended, true, `${kind} is mended`)
    else t.notOk(own?.mended, `${kind} is left alone`)
  }
  const after = await fsck('--grace', '0')
  const left = new Set(after.findings.map(({ kind, id }) => `${kind} ${id}`))
  for (const kind of [
    'work-postponed',
    'push-unqueued',
    'attempt-overdue',
    'attempt-stale',
    'attempt-missing',
    'lease-incomplete',
    'lease-beyond-end',
    'submission-link',
  ] as const)
    t.notOk(left.has(`${kind} ${planted.get(kind)}`), `${kind} is gone`)
  const { rows } = await eyes.query(
    `select distinct e.event, d.details::jsonb ->> 'operator' as operator from audit_entry e join audit_detail d on d.entry_id = e.id
      where d.details::jsonb ->> 'why' = 'sau sự cố' order by 1`,
  )
  t.same(rows, [
    { event: 'AttemptEnded', operator: 'anh Tú' },
    { event: 'StateRepaired', operator: 'anh Tú' },
  ])
})

t.test('it says what it could not look at, and where it stands for a reader', async (t) => {
  let out = ''
  const stream = { write: (text: string) => (out += text) }
  const { DATABASE_URL } = environment
  const code = await runCli(
    ['--lang', 'en', 'fsck', '--limit', '3'],
    { stdout: stream, stderr: stream },
    { DATABASE_URL },
  )
  t.equal(code, EXIT_CODES.refused)
  t.match(out, /findings in \d+ dispatches/)
  t.match(out, /Not checked: content[\s\S]*bus[\s\S]*queues/)
})
