import t from 'tap'
import { changeSystem } from '../../libs/registry/index.ts'
import { checkPartitions, ensurePartitions, openPool } from '../../libs/store/index.ts'
import { startWorld } from '../harness/world.ts'

t.test('what an operator, a deadline or a calendar does to a document is told with its code', async (t) => {
  const world = await startWorld(t)
  const lease = async (): Promise<{ lease: string; item: { consignment: string; dispatch: string } }> =>
    world.until(
      async () => (await world.call('demo-h26', 'POST', '/v1/mailbox/lease', { body: { max: 1 } })).body.items[0],
    )
  const owner = openPool(world.servers.database.url('owner'), { name: 'owner', max: 1 })
  t.teardown(() => owner.end())

  t.equal((await world.submit('demo-g12', world.packet('demo-g12', ['H26']))).status, 202)
  const first = await lease()
  const path = `/v1/consignments/${first.item.consignment}/parts/0?lease=${first.lease}`
  await owner.query(`update consignment set state = 'EXPIRED', version = version + 1 where id = $1`, [
    first.item.consignment,
  ])
  t.equal((await world.call('demo-h26', 'GET', path)).body.code, 'LT_BOX_LATE')
  const late = await world.call('demo-h26', 'POST', '/v1/mailbox/acknowledge', {
    body: { items: [{ consignment: first.item.consignment, lease: first.lease }] },
  })
  t.match(late.body.items, [{ ok: false, code: 'LT_BOX_LATE' }])

  t.equal((await world.submit('demo-g12', world.packet('demo-g12', ['H26']))).status, 202)
  const second = await lease()
  await owner.query(`update dispatch set content_state = 'DELETED' where id = $1`, [second.item.dispatch])
  const gone = await world.call(
    'demo-h26',
    'GET',
    `/v1/consignments/${second.item.consignment}/parts/0?lease=${second.lease}`,
  )
  t.equal(gone.body.code, 'LT_SUB_CONTENT_DELETED')

  await changeSystem(world.operator, 'demo-g12', { signaturePolicy: 'report', tolerance: 'tolerant' })
  const undeclared = Buffer.from(
    world
      .packet('demo-g12', ['H26'])
      .toString()
      .replace(/ xmlns:edXML="[^"]*"/g, ''),
  )
  const repaired = await world.until(async () => {
    const answer = await world.submit('demo-g12', undeclared)
    return answer.status === 202 && answer
  })
  t.match(repaired.body.signature, { verdict: 'unverifiable', reason: 'LT_SIG_REPAIRED' })

  await t.resolves(checkPartitions(owner))
  const next = await owner.query(
    `select 'audit_entry_' || to_char((now() + interval '7 days') at time zone 'UTC', 'YYYYMM') as name`,
  )
  await owner.query(`alter table audit_entry detach partition ${next.rows[0].name}`)
  await owner.query(`alter table ${next.rows[0].name} rename to put_aside`)
  await t.rejects(checkPartitions(owner), { code: 'LT_STORE_NO_PARTITION' })
  await owner.query('drop table put_aside')
  await ensurePartitions(owner)
  await t.resolves(checkPartitions(owner), 'the routing service makes them ahead')
})
