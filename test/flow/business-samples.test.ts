import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { addAgency, changeSystem, front } from '../../libs/registry/index.ts'
import {
  acknowledge,
  fetchHeld,
  lease,
  receive,
  recipientOf,
  type SentDocument,
  type Shown,
} from '../harness/business.ts'
import { type Answer, startWorld, type World } from '../harness/world.ts'

// The vendor's own packets, byte for byte, between systems that are dealt with tolerantly: they name G22 as the issuer and H41, H14, G17 as
// receivers, under their old codes.
const folder = process.env.LIENTHONG_CORPUS && join(process.env.LIENTHONG_CORPUS, 'samples')
const SYSTEMS = { G22: 'demo-g12', H41: 'demo-h26', H14: 'demo-h53', G17: 'demo-h53' } as const
const RECEIVERS = ['000.00.00.H41', '000.00.00.H14', '000.00.00.G17']

if (folder && existsSync(folder)) againstTheAxis(folder)
else t.comment('SKIPPED: LIENTHONG_CORPUS does not name a folder with samples/')
if (!folder) t.pass('no samples to hold against')

function againstTheAxis(samples: string): void {
  let world: World
  /** The document that the samples of statuses are about. */
  let recalled: SentDocument
  const sample = (name: string): Buffer => readFileSync(join(samples, name))
  const submit = (system: string, name: string): Promise<Answer> => world.submit(system, sample(name))

  t.before(async () => {
    world = await startWorld(t)
    for (const [code, name] of Object.entries({ 'H53.11': 'Sở Tài chính', 'A53.01': 'Đơn vị nhận' }))
      await addAgency(world.operator, { code, name, source: 'test' })
    for (const [agency, system] of Object.entries({ ...SYSTEMS, 'H53.11': 'demo-h53', 'A53.01': 'demo-h26' }))
      await front(world.operator, system, agency, { withDescendants: false })
    for (const system of new Set(Object.values(SYSTEMS)))
      await changeSystem(world.operator, system, { tolerance: 'tolerant', signaturePolicy: 'off' })
    // Until the gateway has heard of it.
    await world.until(
      async () =>
        (await submit('demo-g12', 'd1-status/status_cancellation_13.edxml')).body.code !== 'LT_AUTH_FOREIGN_AGENCY',
    )
  })

  /** A document under an id that a sample names. */
  async function original(documentId: string): Promise<SentDocument> {
    const packet = world.unsigned('demo-g12', RECEIVERS, {
      documentId,
      sender: { code: '000.00.00.G22', name: 'VPCP' },
    })
    const { status, body } = await world.submit('demo-g12', packet)
    t.equal(status, 202, body.code)
    const consignments = Object.fromEntries(
      body.recipients.map((each: { agency: string; consignment: string }) => [each.agency, each.consignment]),
    )
    return {
      dispatch: body.dispatch,
      system: 'demo-g12',
      agency: 'G22',
      documentId,
      number: '1',
      notation: 'X',
      consignments,
    }
  }

  const outcomes = async (document: SentDocument): Promise<Record<string, Shown>> => {
    const rows = await Promise.all(
      ['H41', 'H14', 'G17'].map((agency) => recipientOf(world, document, agency, ({ state }) => state !== 'ACCEPTED')),
    )
    return Object.fromEntries(rows.map((row) => [row.agency, row]))
  }

  t.test('new, then recall: the vendor names the document by the packet’s own id', async (t) => {
    const sent = await submit('demo-h53', 'd1-sdk-documents/bkav-edoc_new.edxml')
    t.equal(sent.status, 202, sent.body.code)
    t.ok(await receive(world, 'demo-h26', sent.body.dispatch))
    const document = await original('000.00.00.G22,2015/09/30,7816/VPCP-TTĐT')
    recalled = document
    await receive(world, 'demo-h26', document.dispatch)
    const asked = await submit('demo-g12', 'd1-sdk-documents/pvn-edoc_revocation.edxml')
    t.equal(asked.status, 202, asked.body.code)
    await recipientOf(world, document, 'H41', ({ business }) => business.pending === 'recall')
    const rows = await outcomes(document)
    t.same([rows.H14.state, rows.G17.state], ['RECALLED', 'RECALLED'])
    const held = await lease(world, 'demo-h26', asked.body.dispatch)
    t.ok((await fetchHeld(world, 'demo-h26', held)).bytes.equals(sample('d1-sdk-documents/pvn-edoc_revocation.edxml')))
    await acknowledge(world, 'demo-h26', held)
  })

  t.test('update: one receiver removed, one added', async (t) => {
    const documentId = '000.00.00.G22,2014/02/30,7806/VPCP-TTĐT'
    const packet = world.unsigned('demo-g12', ['000.00.00.H41', '000.00.00.G17'], {
      documentId,
      sender: { code: '000.00.00.G22', name: 'VPCP' },
    })
    const { body } = await world.submit('demo-g12', packet)
    const document = {
      dispatch: body.dispatch,
      system: 'demo-g12',
      agency: 'G22',
      documentId,
      number: '1',
      notation: 'X',
      consignments: {},
    }
    const asked = await submit('demo-g12', 'd1-sdk-documents/pvn-edoc_update.edxml')
    t.equal(asked.status, 202, asked.body.code)
    const removed = await recipientOf(
      world,
      document,
      'H41',
      ({ state, business }) => state === 'RECALLED' && business.done,
    )
    t.match(removed.business.requests, [{ action: 'remove', outcome: 'withdrawn' }])
    await recipientOf(world, document, 'H14', ({ state }) => state === 'AVAILABLE')
    await recipientOf(world, document, 'G17', ({ business }) => business.pending === 'update')
  })

  t.test('replacement of a document named twice', async (t) => {
    const document = await original('000.00.00.G22,2014/01/30,7806/VPCP-TTĐT')
    const asked = await submit('demo-g12', 'd1-sdk-documents/pvn-edoc_replacement.edxml')
    t.equal(asked.status, 202, asked.body.code)
    await recipientOf(world, document, 'H41', ({ state }) => state === 'RECALLED')
    const rows = await outcomes(document)
    t.same([rows.H14.business.done, rows.G17.business.requests], ['replaced', []], 'for H41 and H14, as it says')
    t.ok(await receive(world, 'demo-h26', asked.body.dispatch), 'and the replacement itself arrives')
  })

  t.test('every status of the vendor travels, matched or flagged', async (t) => {
    for (const name of [
      'inbox_01',
      'rejection_02',
      'acceptance_03',
      'assignment_04',
      'processing_05',
      'finish_06',
      'cancellation_13',
      'change-acceptance_15',
      'change-rejection_16',
    ]) {
      const bytes = sample(`d1-status/status_${name}.edxml`).toString()
      const [, sender = ''] = /From>\s*<edXML:OrganId>([^<]+)/.exec(bytes) ?? []
      const agency = sender.split('.').at(-1) ?? ''
      const system = SYSTEMS[agency as keyof typeof SYSTEMS]
      const answer = await submit(system, `d1-status/status_${name}.edxml`)
      t.ok(answer.status < 300, `${name}: ${answer.status} ${answer.body.code ?? ''}`)
    }
    const row = await recipientOf(world, recalled, 'H41', ({ state }) => state === 'RECALLED')
    t.equal(row.business.done, 'recalled', 'their 15 answers their recall')
  })
}
