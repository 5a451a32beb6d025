import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { openPacket } from '../../../libs/envelope/index.ts'
import { runCli } from '../../../services/cli/run-cli.ts'
import { envelopePart, filePart, multipart, signedEnvelope } from '../../harness/detached.ts'
import { SMALL_PDF } from '../../harness/world.ts'
import { type DoorWorld, startDoorWorld } from './door-world.ts'
import { type GoldenClient, VERSIONS } from './golden-client.ts'

interface Tap {
  ok(value: unknown, message: string): unknown
  equal(found: unknown, wanted: unknown, message: string): unknown
  match(found: unknown, pattern: object): unknown
}

/** One receiver, three, and so many that their codes pass what servers take as a header. */
const CROWD = 700
/** The gateway compares its registry every two seconds. */
const REGISTRY_MS = 2500
const LARGE_PDF = Buffer.concat([SMALL_PDF, Buffer.alloc(200_001, 37)])

t.test('clients of today’s axis work with each other, and with those of the native door', async (t) => {
  const world = await startDoorWorld(t, { environment: { DOOR_AXIS_CODE: 'TLT' } })
  await world.operator.query(
    `insert into agency (code, name, name_folded, kind, confidence, source)
     select 'H53.' || to_char(n, 'FM0000'), 'Xã ' || n, 'xa ' || n, 'local', 'stated', 'test' from generate_series(1, $1) n`,
    [CROWD],
  )
  const crowd = Array.from({ length: CROWD }, (_, i) => `H53.${String(i + 1).padStart(4, '0')}`)
  await world.until(async () => (await world.call('demo-g12', 'GET', `/v1/agencies/${crowd.at(-1)}`)).status === 200)

  for (const version of VERSIONS) {
    t.test(`client ${version}: one receiver, from the address book to the answer`, async (t) => {
      const [sender, receiver] = [world.client('demo-g12', { version }), world.client('demo-h26', { version })]
      const book = await sender.list('getAgenciesList')
      t.equal(book.headers.get('content-encoding'), 'gzip')
      const packet = world.unsigned('demo-g12', ['H26'])
      const sent = await sender.send(packet, { from: 'G12', to: '["H26"]' })
      t.equal(sent.json.status, 'OK', JSON.stringify(sent.json))
      const items = await arrived(world, receiver)
      t.equal(items.length, 1)
      t.match(items[0], { from: 'G12', to: 'H26', status: 'initial', messageType: 'edoc', serviceType: 'eDoc' })
      await takeAll(t, receiver, items, packet)
      t.same(await receiver.received(), [], 'what was acknowledged is listed no more')
      await answerWithStatus(t, world, receiver, sender, packet)
      const { json } = await sender.list('getSentEdocList', { docId: sent.json.DocId })
      t.match(json.data, [
        {
          senderDocId: sent.json.DocId,
          toCode: 'H26',
          receiveStatus: 'done',
          docId: sent.json.DocId,
          to: 'H26',
          status: 'done',
        },
      ])
    })
  }

  t.test('three receivers at two systems: one item each', async (t) => {
    const sender = world.client('demo-g12')
    const packet = world.unsigned('demo-g12', ['H26', 'H26.01', 'H53'])
    const sent = await sender.send(packet, { from: 'G12' })
    t.equal(sent.json.status, 'OK', JSON.stringify(sent.json))
    for (const [system, codes] of [
      ['demo-h26', ['H26', 'H26.01']],
      ['demo-h53', ['H53']],
    ] as const) {
      const receiver = world.client(system)
      const items = await arrived(world, receiver, codes.length)
      t.same(items.map(({ to }) => to).sort(), codes)
      await takeAll(t, receiver, items, packet)
    }
    const { json } = await sender.list('getSentEdocList', { docId: sent.json.DocId })
    t.same(
      json.data.map(({ toCode, receiveStatus }: Record<string, string>) => [toCode, receiveStatus]),
      [
        ['H26', 'done'],
        ['H26.01', 'done'],
        ['H53', 'done'],
      ],
    )
  })

  t.test('700 receivers, whose codes alone fill 15 KB of headers', async (t) => {
    const sender = world.client('demo-g12')
    const packet = world.unsigned('demo-g12', crowd)
    const to = JSON.stringify(crowd)
    t.ok(to.length * 2 > 15_000, 'once as a header, once in the signed text')
    const sent = await sender.send(packet, { from: 'G12', to })
    t.equal(sent.json.status, 'OK', JSON.stringify(sent.json))
    const receivers = Array.from({ length: 10 }, () => world.client('demo-h53'))
    const [first] = receivers as [GoldenClient]
    await world.until(async () => (await first.list('countReceiveEdoc')).json.count === CROWD)
    const seen = new Set<string>()
    for (;;) {
      const items = await first.received()
      if (items.length === 0) break
      t.ok(items.length <= 500, 'a page at a time')
      await Promise.all(
        receivers.map((receiver, i) =>
          takeAll(
            undefined,
            receiver,
            items.filter((_, n) => n % 10 === i),
            packet,
          ),
        ),
      )
      for (const { to: code = '' } of items) seen.add(code)
    }
    t.same([...seen].sort(), crowd)
    const { json } = await sender.list('getSentEdocList', { docId: sent.json.DocId })
    t.equal(json.data.length, CROWD)
    t.ok(json.data.every(({ status }: Record<string, string>) => status === 'done'))
  })

  t.test('through one door in, through the other out: the same evidence', async (t) => {
    const evidence = async (dispatch: string): Promise<string[]> => {
      const shown = await world.until(async () => {
        const { body } = await world.call('demo-g12', 'GET', `/v1/dispatches/${dispatch}`)
        return body.state === 'CLOSED' && body
      })
      for (const { href } of shown.receipts) t.equal((await world.call('demo-g12', 'GET', href)).status, 200)
      return shown.receipts.map(({ event }: { event: string }) => event).sort()
    }
    const [sender, receiver] = [world.client('demo-g12'), world.client('demo-h26')]
    const packet = world.packet('demo-g12', ['H26'])
    const { DocId } = (await sender.send(packet, { from: 'G12' })).json
    const leased = await world.until(async () => {
      const { body } = await world.call('demo-h26', 'POST', '/v1/mailbox/lease', { body: { max: 1 } })
      return body.items.length > 0 && body.items[0]
    })
    const { lease, item } = leased
    t.equal(item.dispatch, DocId)
    const path = `/v1/consignments/${item.consignment}/parts/0?lease=${lease}`
    t.ok((await world.call('demo-h26', 'GET', path)).bytes.equals(packet), 'fetched natively, byte for byte')
    await world.call('demo-h26', 'POST', '/v1/mailbox/acknowledge', {
      body: { items: [{ consignment: item.consignment, lease }] },
    })
    const inAtTheDoor = await evidence(DocId)

    const second = world.packet('demo-g12', ['H26'])
    const { body } = await world.submit('demo-g12', second)
    await takeAll(t, receiver, await arrived(world, receiver), second)
    t.same(inAtTheDoor, ['ConsignmentAcceptance', 'ContentConsignment', 'ContentHandover', 'SubmissionAcceptance'])
    t.same(await evidence(body.dispatch), inAtTheDoor)
    const verdict = (await world.call('demo-g12', 'GET', `/v1/dispatches/${DocId}`)).body.signature?.verdict
    t.equal(verdict, 'valid', 'a signature is judged at both')
  })

  t.test(
    'a document whose attachments came apart is handed over in one piece, with both digests in the evidence',
    async (t) => {
      const files = [
        { contentId: 'to-trinh', name: 'tờ trình.pdf', mediaType: 'application/pdf', bytes: SMALL_PDF },
        {
          contentId: 'phu-luc',
          name: 'phu-luc.pdf',
          mediaType: 'application/pdf',
          bytes: Buffer.concat([SMALL_PDF, Buffer.alloc(200_001, 37)]),
        },
      ]
      const envelope = signedEnvelope(world, 'demo-g12', ['H26'], files)
      const { body, headers } = multipart([envelopePart(envelope), ...files.map(filePart)])
      const submitted = await world.submit('demo-g12', body, headers)
      t.equal(submitted.status, 202, JSON.stringify(submitted.body))
      const receiver = world.client('demo-h26')
      const [{ docId = '' } = {}] = await arrived(world, receiver)
      const packet = await receiver.getEdoc(docId)
      const at = envelope.lastIndexOf('</')
      t.ok(packet.subarray(0, at).equals(envelope.subarray(0, at)), 'every byte of the envelope as it was')
      for (const { bytes } of files) t.ok(packet.includes(bytes.toString('base64')), 'and each file in it')
      t.ok(
        (await receiver.call('downloadEdoc', { method: 'GET', header: { docId } })).body.equals(packet),
        'the same again',
      )
      await receiver.post('updateStatus', { status: 'done', docid: docId })
      const { rows } = await world.eyes.query(
        `select e.id, d.details from audit_entry e join audit_detail d on d.entry_id = e.id where e.consignment_id = $1 and e.event = 'ContentHandover'`,
        [docId],
      )
      t.equal(rows.length, 1)
      const digest = createHash('sha256').update(packet).digest('hex')
      t.match(JSON.parse(rows[0].details), { composed: { sha256: digest, size: packet.length } })
      const shown = (await world.call('demo-g12', 'GET', `/v1/dispatches/${submitted.body.dispatch}`)).body
      const { href } = shown.receipts.find(({ event }: { event: string }) => event === 'ContentHandover')
      const receipt = (await world.call('demo-g12', 'GET', href)).bytes.toString()
      t.ok(receipt.includes(digest) && receipt.includes(submitted.body.contentHash), 'the receipt names both')
      const again = await world.client('demo-h26').send(packet, { from: 'G12' })
      t.match(again.json, { status: 'FAIL', ErrorCode: '19' }, 'and what was composed is a packet like any other')
    },
  )

  t.test('a system whose programs need more in a packet gets it, and the evidence names both forms', async (t) => {
    const setDialect = async (parts: string): Promise<void> => {
      await world.operator.query('update system set door_dialect = $1 where code = $2', [`{${parts}}`, 'demo-h26'])
      await sleep(REGISTRY_MS)
    }
    await setDialect('traces,bussiness,prefix')
    const receiver = world.client('demo-h26')
    const send = async (bytes: Buffer): Promise<{ docId: string; dispatch: string }> => {
      const sent = await world.client('demo-g12').send(bytes, { from: 'G12', to: '["H26"]' })
      t.equal(sent.json.status, 'OK', JSON.stringify(sent.json))
      const [{ docId = '' } = {}] = await arrived(world, receiver)
      return { docId, dispatch: sent.json.DocId }
    }
    const done = (docId: string): Promise<unknown> => receiver.post('updateStatus', { status: 'done', docid: docId })

    const packet = Buffer.from(
      world
        .unsigned('demo-g12', ['H26'], {
          attachments: [{ contentId: 'a', name: 'a.pdf', mediaType: 'application/pdf', bytes: LARGE_PDF }],
        })
        .toString()
        .replace(/ *<edXML:Bussiness>[\s\S]*<\/edXML:Bussiness>\n/, '')
        .replace(/(<\/?)edXML:(?!edXMLEnvelope)/g, '$1'),
    )
    const { docId, dispatch } = await send(packet)
    const fetched = await receiver.getEdoc(docId)
    t.notOk(fetched.equals(packet))
    t.match(fetched.toString(), /<edXML:Bussiness><edXML:BussinessDocType>0</)
    t.match(fetched.toString(), /<edXML:TraceHeader><edXML:OrganId>TLT</)
    t.match(fetched.toString(), /<edXML:Subject>/)
    using before = openPacket(packet)
    using after = openPacket(fetched)
    t.same(after.inlineAttachments, before.inlineAttachments)
    t.same(
      { ...after.envelope, trace: [], warnings: [] },
      { ...before.envelope, trace: [], warnings: [] },
      'the facts are the same',
    )
    const downloaded = await receiver.call('downloadEdoc', { method: 'GET', header: { docId } })
    t.ok(downloaded.body.equals(fetched), 'the same bytes at every fetch')
    const sha256 = createHash('sha256').update(fetched).digest('hex')
    const { rows } = await world.eyes.query(
      `select d.details from audit_entry e join audit_detail d on d.entry_id = e.id where e.consignment_id = $1 and e.event = 'ContentHandover'`,
      [docId],
    )
    t.equal(rows.length, 1)
    t.match(JSON.parse(rows[0].details), { composed: { sha256, size: fetched.length } })
    await done(docId)
    const shown = (await world.call('demo-g12', 'GET', `/v1/dispatches/${dispatch}`)).body
    const { href } = shown.receipts.find(({ event }: { event: string }) => event === 'ContentHandover')
    const receipt = (await world.call('demo-g12', 'GET', href)).bytes.toString()
    t.ok(receipt.includes(sha256) && receipt.includes(createHash('sha256').update(packet).digest('hex')))

    const other = world.unsigned('demo-g12', ['H26'])
    const { docId: otherId } = await send(other)
    const { body } = await world.call('demo-h26', 'POST', '/v1/mailbox/lease', { body: { max: 1 } })
    const { lease } = body.items[0]
    const path = `/v1/consignments/${otherId}/parts/0?lease=${lease}`
    t.ok((await world.call('demo-h26', 'GET', path)).bytes.equals(other), 'the native door has the original')
    await world.call('demo-h26', 'POST', '/v1/mailbox/acknowledge', {
      body: { items: [{ consignment: otherId, lease }] },
    })

    const wide = world.unsigned('demo-g12', ['H26'], {
      toPlaces: Array.from({ length: 3000 }, (_, i) => `${i} ${'nơi nhận '.repeat(20)}`),
    })
    const unfit = await send(wide)
    t.ok((await receiver.getEdoc(unfit.docId)).equals(wide), 'what cannot bear it goes as it came')
    await done(unfit.docId)
    await setDialect('')
    const plain = await send(world.unsigned('demo-g12', ['H26']))
    const { rows: plainRows } = await world.eyes.query('select content_hash from dispatch where id = $1', [
      plain.dispatch,
    ])
    const original = await receiver.getEdoc(plain.docId)
    t.equal(createHash('sha256').update(original).digest('hex'), plainRows[0].content_hash.toString('hex'))
    await done(plain.docId)
  })

  t.test('a shadow system is checked and answered like any other, and reaches nobody', async (t) => {
    const setTraffic = async (traffic: string): Promise<void> => {
      await world.operator.query('update system set traffic = $1 where code = $2', [traffic, 'demo-g12'])
      await sleep(REGISTRY_MS)
    }
    const [sender, receiver] = [world.client('demo-g12'), world.client('demo-h26')]
    const real = world.unsigned('demo-g12', ['H26'])
    t.equal((await sender.send(real, { from: 'G12' })).json.status, 'OK')
    const [{ docId: realId = '' } = {}] = await arrived(world, receiver)

    // The gateway has not heard of it yet: what decides is the commit.
    await world.operator.query(`update system set traffic = 'shadow' where code = 'demo-g12'`)
    const early = await sender.send(world.unsigned('demo-g12', ['H26', 'H53']), { from: 'G12' })
    t.equal(early.json.status, 'OK')
    await sleep(REGISTRY_MS)
    const packet = world.packet('demo-g12', ['H26', 'H53'])
    const sent = await world.submit('demo-g12', packet)
    t.equal(sent.status, 202, JSON.stringify(sent.body))
    t.equal((await world.submit('demo-g12', packet)).body.dispatch, sent.body.dispatch, 'and the same again')
    const spoilt = await sender.send(world.unsigned('demo-g12', ['H99.99']), { from: 'G12' })
    t.equal(spoilt.json.status, 'FAIL', 'it is refused what others are refused')
    using first = openPacket(real)
    const { documentId, number, notation } = first.envelope
    const recall = world.unsigned('demo-g12', ['H26'], {
      documentId,
      number,
      notation,
      business: { type: 'recall', reason: 'x', paper: false, receivers: [], replaces: [] },
    })
    t.equal((await sender.send(recall, { from: 'G12' })).json.status, 'OK')
    const own = [early.json.DocId, sent.body.dispatch]
    const ended = await world.until(async () => {
      const { rows } = await world.eyes.query(
        `select id, state from dispatch where traffic = 'shadow' and state = 'CLOSED'`,
      )
      return rows.length === 3 && rows
    })
    t.ok(own.every((id) => ended.some((row: { id: string }) => row.id === id)))
    const { rows: leaked } = await world.eyes.query(
      `select (select count(*) from consignment c join dispatch d on d.id = c.dispatch_id where d.traffic = 'shadow')::int as consignments,
        (select count(*) from document_key k join dispatch d on d.id = k.dispatch_id where d.traffic = 'shadow')::int as documents,
        (select count(*) from business_request)::int as requests`,
    )
    t.same(leaked, [{ consignments: 0, documents: 0, requests: 0 }], 'nobody has it, and its recall recalled nothing')
    t.same(
      (await receiver.received()).map(({ docId }) => docId),
      [realId],
      'what was real before is there as it was',
    )
    const { rows: entries } = await world.eyes.query('select event from audit_entry where dispatch_id = $1', [
      sent.body.dispatch,
    ])
    t.same(entries.map(({ event }: { event: string }) => event).sort(), [
      'DispatchClosed',
      'DispatchShadowed',
      'SubmissionAcceptance',
    ])
    await t.rejects(
      world.eyes.query(
        `insert into consignment (id, dispatch_id, agency_code, as_written, kind, lane, mode, state, available_at)
         values ($1, $1, 'H26', '{H26}', 'document', 'normal', 'pull', 'AVAILABLE', now())`,
        [sent.body.dispatch],
      ),
      { code: 'LT010' },
      'the database itself makes nobody one',
    )
    const inbound = await world.client('demo-h53').send(world.unsigned('demo-h53', ['G12']), { from: 'H53' })
    t.equal(inbound.json.status, 'OK')
    t.equal((await arrived(world, sender)).length, 1, 'it receives like any other')

    await setTraffic('real')
    const again = await world.submit('demo-g12', packet)
    t.not(again.body.dispatch, sent.body.dispatch, 'the same packet, meant this time, is sent')
    t.equal((await arrived(world, receiver, 2)).length, 2)
  })

  t.test('what a system’s packets do wrong, told with the rule and what to change', async (t) => {
    const report = async (...args: string[]): Promise<{ code: number; out: string }> => {
      let out = ''
      const streams = { stdout: { write: (text: string) => (out += text) }, stderr: { write: (text: string) => text } }
      const code = await runCli(['system', 'report', ...args], streams, {
        DATABASE_URL: world.servers.database.url('cli'),
      })
      return { code, out }
    }
    const sender = world.client('demo-h53')
    const without = world
      .unsigned('demo-h53', ['H26'])
      .toString()
      .replace(/ *<edXML:Bussiness>[\s\S]*<\/edXML:Bussiness>\n/, '')
    const warned = await sender.send(Buffer.from(without), { from: 'H53' })
    t.equal(warned.json.status, 'OK', JSON.stringify(warned.json))
    const refused = await sender.send(world.unsigned('demo-h53', ['H26'], { number: '' }), { from: 'H53' })
    t.equal(refused.json.status, 'FAIL')
    const said = await report('demo-h53', '--json')
    const { faults } = JSON.parse(said.out)
    const found = faults.find(({ code }: { code: string }) => code === 'ENV_BUSINESS_MISSING')
    t.match(found, { outcome: 'warned', submissions: 1, example: warned.json.DocId, fix: /BussinessDocType/ })
    const [, code = ''] = /(LT_[A-Z_]+)/.exec(refused.json.ErrorDesc) ?? []
    t.match(
      faults.find((fault: { outcome: string; code: string }) => fault.outcome === 'refused' && fault.code === code),
      { submissions: 1, rule: /./, fix: /./, example: /^[0-9a-f-]{36}$/ },
    )
    t.match(
      (await report('demo-h53')).out,
      /CẢNH BÁO {2}ENV_BUSINESS_MISSING {2}1 gói tin\n {2}Lỗi: .*\n {2}Cách sửa: /,
    )
    t.match((await report('--lang', 'en', 'demo-h53', '--days', '1')).out, /REFUSED {2}LT_/)
    t.not((await report('nobody')).code, 0)
  })
})

async function arrived(world: DoorWorld, receiver: GoldenClient, count = 1): Promise<Record<string, string>[]> {
  return world.until(async () => {
    const items = await receiver.received()
    return items.length >= count && items
  })
}

/** What a client does with each item: it works on it, fetches it, stores it, says so. */
async function takeAll(
  t: Tap | undefined,
  receiver: GoldenClient,
  items: readonly Record<string, string>[],
  packet: Buffer,
): Promise<void> {
  for (const { docId = '' } of items) {
    const taken = await receiver.post('updateStatus', { status: 'processing', docid: docId })
    const same = (await receiver.getEdoc(docId)).equals(packet)
    const done = await receiver.post('updateStatus', { status: 'done', docid: docId })
    t?.ok(same, 'byte for byte')
    if (!same || taken.json.status !== 'OK' || done.json.status !== 'OK') throw new Error(`${docId} was not taken`)
  }
}

/** A status packet goes to whom it answers; what `to` says is nobody's. */
async function answerWithStatus(
  t: Tap,
  world: DoorWorld,
  receiver: GoldenClient,
  sender: GoldenClient,
  packet: Buffer,
): Promise<void> {
  const documentId = /DocumentId>([^<]+)</.exec(packet.toString())?.[1] ?? ''
  const number = /CodeNumber>([^<]+)</.exec(packet.toString())?.[1] ?? ''
  const status = world.status('demo-h26', { agency: 'G12', documentId, code: `${number}/TB-LT` }, '01')
  const told = await receiver.send(status, { from: 'H26', messagetype: 'status' })
  t.equal(told.json.status, 'OK', JSON.stringify(told.json))
  const [item] = await world.until(async () => {
    const items = await sender.received('status')
    return items.length > 0 && items
  })
  t.match(item, { from: 'H26', to: 'G12', messageType: 'status' })
  await takeAll(t, sender, [item as Record<string, string>], status)
}
