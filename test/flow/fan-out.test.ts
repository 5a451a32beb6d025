import { Readable } from 'node:stream'
import t from 'tap'
import { importAgencies } from '../../libs/registry/index.ts'
import { startWorld } from '../harness/world.ts'

const COUNT = 2000

t.test('one packet to 2,000 units: accepted in one call, one stored copy, one consignment each', async (t) => {
  const world = await startWorld(t)
  const codes = Array.from({ length: COUNT }, (_, i) => `H26.${String(i + 100)}`)
  const csv = ['code,name', ...codes.map((code) => `${code},Đơn vị ${code}`)].join('\n')
  const imported = await importAgencies(world.operator, Readable.from([Buffer.from(csv)]) as never, { format: 'csv' })
  t.equal(imported.problems.length, 0, JSON.stringify(imported.problems[0]))
  const packet = world.packet('demo-g12', codes)
  t.ok(packet.length > 200 * 1024, 'large enough to be read on a thread of its own')
  await world.until(async () => (await world.call('demo-g12', 'GET', `/v1/agencies/${codes.at(-1)}`)).status === 200)
  const submitted = await world.submit('demo-g12', packet)
  t.equal(submitted.status, 202, JSON.stringify(submitted.body).slice(0, 500))
  t.equal(submitted.body.signature.verdict, 'valid')
  t.equal(submitted.body.recipients.length, COUNT)
  const { rows } = await world.until(async () => {
    const found = await world.eyes.query(
      `select count(*)::int as consignments, count(distinct agency_code)::int as agencies,
        (select count(*) from content)::int as parts, (select count(*) from content where path is not null)::int as files from consignment`,
    )
    return found.rows[0].consignments > 0 && found
  })
  t.same(rows[0], { consignments: COUNT, agencies: COUNT, parts: 2, files: 1 })
  const { body } = await world.call('demo-h26', 'GET', '/v1/mailbox?limit=1000')
  t.equal(body.items.length, 1000)
  const rest = await world.call('demo-h26', 'GET', `/v1/mailbox?limit=1000&after=${body.next}`)
  t.equal(rest.body.items.length, COUNT - 1000)

  const other = await world.submit('demo-g12', world.packet('demo-g12', [codes[0] as string]))
  const fetch = async (dispatches: readonly string[], events?: readonly string[]) =>
    (
      await world.call('demo-g12', 'POST', '/v1/receipts/fetch', {
        body: { dispatches, ...(events ? { events } : {}) },
      })
    ).body
  const both = [submitted.body.dispatch, other.body.dispatch]
  const first = await fetch(both, ['SubmissionAcceptance'])
  t.same(first.later, [])
  t.same(
    first.items.map(({ receipts }: { receipts: { xml: string }[] }) => receipts.map(({ xml }) => xml)),
    [[submitted.body.receipt.xml], [other.body.receipt.xml]],
    'the receipts that were given at once',
  )
  const all = await fetch(both)
  t.same([all.items.length, all.later], [1, [other.body.dispatch]], 'what finds no room is asked for again')
  const [broadcast] = all.items
  t.equal(broadcast.receipts.length, 500)
  t.equal(broadcast.next, broadcast.receipts.at(-1).entry)
  t.equal((await fetch(all.later)).items[0].dispatch, other.body.dispatch)
  const page = await world.call(
    'demo-g12',
    'GET',
    `/v1/dispatches/${submitted.body.dispatch}/receipts?after=${broadcast.next}&limit=2000`,
  )
  t.equal(page.body.items.length, COUNT + 1 - 500)

  const broken = await world.submit('demo-g12', packet.subarray(0, packet.length - 40))
  t.equal(broken.body.code, 'LT_ENV_MALFORMED', 'a refusal comes back from the other thread with its code')
  const tampered = await world.submit(
    'demo-g12',
    Buffer.from(packet.toString().replace('Thông báo thử nghiệm', 'Thông báo thử nghiêm')),
  )
  t.equal(tampered.body.code, 'LT_SIG_DIGEST_MISMATCH')
})
