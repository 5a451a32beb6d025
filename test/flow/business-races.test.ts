import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { claimAttempts, openPool, type Pool } from '../../libs/store/index.ts'
import { routeDispatches } from '../../services/routing/route-dispatches.ts'
import { acknowledge, fetchHeld, recall, routingOf, type SentDocument, sendDocument } from '../harness/business.ts'
import { startWorld, type World } from '../harness/world.ts'

// A recall races with routing, lease, fetch, acknowledgement, release, re-send and attempts. Whatever the order, each recipient ends in exactly
// one of two outcomes, told alike by rows, log and what the receiver's system was answered.
const SEEDS = Number(process.env.SEEDS ?? 60)
const SIDE_BY_SIDE = 6

let world: World
let routing: Pool
t.before(async () => {
  world = await startWorld(t, { services: ['routing', 'gateway'] })
  // The streams are there; from now on the test says what is routed when.
  await world.stop('routing')
  routing = openPool(world.servers.database.url('routing'), { name: 'races', max: 8 })
  t.teardown(() => routing.end())
})

/** Numbers between 0 and 1 that the seed decides (mulberry32). */
function random(seed: number): () => number {
  let state = seed * 0x9e3779b9
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

interface Received {
  leased: boolean
  fetched: boolean
  acknowledged: boolean
  readonly codes: string[]
}

/** A receiver's system that takes what there is of one dispatch, as far as the dice let it. */
async function takeIt(document: SentDocument, dice: () => number): Promise<Received> {
  const seen: Received = { leased: false, fetched: false, acknowledged: false, codes: [] }
  const consignment = document.consignments.H26 as string
  await sleep(dice() * 12)
  // The lease of exactly this one, as the mailbox gives it: others run side by side and share the mailbox.
  const { rows } = await world.eyes.query<{ lease_token: string }>(
    `update consignment set lease_token = gen_random_uuid(), lease_until = clock_timestamp() + interval '1 minute', version = version + 1
     where id = $1 and state = 'AVAILABLE' returning lease_token`,
    [consignment],
  )
  const [row] = rows
  if (!row) return seen
  seen.leased = true
  const held = { consignment, lease: row.lease_token }
  await sleep(dice() * 8)
  if (dice() < 0.8) {
    const { status, body } = await fetchHeld(world, 'demo-h26', held)
    seen.fetched = status === 200
    if (status !== 200) seen.codes.push(body.code)
  }
  if (dice() < 0.7) {
    const ended = await acknowledge(world, 'demo-h26', held)
    seen.acknowledged = ended.ok
    if (!ended.ok) seen.codes.push(ended.code)
  }
  return seen
}

async function raceOnce(t: Test, seed: number): Promise<'withdrawn' | 'pending'> {
  const dice = random(seed)
  const document = await sendDocument(world, 'demo-g12', ['H26', 'H53'])
  const route = async (id: string, until: number): Promise<void> => {
    await sleep(dice() * until)
    await routeDispatches([id], routingOf(routing))
  }
  if (dice() < 0.7) await route(document.dispatch, 0)
  const asked = (await recall(world, document, ['H26'])).body.dispatch
  const [received] = await Promise.all([
    takeIt(document, dice),
    route(document.dispatch, 8),
    route(asked, 20),
    // Messages come twice.
    route(asked, 30),
  ])
  await routeDispatches([document.dispatch, asked], routingOf(routing))
  return judge(t, seed, document, asked, received)
}

async function judge(
  t: Test,
  seed: number,
  document: SentDocument,
  asked: string,
  received: Received,
): Promise<'withdrawn' | 'pending'> {
  const say = (what: string): string => `seed ${seed}: ${what}`
  const { rows } = await world.eyes.query(
    `select c.id, c.agency_code, c.state, c.recall_pending, c.handed_over_at, d.id as dispatch
     from dispatch d join consignment c on c.dispatch_id = d.id where d.id = any($1) order by d.id, c.agency_code`,
    [[document.dispatch, asked]],
  )
  const told = rows.find(({ dispatch }) => dispatch === asked)
  const [own, other] = rows.filter(({ dispatch }) => dispatch === document.dispatch)
  t.equal(rows.length, 3, say('one consignment per recipient'))
  t.same(
    [other.agency_code, other.state, other.recall_pending],
    ['H53', 'AVAILABLE', false],
    say('others are untouched'),
  )
  const requests = await world.eyes.query('select outcome from business_request where dispatch_id = $1', [asked])
  const outcome = requests.rows[0]?.outcome
  t.equal(requests.rows.length, 1, say('one request'))
  const log = await world.eyes.query<{ event: string }>(
    'select event from audit_entry where consignment_id = $1 order by event',
    [own.id],
  )
  const events = log.rows.map(({ event }) => event)
  const count = (event: string): number => events.filter((each) => each === event).length
  t.equal(count('ConsignmentRecalled') + count('RecallPending'), 1, say(`one entry of it: ${events}`))
  if (outcome === 'withdrawn') {
    t.same([own.state, own.recall_pending, own.handed_over_at], ['RECALLED', false, null], say('taken back whole'))
    t.same([received.fetched, received.acknowledged], [false, false], say('nothing left the axis'))
    t.same(
      received.codes.filter((code) => code !== 'LT_BOX_LATE'),
      [],
      say('who came late is told so'),
    )
    t.same(
      [told.state, count('ConsignmentRecalled'), count('ContentHandover')],
      ['RECALLED', 1, 0],
      say('and nobody hears of it'),
    )
  } else {
    t.equal(outcome, 'pending', say('pending'))
    t.equal(received.leased, true, say('only because somebody had a lease'))
    t.equal(own.recall_pending, true, say('stands beside the state'))
    t.equal(
      own.state,
      received.acknowledged ? 'ACKNOWLEDGED' : received.fetched ? 'HANDED_OVER' : 'AVAILABLE',
      say('transport goes on'),
    )
    t.same(received.codes, [], say('the receiver goes on unhindered'))
    t.same([told.state, count('RecallPending')], ['AVAILABLE', 1], say('and its receiver hears of the recall'))
  }
  return outcome
}

t.test(`${SEEDS} seeds: a recall against routing, lease, fetch and acknowledgement`, async (t) => {
  const outcomes: Record<string, number> = {}
  for (let seed = 1; seed <= SEEDS; seed += SIDE_BY_SIDE) {
    const some = Array.from({ length: Math.min(SIDE_BY_SIDE, SEEDS - seed + 1) }, (_, i) => seed + i)
    for (const outcome of await Promise.all(some.map((each) => raceOnce(t, each))))
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }
  t.comment(JSON.stringify(outcomes))
  t.ok((outcomes.withdrawn ?? 0) > 0 && (outcomes.pending ?? 0) > 0, 'both outcomes were met')
})

t.test('a recall against the beginning of a push', async (t) => {
  const delivery = openPool(world.servers.database.url('delivery'), { name: 'races', max: 4 })
  t.teardown(() => delivery.end())
  const outcomes: Record<string, number> = {}
  for (let seed = 1; seed <= SEEDS / 2; seed++) {
    const dice = random(1000 + seed)
    const document = await sendDocument(world, 'demo-g12', ['H26'])
    const id = document.consignments.H26 as string
    await routeDispatches([document.dispatch], routingOf(routing))
    await world.eyes.query(
      `update consignment set mode = 'push', state = 'QUEUED', next_publish_at = now() where id = $1`,
      [id],
    )
    const asked = (await recall(world, document, ['H26'])).body.dispatch
    const claim = async (): Promise<boolean> => {
      await sleep(dice() * 6)
      const wanted = { id, version: 1, attempt: 1, at: new Date().toISOString(), deadline_ms: 60_000 }
      return (await claimAttempts(delivery, [wanted], [])).has(id)
    }
    const [begun] = await Promise.all([
      claim(),
      sleep(dice() * 6).then(() => routeDispatches([asked], routingOf(routing))),
    ])
    const { rows } = await world.eyes.query(
      `select c.state, c.recall_pending, r.outcome, (select count(*)::int from delivery_attempt a where a.consignment_id = c.id) as attempts,
        (select t.state from consignment t where t.dispatch_id = $2) as told
       from consignment c join business_request r on r.consignment_id = c.id where c.id = $1`,
      [id, asked],
    )
    t.same(
      rows,
      [
        begun
          ? { state: 'RETRYING', recall_pending: true, outcome: 'pending', attempts: 1, told: 'AVAILABLE' }
          : { state: 'RECALLED', recall_pending: false, outcome: 'withdrawn', attempts: 0, told: 'RECALLED' },
      ],
      `seed ${seed}: ${begun ? 'the attempt came first' : 'the recall came first'}`,
    )
    outcomes[String(begun)] = (outcomes[String(begun)] ?? 0) + 1
  }
  t.comment(JSON.stringify(outcomes))
})

t.test('a recall against a re-send: the new consignment is taken back too, or not made', async (t) => {
  for (let seed = 1; seed <= 12; seed++) {
    const dice = random(5000 + seed)
    const document = await sendDocument(world, 'demo-g12', ['H26'])
    const id = document.consignments.H26 as string
    await routeDispatches([document.dispatch], routingOf(routing))
    await world.eyes.query(`update consignment set state = 'DEAD', attempt = 1, ended_at = now() where id = $1`, [id])
    const asked = (await recall(world, document, ['H26'])).body.dispatch
    const [resent] = await Promise.all([
      sleep(dice() * 8).then(() =>
        world.call('demo-g12', 'POST', `/v1/dispatches/${document.dispatch}/consignments/${id}/resend`),
      ),
      sleep(dice() * 8).then(() => routeDispatches([asked], routingOf(routing))),
    ])
    const { rows } = await world.eyes.query(
      `select c.id, c.state, r.outcome from consignment c left join business_request r on r.consignment_id = c.id
       where c.dispatch_id = $1 order by c.id`,
      [document.dispatch],
    )
    t.same(rows[0], { id, state: 'DEAD', outcome: 'pending' }, `seed ${seed}: what may have arrived is asked for`)
    const [, again] = rows
    if (again) {
      t.equal(resent.status, 201, `seed ${seed}: the re-send came first`)
      t.same([again.state, again.outcome], ['RECALLED', 'withdrawn'], `seed ${seed}: and was taken back with it`)
    } else t.equal(resent.body.code, 'LT_SUB_RECALL_PENDING', `seed ${seed}: the recall came first`)
  }
})
