import { setTimeout as sleep } from 'node:timers/promises'
import { countTargets, operate, planOperation } from '../../../libs/pipeline/index.ts'
import { addAgency, addSystem, changeSystem, front } from '../../../libs/registry/index.ts'
import { type Environment, serviceEnvironment } from '../../../libs/runtime/index.ts'
import { type AttemptView, listAttempts, openPool, type Pool, readTrippedBreakers } from '../../../libs/store/index.ts'
import { withDirectory } from '../operate/with-operations.ts'
import type { Output } from '../output.ts'
import { makeAxis } from '../pki/make-axis.ts'
import { writeDemoDocument } from './demo-documents.ts'
import { asDemoOperator } from './demo-operator.ts'
import { type DemoParty, openParty } from './demo-party.ts'
import { type Answer, type FailingEndpoint, openFailingEndpoint } from './failing-endpoint.ts'
import { findAxis } from './find-axis.ts'
import type { DemoOptions } from './run-demo.ts'
import { type DemoSystem, seedDemo, unlessTaken } from './seed.ts'
import { Timeline } from './timeline.ts'

/** The receiver that fails: a unit below a province with a system of its own, so that nothing else is pushed there. */
const UNIT = { code: 'H53.99', name: 'Đơn vị có hệ thống hay lỗi (thử nghiệm)' }
const SYSTEM = { code: 'demo-push', name: 'Hệ thống hay lỗi (thử nghiệm)' }
/** Pauses so short that a reader need not wait. */
const PAUSES = {
  PUSH_ALLOWED_NETWORKS: '127.0.0.0/8',
  PUSH_TIMEOUT_MS: '1200',
  ATTEMPT_GRACE_MS: '1000',
  PUSH_CONCURRENCY: '1',
  RETRY_FIRST_MS: '300',
  RETRY_MAX_MS: '2000',
  BREAKER_FAILURES: '5',
  BREAKER_FIRST_MS: '600',
  BREAKER_MAX_MS: '1500',
  BREAKER_LOOK_MS: '50',
  SWEEP_IDLE_MS: '200',
  SWEEP_AFTER_MS: '1000',
}
const PATIENCE_MS = 20_000
const LOOK_MS = 50
const BEHIND_BREAKER = 4

interface Story {
  readonly output: Output
  readonly timeline: Timeline
  readonly pool: Pool
  readonly environment: Environment
  readonly sender: DemoParty
  readonly receiver: DemoSystem
  readonly endpoint: FailingEndpoint
}

interface Sent {
  readonly dispatch: string
  readonly consignment: string
}

/**
 * How an endpoint fails and what the axis makes of it: classes of answers, back-off, the breaker opening and closing, a dead letter and the
 * operator's replay of it. Everything told is read from the axis' own rows. @throws Error when anything is not as it should be
 */
export async function runFailures(output: Output, { environment }: Pick<DemoOptions, 'environment'>): Promise<void> {
  output.line(output.t('failures.title'))
  const { DATABASE_URL: url = '', KEY_DIR: keyDir = '.local/keys' } = serviceEnvironment('cli', environment)
  const axis = await makeAxis(keyDir)
  const pool = openPool(url, { name: 'lienthong demo', max: 2 })
  try {
    await using endpoint = await openFailingEndpoint()
    const [first, , h53] = (await seedDemo(pool, axis, keyDir)) as [DemoSystem, DemoSystem, DemoSystem]
    await seedReceiver(pool, endpoint.url)
    await using found = await findAxis(environment, first, axis.dir, PAUSES)
    if (!found.started) throw new Error(output.t('failures.running', { url: found.url }))
    const receiver = { ...h53, agencyCode: UNIT.code, agencyName: UNIT.name }
    const sender = openParty(first, found.url)
    const story = { output, timeline: new Timeline(output), pool, environment, sender, receiver, endpoint }
    await tellClasses(story)
    const dead = await tellDeadLetter(story)
    await tellBreaker(story)
    await tellSecondWay(story, dead)
    output.line(output.t('failures.done'))
  } finally {
    // Without an endpoint the mailbox holds what is sent there meanwhile.
    await changeSystem(pool, SYSTEM.code, { delivery: 'pull' }).catch(() => undefined)
    await pool.end()
  }
}

async function seedReceiver(pool: Pool, pushUrl: string): Promise<void> {
  await unlessTaken(addAgency(pool, { ...UNIT, source: 'demo' }))
  await unlessTaken(addSystem(pool, SYSTEM))
  await changeSystem(pool, SYSTEM.code, { delivery: 'push', pushUrl })
  await front(pool, SYSTEM.code, UNIT.code, { withDescendants: true })
}

/** Failures that pass: each told with its class, its code and the pause until the next attempt. */
async function tellClasses(story: Story): Promise<void> {
  const passing: readonly { readonly name: '500' | '429' | 'timeout'; readonly answer: Answer; outcome: string }[] = [
    { name: '500', answer: { status: 500, body: 'lỗi cơ sở dữ liệu' }, outcome: 'transient' },
    { name: '429', answer: { status: 429, headers: { 'retry-after': '1' } }, outcome: 'busy' },
    { name: 'timeout', answer: 'hang', outcome: 'ambiguous' },
  ]
  for (const { name, answer, outcome } of passing) {
    story.output.line(story.output.t(`failures.case.${name}`))
    story.endpoint.behave((earlier) => (earlier === 0 ? answer : { status: 204 }))
    const { consignment } = await send(story)
    await untilState(story, consignment, 'ACKNOWLEDGED')
    const attempts = await tellAttempts(story, consignment)
    expect(
      attempts.map((each) => each.outcome).join() === `${outcome},delivered`,
      `${name}: ${outcome}, then delivered`,
    )
    const pause = pauseAfter(attempts, 0) ?? 0
    if (name === '429') expect(pause >= 1000, `Retry-After was kept: ${pause} ms`)
  }
}

/** A refusal for good ends it at once. */
async function tellDeadLetter(story: Story): Promise<Sent> {
  story.output.line(story.output.t('failures.case.410'))
  story.endpoint.behave(() => ({ status: 410, body: 'đơn vị đã giải thể' }))
  const sent = await send(story)
  await untilState(story, sent.consignment, 'DEAD')
  const attempts = await tellAttempts(story, sent.consignment)
  expect(attempts.length === 1 && attempts[0]?.outcome === 'permanent', 'one attempt, permanent')
  const { refusal } = await recipientOf(story, sent)
  story.timeline.add(
    UNIT.code,
    story.output.t('failures.dead', { reason: refusal?.reason ?? '', text: refusal?.text ?? '' }),
  )
  return sent
}

/** An endpoint that is down: five failures, then only probes; what waits burns no attempt and arrives once it is back. */
async function tellBreaker(story: Story): Promise<void> {
  const { output, timeline, endpoint, pool } = story
  output.line(output.t('failures.case.down'))
  endpoint.behave(() => ({ status: 500 }))
  const before = endpoint.arrived.length
  const sent = await Promise.all(Array.from({ length: BEHIND_BREAKER }, () => send(story)))
  const isOpen = async (): Promise<boolean> => (await readTrippedBreakers(pool)).some(({ state }) => state === 'open')
  await until('the breaker opens', isOpen)
  const failures = endpoint.arrived.length - before
  timeline.add(UNIT.code, output.t('failures.opened', { failures }))
  expect(failures <= 6, `open after ${failures} failures`)
  await sleep(2_500)
  const probes = endpoint.arrived.length - before - failures
  timeline.add(UNIT.code, output.t('failures.probes', { probes, waiting: sent.length, seconds: '2,5' }))
  expect(probes >= 1 && probes <= 6, `${probes} probes in 2.5 s`)
  endpoint.behave(() => ({ status: 204 }))
  timeline.add(UNIT.code, output.t('failures.mended'))
  for (const { consignment } of sent) await untilState(story, consignment, 'ACKNOWLEDGED')
  expect(!(await isOpen()), 'the breaker is closed')
  timeline.add(UNIT.code, output.t('failures.closed', { count: sent.length }))
}

/** What lies among the dead letters, what queueing it again would do, and doing it: an operator's replay, as `lienthong replay` does it. */
async function tellSecondWay(story: Story, { dispatch, consignment }: Sent): Promise<void> {
  const { output, timeline, endpoint, pool, environment } = story
  output.line(output.t('failures.case.again'))
  const selection = { query: { state: 'DEAD', system: SYSTEM.code, reason: 'LT_DLV_REFUSED', dispatch } } as const
  const arrived = endpoint.arrived.length
  await withDirectory(pool, environment, async (operations) => {
    const { moves, skipped } = await planOperation(operations, 'requeue', selection)
    expect(moves.length === 1 && moves[0]?.id === consignment && skipped.length === 0, 'the dry run names it alone')
    for (const { agency, system, to, count } of countTargets(moves))
      timeline.add('', output.t('failures.dryRun', { count, agency, system: system ?? '-', state: to }))
    expect(endpoint.arrived.length === arrived, 'a dry run sends nothing')
    const reason = output.t('failures.reason')
    await asDemoOperator(pool, environment, reason, async (cause) => {
      const operated = await operate(operations, { on: 'consignments', action: 'requeue', selection }, cause)
      if (operated.kind === 'filed') throw new Error(`filed for a second operator: ${operated.request.id}`)
      timeline.add('', output.t('failures.requeued', { operator: cause.operator.name, reason }))
    })
  })
  await untilState(story, consignment, 'ACKNOWLEDGED')
  const attempts = await tellAttempts(story, consignment, 1)
  expect(attempts.map(({ outcome }) => outcome).join() === 'permanent,delivered', 'numbers of attempts go on')
  timeline.add(UNIT.code, output.t('failures.replayed', { consignment }))
}

async function send(story: Story): Promise<Sent> {
  const { sender, receiver } = story
  const document = await writeDemoDocument(sender.system, [receiver], sender.signer, 'inline', nextNow())
  const answer = await sender.client.submit(document.signed)
  const consignment = answer.recipients[0]?.consignment ?? ''
  story.timeline.add(
    sender.system.agencyCode,
    story.output.t('failures.sent', { document: document.shown, consignment }),
  )
  return { dispatch: answer.dispatch, consignment }
}

let seconds = 0

/** Numbers of documents are taken from the time in seconds: each gets a second of its own. */
function nextNow(): Date {
  return new Date(Date.now() - 3_600_000 + 1000 * seconds++)
}

/** @param after how many of them were told before */
async function tellAttempts({ pool, timeline, output }: Story, consignment: string, after = 0): Promise<AttemptView[]> {
  const attempts = await listAttempts(pool, consignment)
  for (const [i, { attempt, claimedAt, outcome, status, code, durationMs }] of attempts.entries()) {
    if (i < after) continue
    const pause = pauseAfter(attempts, i)
    const text = output.t('failures.attempt', {
      attempt,
      outcome: output.t(`attempts.${(outcome ?? 'open') as 'open'}`),
      answer: status === null ? '' : ` HTTP ${status}`,
      code: code === null ? '' : ` ${code}`,
      ms: durationMs ?? 0,
    })
    timeline.add(UNIT.code, pause === undefined ? text : text + output.t('failures.pause', { ms: pause }), claimedAt)
  }
  return attempts
}

/** Milliseconds between the end of an attempt and the next one. */
function pauseAfter(attempts: readonly AttemptView[], at: number): number | undefined {
  const [ended, next] = [attempts[at]?.endedAt, attempts[at + 1]?.claimedAt]
  return ended && next ? next.getTime() - ended.getTime() : undefined
}

async function recipientOf({ sender }: Story, { dispatch, consignment }: Sent) {
  const { recipients } = await sender.client.dispatch(dispatch)
  const found = recipients.find((each) => each.consignment === consignment)
  if (!found) throw new Error(`${consignment} is not there`)
  return found
}

async function untilState(story: Story, consignment: string, state: string): Promise<void> {
  await until(`${consignment} is ${state}`, async () => {
    const { rows } = await story.pool.query<{ state: string }>('select state from consignment where id = $1', [
      consignment,
    ])
    return rows[0]?.state === state
  })
}

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; !(await look()); await sleep(LOOK_MS)) {
    if (Date.now() > end) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`)
  }
}

function expect(good: boolean, what: string): void {
  if (!good) throw new Error(`not so: ${what}`)
}
