import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { startPostgres } from '../../deploy/local/postgres.ts'
import { findProgram } from '../../libs/runtime/index.ts'
import { openConnection } from '../../libs/store/index.ts'
import { clusterPlace } from '../harness/cluster-place.ts'
import { freePort, startPrivateCluster } from '../harness/harness.ts'
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
t.setTimeout(300_000)

const run = promisify(execFile)
const PARCELS = 200

t.test('primary killed under load, standby promoted: each answered document is there once', async (t) => {
  const primary = await startPrivateCluster(t)
  const place = clusterPlace(t)
  const port = await freePort()
  const { home: _, data, ...owner } = place
  const source = `${primary.url('backup')}?application_name=standby`
  await run(findProgram('pg_basebackup') ?? '', ['-d', source, '-D', data, '-X', 'stream', '-c', 'fast', '-R'], {
    ...owner,
    cwd: '/',
  })
  await startPostgres(place, port, 'own')
  const admin = await openConnection(primary.url('postgres'), 'admin')
  await admin.query(`alter system set synchronous_standby_names = 'standby'`)
  await admin.query('select pg_reload_conf()')

  const both = (url: string): string =>
    `${url.replace(`:${primary.port}/`, `:${primary.port},127.0.0.1:${port}/`)}?target_session_attrs=read-write`
  const world = await startWorld(t, { cluster: { url: (role) => both(primary.url(role)) } })
  await world.until(
    async () => (await admin.query('select sync_state from pg_stat_replication')).rows[0]?.sync_state === 'sync',
  )
  await admin.end()

  const parcels = signParcels(world, PARCELS)
  const receivers = startReceivers(world)
  const receipts = new Map<string, string>()
  const sending = inParallel(parcels, 8, async (parcel) => {
    const { body } = await deliver(world, parcel)
    receipts.set(parcel.hash, body.receipt.xml)
  })
  await world.until(() => Promise.resolve(receipts.size >= PARCELS / 3), 60_000)
  await primary.kill()
  const killed = performance.now()
  const answered = new Map(receipts)
  const standby = await openConnection(primary.url('postgres').replace(`:${primary.port}/`, `:${port}/`), 'promote')
  t.equal((await standby.query('select pg_promote(true, 30) as promoted')).rows[0].promoted, true)
  await standby.end()
  await world.until(() => Promise.resolve(receipts.size > answered.size), 60_000)
  const back = performance.now()
  await sending
  // A pool learns of the new primary by a try that fails.
  await world.until(() => world.eyes.query('select').catch(() => undefined))
  const outcome = await settle(world, parcels, receivers, 60_000)
  await receivers.stop()
  const met = parcels.filter(({ answers }) => answers.length > 1).length
  t.comment(
    `FIGURES primary killed after ${answered.size} answers; first answer of the new one ${Math.round(back - killed)} ms later; ` +
      `${met} submissions met the failure; ${JSON.stringify(outcome)}`,
  )
  t.ok(answered.size < PARCELS, 'killed under load')
  sayWhole(t, outcome, PARCELS)
  t.same(await findLogFaults(world), [])
  const again = parcels.filter(({ hash }) => answered.has(hash)).slice(0, 20)
  await inParallel(again, 4, async ({ system, packet, hash }) => {
    const { body } = await world.submit(system, packet)
    t.equal(body.receipt.xml, answered.get(hash), 'the receipt the old primary signed, byte for byte')
  })
})
