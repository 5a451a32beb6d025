import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { processEnvironment } from '../../libs/runtime/index.ts'
import {
  deliver,
  findLogFaults,
  inParallel,
  sayWhole,
  settle,
  signParcels,
  startReceivers,
} from '../harness/traffic.ts'
import { startWorld } from '../harness/world.ts'

// A machine that does other things as well needs its time.
t.setTimeout(400_000)

const env = processEnvironment()
const sabotage = env.LIENTHONG_SABOTAGE !== undefined
/** How long NATS stays away, and how many submissions meet that; a sabotage run needs no more than the kind of it. */
const OUTAGE_MS = Number(env.LIENTHONG_OUTAGE_MS ?? (sabotage ? 3_000 : 20_000))
const SUBMISSIONS = sabotage ? 100 : 500
/** A dispatch that was not routed at once is published again after 10 s. */
const PATIENCE_MS = sabotage ? 14_000 : 60_000

t.test('nats-server killed during submissions: all accepted, all delivered, none twice', async (t) => {
  const world = await startWorld(t)
  const parcels = signParcels(world, SUBMISSIONS)
  const receivers = startReceivers(world)
  const third = Math.floor(SUBMISSIONS / 3)
  const begun = performance.now()
  await inParallel(parcels.slice(0, third), 8, (parcel) => deliver(world, parcel))
  await world.servers.nats.kill()
  const killed = performance.now()
  const pause = OUTAGE_MS / (third * 1.1)
  const during: number[] = []
  await inParallel(parcels.slice(third, 2 * third), 1, async (parcel, i) => {
    await sleep(Math.max(0, killed + i * pause - performance.now()))
    const sent = performance.now()
    await deliver(world, parcel)
    during.push(performance.now() - sent)
  })
  const acceptedDuring = parcels.slice(third, 2 * third).filter(({ answers }) => answers.join() === '202').length
  await sleep(Math.max(0, killed + OUTAGE_MS - performance.now()))
  await world.servers.nats.start()
  const back = performance.now()
  await inParallel(parcels.slice(2 * third), 8, (parcel) => deliver(world, parcel))
  const outcome = await settle(world, parcels, receivers, PATIENCE_MS)
  const settled = performance.now()
  await receivers.stop()
  during.sort((a, b) => a - b)
  t.comment(
    `FIGURES nats outage ${Math.round(back - killed)} ms; ${JSON.stringify(outcome)}; packet ${parcels[0]?.packet.length} bytes; ` +
      `answer while NATS is down p50 ${during[during.length >> 1]?.toFixed(0)} ms, max ${during.at(-1)?.toFixed(0)} ms; ` +
      `all closed ${Math.round(settled - back)} ms after its return; whole run ${Math.round(settled - begun)} ms; fetched again ${receivers.repeats}`,
  )
  t.equal(acceptedDuring, third, 'accepted at the first try while NATS was down')
  sayWhole(t, outcome, SUBMISSIONS)
  t.same(await findLogFaults(world), [])
})

t.test('NATS wiped with work in it: routing makes the streams again, the sweeper sends again', async (t) => {
  const world = await startWorld(t)
  const parcels = signParcels(world, 40)
  const receivers = startReceivers(world)
  await world.stop('routing')
  await inParallel(parcels.slice(0, 20), 4, (parcel) => deliver(world, parcel))
  await world.servers.nats.wipe()
  await world.start('routing')
  await inParallel(parcels.slice(20, 30), 4, (parcel) => deliver(world, parcel))
  await world.servers.nats.wipe()
  const wiped = performance.now()
  await inParallel(parcels.slice(30), 4, (parcel) => deliver(world, parcel))
  const outcome = await settle(world, parcels, receivers, sabotage ? 18_000 : PATIENCE_MS)
  t.comment(
    `FIGURES wiped twice: ${JSON.stringify(outcome)}; all closed ${Math.round(performance.now() - wiped)} ms after the second`,
  )
  await receivers.stop()
  sayWhole(t, outcome, parcels.length)
  t.same(await findLogFaults(world), [])
})

t.test(
  'started without NATS and Redis: accepted; delivered once NATS is there; Redis makes no difference',
  async (t) => {
    const world = await startWorld(t, { services: [] })
    await Promise.all([world.servers.nats.kill(), world.servers.redis.kill()])
    for (const service of ['routing', 'audit', 'receipts', 'gateway'] as const) await world.start(service)
    const parcels = signParcels(world, 15)
    await inParallel(parcels.slice(0, 5), 2, (parcel) => deliver(world, parcel))
    await world.servers.redis.start()
    await world.servers.nats.start()
    await inParallel(parcels.slice(5, 10), 2, (parcel) => deliver(world, parcel))
    await world.servers.redis.wipe()
    await inParallel(parcels.slice(10), 2, (parcel) => deliver(world, parcel))
    t.same(new Set(parcels.flatMap(({ answers }) => answers)), new Set([202]), 'each accepted at the first try')
    const receivers = startReceivers(world)
    const outcome = await settle(world, parcels, receivers, PATIENCE_MS)
    await receivers.stop()
    sayWhole(t, outcome, parcels.length)
  },
)
