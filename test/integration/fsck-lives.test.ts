import t from 'tap'
import {
  addOperator,
  type ConsignmentAction,
  changePolicy,
  type Operations,
  type Operator,
  operate,
  type Subject,
} from '../../libs/pipeline/index.ts'
import { changeSystem, openRegistry } from '../../libs/registry/index.ts'
import { EXIT_CODES } from '../../services/cli/command.ts'
import type { Finding, FindingKind } from '../../services/cli/operate/fsck/finding.ts'
import { runCli } from '../../services/cli/run-cli.ts'
import {
  lease,
  recall,
  receive,
  recipientOf,
  replacement,
  report,
  routeByHand,
  routed,
  type SentDocument,
  sendDocument,
  update,
} from '../harness/business.ts'
import type { Reply } from '../harness/push-endpoint.ts'
import { startPushWorld } from '../harness/push-world.ts'

/** H26 is called, H53 and G12 fetch. */
const { world, endpoint } = await startPushWorld(t, {
  services: [],
  environment: { RETRY_MAX_MS: '200000', MAX_ATTEMPTS: '20' },
})
await changeSystem(world.operator, 'demo-h53', { delivery: 'pull' })
for (const service of ['routing', 'audit', 'receipts', 'gateway', 'delivery'] as const) await world.start(service)
const stopping = new AbortController()
t.teardown(() => stopping.abort())

const { operator } = await addOperator(
  world.operator,
  { name: 'admin', role: 'administrator' },
  undefined,
  'fsck-lives',
)
async function act(subject: Subject): Promise<void> {
  const directory = await openRegistry({ pool: world.operator, signal: stopping.signal })
  const operations: Operations = { pool: world.operator, directory }
  const operated = await operate(operations, subject, causeOf(operator))
  if (operated.kind !== 'done') throw new Error('was filed')
  if ('skipped' in operated.result && operated.result.skipped.length > 0)
    throw new Error(`left alone: ${JSON.stringify(operated.result.skipped)}`)
}
const causeOf = (by: Operator) => ({ operator: by, reason: 'thử nghiệm', requestId: 'fsck-lives' })
const on = (action: ConsignmentAction, id: string): Promise<void> =>
  act({ on: 'consignments', action, selection: { consignments: [id] } })

const H26 = 'demo-h26'
const consignmentOf = (document: SentDocument, agency: string): string => {
  const id = document.consignments[agency]
  if (id === undefined) throw new Error(`no consignment to ${agency}`)
  return id
}
const stateOf = async (id: string): Promise<string | undefined> =>
  (await world.eyes.query('select state from consignment where id = $1', [id])).rows[0]?.state
const until = (id: string, state: string): Promise<unknown> => world.until(async () => (await stateOf(id)) === state)
const isClosed = ({ dispatch }: SentDocument): Promise<unknown> =>
  world.until(
    async () =>
      (await world.eyes.query(`select from dispatch where id = $1 and state = 'CLOSED'`, [dispatch])).rowCount === 1,
  )
const send = async (...recipients: string[]): Promise<SentDocument> => {
  const document = await sendDocument(world, 'demo-g12', recipients)
  await routed(world, document.dispatch)
  return document
}
const answers = (reply: Reply | 'hang'): void => endpoint.behave(H26, () => reply)
/** The first attempt failed and another waits. */
const failed = (id: string): Promise<unknown> =>
  world.until(
    async () =>
      (
        await world.eyes.query(
          `select from consignment where id = $1 and state = 'RETRYING' and next_attempt_at > now() + interval '60 seconds'`,
          [id],
        )
      ).rowCount === 1,
  )
const BUSY: Reply = { status: 503, headers: { 'retry-after': '120' } }
async function pending(document: SentDocument, agency: string): Promise<void> {
  await recipientOf(world, document, agency, ({ business }) => business.pending === 'recall')
}

interface Report {
  readonly code: number
  readonly findings: readonly Finding[]
}

async function fsck(): Promise<Report> {
  let [out, err] = ['', '']
  const { database, nats, redis, blobDir } = world.servers
  const environment = {
    DATABASE_URL: database.url('cli'),
    NATS_URL: nats.url('cli'),
    REDIS_URL: redis.url,
    BLOB_DIR: blobDir,
  }
  const stdout = { write: (text: string) => (out += text) }
  const stderr = { write: (text: string) => (err += text) }
  const code = await runCli(['--lang', 'en', 'fsck', '--json', '--content'], { stdout, stderr }, environment)
  if (out === '') throw new Error(err)
  return { code, ...JSON.parse(out) }
}

/** Ids of what is spoilt at the end, by the life they had. */
const lived = new Map<string, string>()

t.test('held, released, received; held and recalled; closed by an operator', async () => {
  const released = await send('H53')
  const id = consignmentOf(released, 'H53')
  await on('hold', id)
  await on('release', id)
  await receive(world, 'demo-h53', released.dispatch)
  lived.set('released', id)
  const recalled = await send('H53')
  await on('hold', consignmentOf(recalled, 'H53'))
  await recall(world, recalled, ['H53'])
  await until(consignmentOf(recalled, 'H53'), 'RECALLED')
  lived.set('recalled while held', consignmentOf(recalled, 'H53'))
  const closed = await send('H53')
  await on('close', consignmentOf(closed, 'H53'))
  await isClosed(closed)
  lived.set('closed', consignmentOf(closed, 'H53'))
})

t.test('dead, its dispatch closed, requeued, delivered; held between two attempts; queued and held', async () => {
  answers({ status: 410 })
  const dead = await send('H26')
  const id = consignmentOf(dead, 'H26')
  await until(id, 'DEAD')
  await isClosed(dead)
  answers({ status: 204 })
  await on('requeue', id)
  await until(id, 'ACKNOWLEDGED')
  await isClosed(dead)
  lived.set('requeued', id)
  answers(BUSY)
  const retried = await send('H26')
  await failed(consignmentOf(retried, 'H26'))
  await on('hold', consignmentOf(retried, 'H26'))
  answers({ status: 204 })
  await on('release', consignmentOf(retried, 'H26'))
  await until(consignmentOf(retried, 'H26'), 'ACKNOWLEDGED')
})

t.test('reassigned to the mailbox and back to the push', async () => {
  answers(BUSY)
  const document = await send('H26')
  const id = consignmentOf(document, 'H26')
  await failed(id)
  await changeSystem(world.operator, H26, { delivery: 'pull' })
  // As if its pause were over, until delivery knows of the change.
  await world.until(async () => {
    await world.eyes.query(
      `update consignment set next_attempt_at = now(), next_publish_at = now()
        where id = $1 and state = 'RETRYING' and next_attempt_at > now() + interval '60 seconds'`,
      [id],
    )
    await new Promise((resolve) => setTimeout(resolve, 800))
    return (await stateOf(id)) === 'AVAILABLE'
  })
  await changeSystem(world.operator, H26, { delivery: 'push' })
  answers({ status: 204 })
  await until(id, 'ACKNOWLEDGED')
  lived.set('reassigned', id)
})

t.test('recalled before it was routed: born so', async (t) => {
  await world.stop('routing')
  const document = await sendDocument(world, 'demo-g12', ['H53'])
  const asked = await recall(world, document, ['H53'])
  await routeByHand(t, world, asked.body.dispatch)
  await world.start('routing')
  await until(consignmentOf(document, 'H53'), 'RECALLED')
  lived.set('born recalled', consignmentOf(document, 'H53'))
})

t.test('asked back from whoever has it: given back, kept, not answered yet', async () => {
  for (const [name, received, answer, state] of [
    ['given back', true, '15', 'RECALLED'],
    ['kept', true, '16', 'ACKNOWLEDGED'],
    ['not answered', true, undefined, 'ACKNOWLEDGED'],
    ['given back while under lease', false, '15', 'RECALLED'],
  ] as const) {
    const document = await send('H53')
    if (received) await receive(world, 'demo-h53', document.dispatch)
    else await lease(world, 'demo-h53', document.dispatch)
    await recall(world, document, ['H53'])
    await pending(document, 'H53')
    const id = consignmentOf(document, 'H53')
    if (answer) {
      await report(world, 'demo-h53', document, answer)
      await recipientOf(world, document, 'H53', ({ business }) => business.pending === undefined)
    }
    await until(id, state)
    lived.set(name, id)
  }
  for (const reply of [BUSY, { status: 410 }]) {
    answers(reply)
    const document = await send('H26')
    const id = consignmentOf(document, 'H26')
    await (reply === BUSY ? failed(id) : until(id, 'DEAD'))
    answers({ status: 204 })
    await recall(world, document, ['H26'])
    await pending(document, 'H26')
    await report(world, H26, document, '15')
    await until(id, 'RECALLED')
  }
})

t.test('receivers added to a closed dispatch, removed, replaced; updated, answered or not', async (t) => {
  const document = await send('H26')
  await isClosed(document)
  const added = [{ agency: 'H53', change: 'added' as const }]
  await update(world, document, ['H26', 'H53'], { changesReceivers: true, receivers: added })
  const row = await recipientOf(world, document, 'H53', ({ state }) => state === 'AVAILABLE')
  lived.set('added', row.consignment)
  await receive(world, 'demo-h53', document.dispatch)
  await isClosed(document)
  const removed = [{ agency: 'H53', change: 'removed' as const }]
  const more = await send('H26', 'H53')
  await update(world, more, ['H53'], { changesReceivers: true, receivers: removed })
  await until(consignmentOf(more, 'H53'), 'RECALLED')
  const old = await send('H26', 'H53')
  await until(consignmentOf(old, 'H26'), 'ACKNOWLEDGED')
  await replacement(world, [old], ['H26', 'H53'])
  await until(consignmentOf(old, 'H53'), 'RECALLED')
  await report(world, H26, old, '15')
  await update(world, old, ['H26'], { changesDocument: true })

  const silent = await send('H53')
  await receive(world, 'demo-h53', silent.dispatch)
  await update(world, silent, ['H53'], { changesDocument: true })
  await recipientOf(world, silent, 'H53', ({ business }) => business.pending === 'update')
  await act({ on: 'request', action: 'void', consignment: consignmentOf(silent, 'H53') })
  const late = await report(world, 'demo-h53', silent, '15')
  t.equal(late.status, 202)
  await routed(world, late.body.dispatch)
  const { business } = await recipientOf(world, silent, 'H53', () => true)
  t.match(business, { requests: [{ action: 'update', outcome: 'void' }] }, 'an answer after that is one to nothing')
  t.notOk(business.pending ?? business.done)
})

t.test('not collected: expired, then sent again by an operator and by its sender', async () => {
  for (const again of ['requeue', 'resend'] as const) {
    const document = await send('H53')
    const id = consignmentOf(document, 'H53')
    // Each term in its turn, the warning before the end; a clock that is due is left to its sweeper.
    await world.until(async () => {
      await world.eyes.query(
        `update consignment_clock set since = since - interval '90 days', due_at = now(), version = version + 1,
          done = (select coalesce(jsonb_object_agg(key, (value #>> '{}')::timestamptz - interval '90 days'), '{}') from jsonb_each(done))
          where consignment_id = $1 and due_at > now()`,
        [id],
      )
      return (await stateOf(id)) === 'EXPIRED'
    })
    if (again === 'requeue') await on('requeue', id)
    else await world.call('demo-g12', 'POST', `/v1/dispatches/${document.dispatch}/consignments/${id}/resend`)
    await receive(world, 'demo-h53', document.dispatch)
    lived.set(again, id)
  }
})

t.test('breaker, suspension, maintenance, policies and silence are facts of no consignment', async () => {
  answers({ status: 500 })
  const document = await send('H26')
  await world.until(async () => (await events()).has('EndpointBreakerOpened'))
  answers({ status: 204 })
  // Whatever became of it: what is dead is sent again.
  await world.until(async () =>
    ['ACKNOWLEDGED', 'DEAD'].includes((await stateOf(consignmentOf(document, 'H26'))) ?? ''),
  )
  for (const action of ['suspend', 'resume'] as const) await act({ on: 'system', action, system: 'demo-h53' })
  for (const begin of [true, false]) await act({ on: 'axis', action: 'maintenance', begin })
  await changePolicy(
    { pool: world.operator },
    { action: 'requeue', approval_above: 1000, expires_hours: 24 },
    causeOf(operator),
  )
})

const events = async (): Promise<Set<string>> =>
  new Set(
    (await world.eyes.query<{ event: string }>('select distinct event from audit_entry')).rows.map((r) => r.event),
  )

t.test('fsck finds nothing wrong with any of these lives', async (t) => {
  await world.until(async () => (await world.eyes.query('select from audit_pending')).rowCount === 0)
  const seen = await events()
  for (const event of [
    'ConsignmentHeld',
    'ConsignmentReleased',
    'ConsignmentRequeued',
    'ConsignmentClosedByOperator',
    'DispatchReopened',
    'REASSIGNED',
    'ConsignmentRecalled',
    'RecallPending',
    'ChangePending',
    'BusinessRequestAgreed',
    'BusinessRequestDeclined',
    'BusinessRequestVoided',
    'ReceiverAdded',
    'ConsignmentResent',
    'AcceptanceRejectionExpiry',
    'DeadlinePassed',
    'EndpointBreakerOpened',
    'SystemSuspended',
    'SystemResumed',
    'MaintenanceBegun',
    'OperationPolicyChanged',
  ])
    t.ok(seen.has(event), `${event} was there`)
  t.same(await fsck(), { ...(await fsck()), code: EXIT_CODES.done, findings: [] })
})

t.test('one wrong row of each life is found', async (t) => {
  const planted: readonly (readonly [string, string, FindingKind])[] = [
    ['released', `state = 'HELD', ended_at = null`, 'consignment-state'],
    ['recalled while held', `state = 'HELD', ended_at = null`, 'consignment-state'],
    ['closed', `state = 'EXPIRED'`, 'consignment-state'],
    ['requeued', `state = 'DEAD'`, 'consignment-state'],
    ['reassigned', 'attempt_base = attempt + 1', 'attempt-count'],
    ['born recalled', `state = 'REFUSED'`, 'consignment-state'],
    ['given back', `state = 'ACKNOWLEDGED'`, 'consignment-state'],
    ['kept', 'recall_pending = true', 'recall-flag'],
    ['not answered', 'recall_pending = false', 'recall-flag'],
    ['given back while under lease', 'recall_pending = true', 'recall-flag'],
    ['added', `state = 'RECALLED'`, 'consignment-state'],
    ['requeue', `state = 'EXPIRED'`, 'consignment-state'],
    ['resend', `state = 'DEAD'`, 'consignment-state'],
  ]
  for (const [life, set] of planted) {
    const { rowCount } = await world.eyes.query(`update consignment set ${set} where id = $1`, [lived.get(life)])
    t.equal(rowCount, 1, life)
  }
  const { code, findings } = await fsck()
  t.equal(code, EXIT_CODES.refused)
  for (const [life, , kind] of planted)
    t.ok(
      findings.some((each) => each.kind === kind && each.id === lived.get(life)),
      `${life}: ${kind}`,
    )
})
