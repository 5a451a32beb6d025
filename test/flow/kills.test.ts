import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { processEnvironment } from '../../libs/runtime/index.ts'
import type { DemoSystem } from '../../services/cli/demo/seed.ts'
import { startPrivateCluster } from '../harness/harness.ts'
import { seededRandom } from '../harness/seeded-random.ts'
import {
  deliver,
  findLogFaults,
  inParallel,
  sayWhole,
  settle,
  signParcels,
  startReceivers,
} from '../harness/traffic.ts'
import { askForToken, startWorld } from '../harness/world.ts'

// A machine that does other things as well needs its time.
t.setTimeout(400_000)

const PATIENCE_MS = 60_000

t.test(
  'PostgreSQL killed: 503 with Retry-After and a code everywhere, back by itself, nothing answered is lost',
  async (t) => {
    const cluster = await startPrivateCluster(t)
    const world = await startWorld(t, { cluster })
    const parcels = signParcels(world, 120)
    const receivers = startReceivers(world)
    await inParallel(parcels.slice(0, 20), 4, (parcel) => deliver(world, parcel))
    await cluster.kill()
    const asked = performance.now()
    const answers = {
      submission: await world.submit('demo-g12', world.packet('demo-g12', ['H26'])),
      mailbox: await world.call('demo-h26', 'GET', '/v1/mailbox'),
      lease: await world.call('demo-h26', 'POST', '/v1/mailbox/lease', { body: {} }),
      dispatch: await world.call('demo-g12', 'GET', `/v1/dispatches/${parcels[0]?.dispatch}`),
    }
    const answered = performance.now() - asked
    for (const [what, { status, headers, body }] of Object.entries(answers)) {
      t.equal(status, 503, what)
      t.equal(body.code, 'LT_STORE_UNAVAILABLE', what)
      t.match(headers.get('retry-after'), /^[1-9]\d*$/, `${what}: Retry-After`)
    }
    const token = await askForToken(world.baseUrl, world.systems['demo-h53'] as DemoSystem)
    t.equal(token.status, 503, 'token')
    t.equal(token.body.code, 'LT_STORE_UNAVAILABLE', 'token')
    t.equal(token.body.error, 'temporarily_unavailable')
    t.match(token.headers.get('retry-after'), /^[1-9]\d*$/)
    const ready = async (): Promise<number> => (await fetch(`${world.baseUrl}/health/ready`)).status
    t.equal(await ready(), 503, 'not ready')
    t.equal((await fetch(`${world.baseUrl}/health/live`)).status, 200, 'but alive')
    await cluster.start()
    const back = performance.now()
    await world.until(async () => (await ready()) === 200, PATIENCE_MS)
    const readyAfter = performance.now() - back
    t.equal((await askForToken(world.baseUrl, world.systems['demo-h53'] as DemoSystem)).status, 200, 'a token again')

    const traffic = inParallel(parcels.slice(20), 8, (parcel) => deliver(world, parcel))
    const cut = (async () => {
      for (let i = 0; i < 2; i++) {
        await sleep(300)
        await cluster.kill()
        await sleep(300)
        await cluster.start()
      }
    })()
    await Promise.all([traffic, cut])
    const outcome = await settle(world, parcels, receivers, PATIENCE_MS)
    await receivers.stop()
    const repeated = parcels.filter(({ answers }) => answers.length > 1)
    t.comment(
      `FIGURES PostgreSQL down: four 503 in ${answered.toFixed(0)} ms; ready ${readyAfter.toFixed(0)} ms after its return; ` +
        `killed twice in traffic: ${JSON.stringify(outcome)}, ${repeated.length} submissions repeated, ` +
        `${repeated.filter(({ answers }) => answers.at(-1) === 200).length} of them found already accepted`,
    )
    sayWhole(t, outcome, parcels.length)
    t.same(await findLogFaults(world), [])
  },
)

t.test('each service killed at random in traffic: nothing lost, nothing twice', async (t) => {
  const services = ['routing', 'audit', 'receipts', 'gateway'] as const
  const world = await startWorld(t, { processes: services })
  const seed = Number(processEnvironment().LIENTHONG_SEED ?? 20261120)
  const random = seededRandom(seed)
  const victims = [...random.some(services, services.length), ...random.some(services, services.length)]
  const parcels = signParcels(world, victims.length * 30)
  const receivers = startReceivers(world)
  let kills = 0
  const traffic = inParallel(parcels, 4, async (parcel, i) => {
    // Thirty parcels are on their way around each kill.
    await world.until(async () => kills >= Math.floor(i / 30), 60_000)
    await deliver(world, parcel)
  })
  const killing = (async () => {
    for (const victim of victims) {
      await sleep(random() * 300)
      await world.processOf(victim).kill()
      kills++
      await sleep(random() * 300)
      await world.start(victim)
    }
  })()
  await Promise.all([traffic, killing])
  const outcome = await settle(world, parcels, receivers, PATIENCE_MS)
  await receivers.stop()
  t.comment(
    `FIGURES seed ${seed}: ${kills} kills, ${JSON.stringify(outcome)}, ` +
      `${parcels.filter(({ answers }) => answers.length > 1).length} submissions repeated, fetched again ${receivers.repeats}`,
  )
  sayWhole(t, outcome, parcels.length)
  t.same(await findLogFaults(world), [])
})
