import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { SMALL_PDF, sha256, startWorld } from '../harness/world.ts'

t.test('a signed document travels from one agency to two others and comes back as receipts', async (t) => {
  const world = await startWorld(t)
  const packet = world.packet('demo-g12', ['H26', 'H53'])
  const submitted = await world.submit('demo-g12', packet, { 'idempotency-key': 'first' })
  t.equal(submitted.status, 202, JSON.stringify(submitted.body))
  t.equal(submitted.body.signature.verdict, 'valid')
  t.equal(submitted.body.signature.signerIs, 'agency')
  t.equal(submitted.body.contentHash, sha256(packet).toString('hex'))
  const dispatchId: string = submitted.body.dispatch

  const folder = mkdtempSync(join(tmpdir(), 'lt-flow-'))
  const root = join(folder, 'root.pem')
  writeFileSync(root, world.axis.rootPem)
  const verify = (xml: string, name: string): void => {
    const file = join(folder, `${name}.xml`)
    writeFileSync(file, xml)
    t.doesNotThrow(
      () => execFileSync('xmlsec1', ['--verify', '--trusted-pem', root, file], { stdio: 'pipe' }),
      `${name} verifies`,
    )
  }
  verify(submitted.body.receipt.xml, 'submission')

  for (const system of ['demo-h26', 'demo-h53']) {
    const leased = await world.until(async () => {
      const { body } = await world.call(system, 'POST', '/v1/mailbox/lease', { body: { max: 10 } })
      return body.items.length > 0 && body.items
    })
    t.equal(leased.length, 1)
    const [{ lease, item }] = leased
    t.equal(item.dispatch, dispatchId)
    t.equal(item.sender, 'G12')
    const query = `?lease=${lease}`
    const { body: list } = await world.call(system, 'GET', `/v1/consignments/${item.consignment}/parts${query}`)
    t.same(
      list.parts.map(({ role }: { role: string }) => role),
      ['packet', 'attachment'],
    )
    const fetched = await world.call(system, 'GET', `/v1/consignments/${item.consignment}/parts/0${query}`)
    t.ok(fetched.bytes.equals(packet), 'fetched byte for byte')
    const attachment = await world.call(system, 'GET', `/v1/consignments/${item.consignment}/parts/1${query}`)
    t.ok(attachment.bytes.equals(SMALL_PDF), 'the attachment inside it, decoded')
    const { body: ended } = await world.call(system, 'POST', '/v1/mailbox/acknowledge', {
      body: { items: [{ consignment: item.consignment, lease }] },
    })
    t.same(ended.items, [{ consignment: item.consignment, ok: true, repeated: false }])
    const status = world.status(
      system,
      { agency: 'G12', documentId: item.documentId, code: `${item.number}/${item.notation}` },
      '01',
    )
    const told = await world.submit(system, status)
    t.equal(told.status, 202, JSON.stringify(told.body))
  }

  const shown = await world.until(async () => {
    const { body } = await world.call('demo-g12', 'GET', `/v1/dispatches/${dispatchId}`)
    const done =
      body.state === 'CLOSED' && body.recipients.every((each: { statuses: unknown[] }) => each.statuses.length === 1)
    return done && body
  })
  t.same(
    shown.recipients.map(({ agency, state }: { agency: string; state: string }) => [agency, state]),
    [
      ['H26', 'ACKNOWLEDGED'],
      ['H53', 'ACKNOWLEDGED'],
    ],
  )
  const events = shown.receipts.map(({ event }: { event: string }) => event)
  t.same(events.toSorted(), [
    'ConsignmentAcceptance',
    'ConsignmentAcceptance',
    'ContentConsignment',
    'ContentConsignment',
    'ContentHandover',
    'ContentHandover',
    'SubmissionAcceptance',
  ])
  for (const { href, event, entry } of shown.receipts) {
    const receipt = await world.call('demo-g12', 'GET', href)
    verify(receipt.bytes.toString(), `${event}-${entry}`)
    const again = await world.call('demo-g12', 'GET', href)
    t.ok(again.bytes.equals(receipt.bytes), 'a receipt is signed once and kept')
  }

  const repeated = await world.submit('demo-g12', packet, { 'idempotency-key': 'first' })
  t.equal(repeated.status, 200)
  t.equal(repeated.body.repeated, true)
  t.equal(repeated.body.receipt.xml, submitted.body.receipt.xml, 'the first receipt, byte for byte')
  t.equal(repeated.body.state, 'CLOSED', 'and the present state')

  const { rows } = await world.eyes.query(
    `select (select count(*) from audit_entry)::int as entries, (select count(*) from log_leaf)::int as leaves,
      (select count(*) from audit_pending)::int as pending, (select max(index) + 1 from log_leaf)::int as size`,
  )
  await world.until(async () => (await world.eyes.query('select from audit_pending')).rows.length === 0)
  t.equal(rows[0].entries, rows[0].leaves + rows[0].pending)
  t.equal(rows[0].size, rows[0].leaves)
})
