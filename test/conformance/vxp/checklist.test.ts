import { createHash } from 'node:crypto'
import t from 'tap'
import { startDoorWorld } from './door-world.ts'
import { readList, unpadded, VERSIONS } from './golden-client.ts'

// The acceptance list of the protocol's text (1.10), one test for each of its lines.
t.test('1.10', async (t) => {
  const world = await startDoorWorld(t)
  const packet = (to = 'H53'): Buffer => world.unsigned('demo-g12', [to])

  t.test('any path prefix; POST; 1 MiB headers; 100-continue; empty JSON body', async (t) => {
    for (const prefix of ['', '/', '/XrdAdapter/adapter', '/vdxp-product/1.0', '/a//b/']) {
      const client = world.client('demo-g12', { prefix })
      t.equal((await client.list('getReceivedEdocList')).json.status, 'OK', prefix)
    }
    const client = world.client('demo-g12')
    t.equal(
      (await client.call('countReceiveEdoc', { path: '//countReceiveEdoc' })).json.status,
      'OK',
      'a trailing slash',
    )
    t.equal(
      (await client.call('countReceiveEdoc', { unsigned: [`X-Long: ${'a'.repeat(1_000_000)}`] })).json.status,
      'OK',
    )
    const counted = await client.post('countReceiveStatus', { servicetype: 'eDoc' })
    t.match(counted, { interim: 1, json: { status: 'OK', count: 0 } })
  })

  t.test(
    'HMAC over received bytes, secret undecoded, key list and values cross-checked, constant-time compare',
    async (t) => {
      // The order of a hash map, and white space, are the client's: its text is taken as it came.
      const client = world.client('demo-g12')
      t.equal((await client.list('getSentEdocList', { zzz: 'Ủy ban', docId: '' })).json.status, 'OK')
      const changed = await client.call('getSentEdocList', {
        lines: (lines) => lines.map((line) => line.replace(/^XroadVnpt-zzz: .*/, 'XroadVnpt-zzz: y')),
      })
      t.match(changed, { status: 401, json: { ErrorCode: '15' } })
      const keys = await client.call('getSentEdocList', {
        lines: (lines) => lines.map((line) => line.replace(/^(XroadVnpt-sign-header-key: .*);docId$/, '$1')),
      })
      t.match(keys, { status: 401, json: { ErrorCode: '15' } })
    },
  )

  t.test('no timestamp window by default; stale extra headers ignored', async (t) => {
    const client = world.client('demo-g12', { madeAt: new Date('2024-01-02T03:04:05') })
    t.equal(
      (await client.post('updateStatus', { AgencyCode: 'G99', status: 'done', docId: 'none' })).json.ErrorCode,
      '21',
    )
    t.equal((await client.list('getSentEdocList', { docId: '', filePath: '/etc' })).json.status, 'OK')
  })

  t.test('body minus CRLF; hash padded and unpadded; base64 fallback', async (t) => {
    const client = world.client('demo-g12')
    const [first, second, third] = [packet(), packet(), packet()] as const
    for (const [bytes, header, tail] of [
      [first, {}, '\r\n'],
      [second, { 'hash-file': createHash('sha256').update(second).digest('hex') }, '\r\n'],
      [third, {}, ''],
      [Buffer.from(packet().toString('base64')), {}, '\r\n'],
    ] as const) {
      t.equal((await client.send(bytes, { from: 'G12', ...header }, tail)).json.status, 'OK')
    }
    // One of three digests has a byte below 16: this one has.
    let sample = 0
    while (unpadded(Buffer.from(String(sample))).length === 64) sample += 1
    t.ok(unpadded(Buffer.from(String(sample))).length < 64)
  })

  t.test('`DocId` stable on repeat; received ids are UUIDs; file-name safe', async (t) => {
    const client = world.client('demo-g12')
    const bytes = packet('H26')
    const ids = [await client.send(bytes, { from: 'G12' }), await client.send(bytes, { from: 'G12' })].map(
      ({ json }) => json.DocId,
    )
    t.equal(ids[0], ids[1])
    const receiver = world.client('demo-h26')
    const [item] = await world.until(async () => {
      const items = await receiver.received()
      return items.length > 0 && items
    })
    for (const id of [ids[0], item?.docId])
      t.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/)
  })

  t.test(
    'all reply fields always present and non-null; ASCII `ErrorDesc`; download errors with an empty body',
    async (t) => {
      const wrong = world.client('demo-g12', { secret: 'wrong' })
      for (const client of [world.client('demo-g12'), wrong]) {
        const replies = [
          ...(await Promise.all(
            ['getReceivedEdocList', 'getSentEdocList'].map(async (name) => (await client.list(name)).body),
          )),
          (await client.post('getEdoc', { docId: 'x' })).body,
          (await client.post('updateStatus', { docid: 'x', status: 'done' })).body,
          (await client.send(packet('H99.77'), { from: 'G12' })).body,
        ]
        for (const [i, body] of replies.entries()) {
          t.ok(
            body.every((byte) => byte < 0x80),
            'ASCII',
          )
          const json = JSON.parse(body.toString())
          for (const name of ['status', 'ErrorCode', 'ErrorDesc']) t.type(json[name], 'string')
          if (i < 2) t.ok(Array.isArray(json.data))
          if (i === 2) t.equal(json.data, '')
          if (i === 4) t.equal(json.DocId, '')
        }
      }
      const failed = await wrong.call('downloadEdoc', { method: 'GET', header: { docId: 'x' } })
      t.match([failed.status, failed.body.length, failed.headers.get('content-length')], [401, 0, '0'])
    },
  )

  t.test('sent list answers both field families', async (t) => {
    const { json } = await world
      .client('demo-g12')
      .list('getSentEdocList', { servicetype: 'eDoc', messagetype: 'edoc' })
    const [item] = readList(json)
    const old = [
      'docId',
      'serviceType',
      'messageType',
      'created_time',
      'updated_time',
      'from',
      'to',
      'status',
      'status_desc',
    ]
    const young = [
      'senderDocId',
      'receiverDocId',
      'fromCode',
      'toCode',
      'title',
      'notation',
      'sentTime',
      'receivedTime',
      'sendStatus',
      'sendStatusDesc',
      'receiveStatus',
      'receiveStatusDesc',
    ]
    for (const name of [...old, ...young]) t.type(item?.[name], 'string', name)
    for (const version of VERSIONS) t.type(version === '2.0.3' ? item?.docId : item?.senderDocId, 'string', version)
  })

  t.test('`docId`/`docid`, `eDoc`/`edoc` treated alike', async (t) => {
    const receiver = world.client('demo-h26')
    const [item] = await receiver.received('edoc', { servicetype: 'edoc' })
    const docId = item?.docId as string
    t.equal((await receiver.post('updateStatus', { docId, status: 'processing' })).json.status, 'OK')
    // An acknowledgement is written with `docid`; a `docId` beside it is what an earlier fetch left behind.
    t.equal((await receiver.post('getEdoc', { docId: '01a1f5a2-0000-7000-8000-000000000000' })).json.status, 'FAIL')
    t.equal((await receiver.post('updateStatus', { docid: docId, status: 'done' })).json.status, 'OK')
    t.same(await receiver.received(), [])
  })

  t.test('status packets routed to `ResponseFor/OrganId`', async (t) => {
    const [sender, receiver] = [world.client('demo-g12'), world.client('demo-h26')]
    const documentId = 'G12,2026/11/20,unheard-of/TB-LT'
    const status = world.status('demo-h26', { agency: 'G12', documentId, code: 'unheard-of/TB-LT' }, '03')
    // Whatever `messagetype` and `to` say: a status is recognised by its content.
    t.equal((await receiver.send(status, { from: 'H26', messagetype: 'edoc', to: '["H53"]' })).json.status, 'OK')
    const [item] = await world.until(async () => {
      const items = await sender.received('status')
      return items.length > 0 && items
    })
    t.match(item, { from: 'H26', to: 'G12', messageType: 'status' })
    t.ok((await sender.getEdoc(item?.docId as string)).equals(status))
  })

  t.test('received list ordered oldest first, bounded, with paging headers honoured when sent', async (t) => {
    const [sender, receiver] = [world.client('demo-g12'), world.client('demo-h26')]
    const sent: string[] = []
    for (let i = 0; i < 5; i++) sent.push((await sender.send(packet('H26'), { from: 'G12' })).json.DocId)
    const all = await world.until(async () => {
      const items = await receiver.received()
      return items.length === 5 && items
    })
    const { rows } = await world.eyes.query('select id, dispatch_id from consignment where id = any($1)', [
      all.map(({ docId }) => docId),
    ])
    const dispatchOf = new Map(rows.map((row) => [row.id, row.dispatch_id]))
    t.same(
      all.map(({ docId }) => dispatchOf.get(docId)),
      sent,
      'oldest first',
    )
    const ids = async (more: Record<string, string>): Promise<unknown[]> =>
      (await world.client('demo-h26').received('edoc', more)).map(({ docId }) => docId)
    const order = all.map(({ docId }) => docId)
    t.same(await ids({ pageSize: '2', pageIndex: '1' }), order.slice(0, 2))
    t.same(await ids({ pageSize: '2', pageIndex: '3' }), order.slice(4))
    t.same(await ids({ pageSize: 'x', pageIndex: '-1' }), order, 'what cannot be read does not fail the call')
    t.same(await ids({ fromDate: '01/01/2020', toDate: '2020/12/31' }), [])
    t.same(await ids({ fromDate: '01/01/2020 00:00:00' }), order)
    t.same(await ids({ fromDate: 'hôm qua', toDate: 'soon' }), order)
    await receiver.getEdoc(order[0] as string)
    t.same(await ids({}), [...order.slice(1), order[0]], 'what was fetched comes behind what was not')
  })
})
