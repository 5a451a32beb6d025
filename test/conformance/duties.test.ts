import t, { type Test } from 'tap'
import {
  acknowledge,
  fetchHeld,
  lease,
  recall,
  recallPacket,
  receive,
  recipientOf,
  replacement,
  report,
  routed,
  type SentDocument,
  sendDocument,
  show,
} from '../harness/business.ts'
import { SMALL_PDF, sha256, startWorld, type World } from '../harness/world.ts'

// The duties of Decision 28/2018/QĐ-TTg (D28) and Decree 30/2020/NĐ-CP (D30) that software on the way can meet, one test each. The
// comments of a run are the table: row, how it is met, what shows it.

let world: World
t.before(async () => {
  world = await startWorld(t)
})

const held = new Set<string>()

function duty(id: string, met: string, test: (t: Test) => Promise<void>): void {
  held.add(id)
  t.test(`${id}: ${met}`, async (t) => {
    t.comment(`${id} → ${met} → test/conformance/duties.test.ts`)
    await test(t)
  })
}

/** Rows that another file holds, or that are no matter of software on the way. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'D28-03': 'which documents go over the axis is for the agencies to see to',
  'D28-06': 'send by the next working morning → test/flow/clocks.test.ts',
  'D28-16': 'approval and signing by the competent person happen in the sender’s own system',
  'D30-03': 'told within the same day → test/flow/clocks.test.ts',
  'D30-04': 'issued on the day of signing → test/flow/clocks.test.ts',
}

const send = (overrides = {}): Promise<SentDocument> => sendDocument(world, 'demo-g12', ['H26'], overrides)
const refusalOf = async (packet: Buffer): Promise<string> => (await world.submit('demo-g12', packet)).body.code
const own = (overrides: object): Buffer => world.packet('demo-g12', ['H26'], overrides)

duty('D28-01', 'a packet marked secret is refused, and no byte of it stays', async (t) => {
  const before = await world.eyes.query('select count(*)::int as n from content')
  t.equal(await refusalOf(own({ subject: '(TUYỆT MẬT) Báo cáo' })), 'LT_BUS_SECRECY_MARK')
  t.same((await world.eyes.query('select count(*)::int as n from content')).rows, before.rows)
})

duty('D28-02', 'whether its signature validated is recorded with each document', async (t) => {
  const { signature } = await show(world, 'demo-g12', (await send()).dispatch)
  t.match(signature, { verdict: 'valid', signerIs: 'agency', signer: { fingerprint: String } })
})

duty('D28-04', 'whether paper follows is kept and reaches the receiver as it was said', async (t) => {
  const business = { type: 'new', paper: true, receivers: [], replaces: [] } as const
  const document = await send({ business })
  const { rows } = await world.eyes.query(
    `select facts -> 'business' -> 'paper' as paper from dispatch where id = $1`,
    [document.dispatch],
  )
  t.same(rows, [{ paper: true }])
  const fetched = await fetchHeld(world, 'demo-h26', await lease(world, 'demo-h26', document.dispatch))
  t.match(fetched.bytes.toString(), /Paper>1</)
})

duty('D28-05', 'what was signed arrives byte for byte; what was changed is refused', async (t) => {
  const packet = own({})
  const changed = Buffer.from(packet.toString().replace('thử nghiệm', 'thay đổi'))
  t.notSame(changed, packet)
  t.match(await refusalOf(changed), /^LT_SIG_/)
  const { body } = await world.submit('demo-g12', packet)
  const fetched = await fetchHeld(world, 'demo-h26', await lease(world, 'demo-h26', body.dispatch))
  t.ok(fetched.bytes.equals(packet))
})

duty('D28-07', 'it can be fetched and acknowledged at once, whatever paper follows', async (t) => {
  const document = await send()
  const taken = await lease(world, 'demo-h26', document.dispatch, 5_000)
  t.equal((await fetchHeld(world, 'demo-h26', taken)).status, 200)
  t.equal((await acknowledge(world, 'demo-h26', taken)).ok, true)
})

duty('D28-08', 'an urgent document is handed over before those that came earlier', async (t) => {
  const [normal, urgent] = [await send(), await send({ priority: 3 })]
  await Promise.all([routed(world, normal.dispatch), routed(world, urgent.dispatch)])
  const { body } = await world.call('demo-h26', 'POST', '/v1/mailbox/lease', { body: { max: 1 } })
  t.equal(body.items[0].item.dispatch, urgent.dispatch)
})

duty('D28-09', 'states of transport and of processing follow the packets by themselves', async (t) => {
  const document = await send()
  await receive(world, 'demo-h26', document.dispatch)
  await report(world, 'demo-h26', document, '01')
  const row = await recipientOf(world, document, 'H26', ({ business }) => business.code === '01')
  t.match(row, { state: 'ACKNOWLEDGED', handedOverAt: String, endedAt: String })
})

duty('D28-10', 'a packet that does not follow QCVN 102 is refused', async (t) => {
  const misplaced = world
    .unsigned('demo-g12', ['H26'])
    .toString()
    .replace('<edXML:Subject>', '<edXML:Subject lang="vi">')
  t.equal(await refusalOf(world.sign('demo-g12', Buffer.from(misplaced))), 'LT_SCHEMA_INVALID')
})

duty('D28-11', 'the receiver is given size and digest of every part, and the bytes match', async (t) => {
  const document = await send()
  const taken = await lease(world, 'demo-h26', document.dispatch)
  const at = `/v1/consignments/${taken.consignment}/parts`
  const { body } = await world.call('demo-h26', 'GET', `${at}?lease=${taken.lease}`)
  t.equal(body.parts.length, 2)
  for (const { ordinal, size, sha256: digest } of body.parts) {
    const { bytes } = await world.call('demo-h26', 'GET', `${at}/${ordinal}?lease=${taken.lease}`)
    t.same([bytes.length, sha256(bytes).toString('hex')], [size, digest], `part ${ordinal}`)
  }
})

async function refuse(reason: string): Promise<{ document: SentDocument; ok: boolean }> {
  const document = await send()
  const taken = await lease(world, 'demo-h26', document.dispatch)
  const items = [{ consignment: taken.consignment, lease: taken.lease, reason, text: 'trả lại' }]
  const { body } = await world.call('demo-h26', 'POST', '/v1/mailbox/refuse', { body: { items } })
  return { document, ok: body.items[0].ok }
}

duty('D28-12', 'what does not meet the rules is answered through the system: status 02 with the reason', async (t) => {
  const document = await send()
  await receive(world, 'demo-h26', document.dispatch)
  await report(world, 'demo-h26', document, '02', { text: 'thiếu phụ lục' })
  const row = await recipientOf(world, document, 'H26', ({ business }) => business.code === '02')
  t.equal(row.statuses[0].description, 'thiếu phụ lục')
})

duty('D28-13', 'a receiver may refuse with a coded reason, and the sender is told', async (t) => {
  const { document, ok } = await refuse('signature-missing-or-invalid')
  t.equal(ok, true)
  const row = await recipientOf(world, document, 'H26', ({ state }) => state === 'REFUSED')
  t.match(row, { refusal: { reason: 'signature-missing-or-invalid' }, business: { code: '02' } })
})

duty('D28-14', 'after acceptance the states of processing reach the sender', async (t) => {
  const document = await send()
  for (const [i, code] of (['01', '03', '04', '05', '06'] as const).entries())
    await report(world, 'demo-h26', document, code, { at: new Date(Date.now() - (10 - i) * 60_000) })
  const row = await recipientOf(world, document, 'H26', ({ statuses }) => statuses.length === 5)
  t.match(row.business, { code: '06', flagged: false })
})

async function cancel(t: Test): Promise<void> {
  const document = await send()
  await receive(world, 'demo-h26', document.dispatch)
  const asked = await recall(world, document, ['H26'])
  await recipientOf(world, document, 'H26', ({ business }) => business.pending === 'recall')
  t.ok(await receive(world, 'demo-h26', asked.body.dispatch), 'the receiver gets the notice')
  await report(world, 'demo-h26', document, '15')
  const row = await recipientOf(world, document, 'H26', ({ state, business }) => state === 'RECALLED' && business.done)
  t.match(row.business, { done: 'recalled' })
}
duty('D28-15', 'a recall notice reaches the receiver and waits until it says that it cancelled the document', cancel)

duty('D28-17', 'a sender watches, sends again, and recalls with a reason', async (t) => {
  const { document } = await refuse('file-unreadable-or-missing')
  const path = `/v1/dispatches/${document.dispatch}/consignments/${document.consignments.H26}/resend`
  t.equal((await world.call('demo-g12', 'POST', path)).status, 201)
  const silent = { type: 'recall', paper: false, receivers: [], replaces: [] } as const
  t.equal(await refusalOf(recallPacket(world, document, ['H26'], { business: silent })), 'LT_BUS_REASON_MISSING')
})

duty('D28-18', 'each sending, receipt and change of state has its entry', async (t) => {
  const document = await send()
  await receive(world, 'demo-h26', document.dispatch)
  const entries = await world.until(async () => {
    const { rows } = await world.eyes.query('select event from audit_entry where dispatch_id = $1 order by event', [
      document.dispatch,
    ])
    return rows.length === 6 && rows.map(({ event }) => event)
  })
  t.same(entries, [
    'ConsignmentAcceptance',
    'ContentConsignment',
    'ContentHandover',
    'DispatchClosed',
    'DispatchRouted',
    'SubmissionAcceptance',
  ])
})

duty('D30-01', 'authenticity and integrity are checked before anybody receives it', async (t) => {
  t.match(await refusalOf(world.unsigned('demo-g12', ['H26'])), /^LT_SIG_/, 'unsigned')
  t.match(await refusalOf(world.sign('demo-h26', world.unsigned('demo-g12', ['H26']))), /^LT_SIG_/, 'signed by another')
})

duty('D30-02', 'what was sent to the wrong place is returned through the system', async (t) => {
  const { document, ok } = await refuse('wrong-receiver')
  t.equal(ok, true)
  await recipientOf(world, document, 'H26', ({ refusal }) => refusal?.reason === 'wrong-receiver')
})

duty(
  'D30-05',
  'an error is replaced by a document of equal form, or corrected by a letter that answers it',
  async (t) => {
    const document = await send()
    await routed(world, document.dispatch)
    const letter = await send({
      replies: [
        {
          agency: 'G12',
          code: `${document.number}/${document.notation}`,
          documentId: document.documentId,
          promulgationDate: '2026-11-20',
        },
      ],
    })
    const { thread } = await show(world, 'demo-g12', document.dispatch)
    t.match(thread, [{ dispatch: letter.dispatch, direction: 'answered-by' }])
    t.equal((await replacement(world, [document], ['H26'])).status, 202)
    await recipientOf(world, document, 'H26', ({ business }) => business.done === 'replaced')
  },
)

duty('D30-06', 'a recalled document is cancelled and the sender told, both through the system', cancel)

duty('D30-07', 'a document has a number, and its id stands for one document', async (t) => {
  t.match(await refusalOf(own({ number: '' })), /^LT_(?:BUS_NUMBER_MISSING|SCHEMA_INVALID)$/)
  const { documentId } = await send()
  const { body } = await world.submit(
    'demo-g12',
    own({ documentId, attachments: [{ contentId: 'x', name: 'khac.pdf', bytes: SMALL_PDF }] }),
  )
  t.match(body.warnings, [{ code: 'LT_SUB_DUPLICATE_DOCUMENT' }])
})

duty('D30-08', 'a document has a notation', async (t) => {
  t.match(await refusalOf(own({ notation: '' })), /^LT_(?:BUS_NOTATION_MISSING|SCHEMA_INVALID)$/)
})

t.test('no row is left out', async (t) => {
  for (const [id, why] of Object.entries(ELSEWHERE)) t.comment(`${id} → ${why}`)
  const rows = (law: string, count: number): string[] =>
    Array.from({ length: count }, (_, i) => `${law}-${String(i + 1).padStart(2, '0')}`)
  t.same([...held, ...Object.keys(ELSEWHERE)].toSorted(), [...rows('D28', 18), ...rows('D30', 8)])
})
