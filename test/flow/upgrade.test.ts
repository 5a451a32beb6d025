import t from 'tap'
import { changeSystem } from '../../libs/registry/index.ts'
import { checkSchema, knownMigrations, migrate, openConnection } from '../../libs/store/index.ts'
import { copyRows } from '../harness/copy-rows.ts'
import { createDatabase } from '../harness/harness.ts'
import { startEndpoint } from '../harness/push-endpoint.ts'
import { openAdmin, sharedCluster } from '../harness/shared-cluster.ts'
import { findLogFaults, startReceivers } from '../harness/traffic.ts'
import { startWorld } from '../harness/world.ts'

// A machine that does other things as well needs its time.
t.setTimeout(300_000)

/** The schema of the version that is upgraded: there is no tag yet. */
const EARLIER = '0004-delivery.sql'
const SETTINGS = {
  PUSH_ALLOWED_NETWORKS: '127.0.0.0/8',
  RETRY_FIRST_MS: '200',
  RETRY_MAX_MS: '2000',
  SWEEP_IDLE_MS: '100',
  SWEEP_AFTER_MS: '400',
}

t.test('an upgrade finds documents in every state: each arrives once, and the log goes on', async (t) => {
  const database = await createDatabase(t)
  const endpoint = await startEndpoint(t)
  const world = await startWorld(t, { cluster: database, services: [], environment: SETTINGS })
  await changeSystem(world.operator, 'demo-h53', { delivery: 'push', pushUrl: endpoint.url('demo-h53') })
  const sent = new Map<string, string>()
  const send = async (what: string, agency: string): Promise<{ dispatch: string; consignment: string }> => {
    const { status, body } = await world.submit('demo-g12', world.packet('demo-g12', [agency]))
    t.equal(status, 202, what)
    sent.set(body.dispatch, what)
    return { dispatch: body.dispatch, consignment: body.recipients[0].consignment }
  }
  const stateOf = async ({ dispatch }: { dispatch: string }): Promise<string> =>
    (
      await world.eyes.query(
        `select concat_ws(' ', d.state, c.state) as state from dispatch d left join consignment c on c.dispatch_id = d.id where d.id = $1`,
        [dispatch],
      )
    ).rows[0].state
  const reaches = (one: { dispatch: string }, state: string): Promise<boolean> =>
    world.until(async () => (await stateOf(one)) === state)
  const lease = async () => {
    const { body } = await world.call('demo-h26', 'POST', '/v1/mailbox/lease', { body: { max: 1, seconds: 300 } })
    return body.items[0] as { lease: string; item: { consignment: string; dispatch: string } }
  }

  for (const service of ['routing', 'audit', 'receipts', 'gateway', 'delivery'] as const) await world.start(service)
  const done = await send('closed', 'H26')
  const early = startReceivers(world, ['demo-h26'])
  await reaches(done, 'CLOSED ACKNOWLEDGED')
  await early.stop()
  endpoint.behave('demo-h53', () => ({ status: 500 }))
  const retrying = await send('retrying', 'H53')
  await world.until(async () => endpoint.hits.length > 1)
  await Promise.all(['delivery', 'receipts', 'audit'].map((each) => world.stop(each as 'audit')))
  const leased = await send('handed over', 'H26')
  await reaches(leased, 'ROUTED AVAILABLE')
  const held = await lease()
  t.equal(held.item.dispatch, leased.dispatch)
  const parts = `/v1/consignments/${leased.consignment}/parts/0?lease=${held.lease}`
  t.equal((await world.call('demo-h26', 'GET', parts)).status, 200)
  const ended = await send('acknowledged', 'H26')
  await reaches(ended, 'ROUTED AVAILABLE')
  const other = await lease()
  await world.call('demo-h26', 'GET', `/v1/consignments/${ended.consignment}/parts/0?lease=${other.lease}`)
  await world.call('demo-h26', 'POST', '/v1/mailbox/acknowledge', {
    body: { items: [{ consignment: ended.consignment, lease: other.lease }] },
  })
  const waiting = await send('available', 'H26')
  const queued = await send('queued', 'H53')
  await reaches(waiting, 'ROUTED AVAILABLE')
  await reaches(queued, 'ROUTED QUEUED')
  await world.stop('routing')
  const accepted = await send('accepted', 'H26')
  await world.stop('gateway')
  const states = await Promise.all([done, retrying, leased, ended, waiting, queued, accepted].map(stateOf))
  t.same(states, [
    'CLOSED ACKNOWLEDGED',
    'ROUTED RETRYING',
    'ROUTED HANDED_OVER',
    'ROUTED ACKNOWLEDGED',
    'ROUTED AVAILABLE',
    'ROUTED QUEUED',
    'ACCEPTED',
  ])

  // The same rows under the earlier schema, in a database of the same name.
  const { state } = await sharedCluster()
  const admin = await openAdmin(state)
  const now = `${database.name}_now`
  t.teardown(async () => {
    await admin.query(`drop database if exists ${now} with (force)`)
    await admin.end()
  })
  await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [database.name])
  await admin.query(`alter database ${database.name} rename to ${now}`)
  await admin.query(`create database ${database.name} owner lt_owner template template0`)
  const applied = await migrate(database.url('owner'), EARLIER)
  t.equal(applied.at(-1)?.name, EARLIER)
  const from = await openConnection(database.url('postgres').replace(database.name, now), 'now')
  const to = await openConnection(database.url('postgres'), 'earlier')
  const copied = await copyRows(from, to)
  await from.end()
  t.match(copied, { dispatch: sent.size, consignment: sent.size - 1 })
  await world.until(() => world.eyes.query('select').catch(() => undefined))

  const refused = { code: 'LT_STORE_SCHEMA_MISMATCH' }
  await t.rejects(world.start('gateway'), refused, 'a new program does not serve an old schema')
  const known = await knownMigrations()
  const missing = known.filter(({ name }) => name > EARLIER)
  const upgraded = await migrate(database.url('owner'))
  t.same(
    upgraded.map(({ name }) => name),
    missing.map(({ name }) => name),
  )
  for (const { name, durationMs } of upgraded) t.comment(`${name} in ${durationMs} ms`)
  await t.resolves(checkSchema(to))
  // What an even later version would leave behind.
  const later = `insert into schema_migration (name, checksum, breaking) values ('9999-later.sql', '', `
  await to.query(`${later}true)`)
  await t.rejects(world.start('gateway'), refused, 'a breaking migration stops the program before it')
  await to.query(`update schema_migration set breaking = false where name = '9999-later.sql'`)

  endpoint.behave('demo-h53', () => ({ status: 204 }))
  for (const service of ['routing', 'audit', 'receipts', 'gateway', 'delivery'] as const) await world.start(service)
  const { body: late } = await world.call('demo-h26', 'POST', '/v1/mailbox/acknowledge', {
    body: { items: [{ consignment: leased.consignment, lease: held.lease }] },
  })
  t.match(late.items, [{ ok: true }], 'a lease of before the upgrade is good after it')
  const receivers = startReceivers(world, ['demo-h26'])
  const all = [...sent.keys()]
  const rest = 'select count(*)::int as open from dispatch where id = any($1) and state <> $2'
  await world
    .until(async () => (await world.eyes.query(rest, [all, 'CLOSED'])).rows[0].open === 0, 60_000)
    .catch(() => undefined)
  await receivers.stop()
  for (const one of [retrying, leased, ended, waiting, queued, accepted])
    t.equal(await stateOf(one), 'CLOSED ACKNOWLEDGED', sent.get(one.dispatch) ?? '')
  const { rows } = await world.eyes.query(
    'select count(*)::int as consignments, count(distinct dispatch_id)::int as dispatches from consignment',
  )
  t.same(rows, [{ consignments: sent.size, dispatches: sent.size }], 'one consignment each')
  t.same([...receivers.taken.keys()].sort(), [waiting.consignment, accepted.consignment].sort(), 'taken once each')
  await world.until(async () => (await world.eyes.query('select from audit_pending')).rowCount === 0)
  t.same(await findLogFaults(world), [])
  await to.end()
})
