import { createHash } from 'node:crypto'
import t from 'tap'
import { SMALL_PDF } from '../../harness/world.ts'
import { type DoorWorld, startDoorWorld } from './door-world.ts'
import { type GoldenClient, macOf, type RawReply, unpadded } from './golden-client.ts'

/** What every version reads from every reply. */
const whole = (reply: RawReply): boolean =>
  [reply.json?.status, reply.json?.ErrorCode, reply.json?.ErrorDesc].every((each) => typeof each === 'string')
const ascii = (bytes: Buffer): boolean => bytes.every((byte) => byte < 0x80)

t.test('1.3: the check vector', async (t) => {
  const text =
    '{"XroadVnpt-systemid":"00.19.W00","XroadVnpt-timestamp":"22112026T022410+0242","XroadVnpt-Content-Type":"application/json"}'
  t.equal(macOf('test-secret', text), 'bcb0cc68630ab5c84538aadfc4b8a0dfb07c6e65b95af0ef5e8e4abec0ff2fad')
  const sample = Buffer.from('x')
  for (const digest of [createHash('sha256').update(sample).digest()]) {
    t.equal(unpadded(sample), [...digest].map((byte) => byte.toString(16)).join(''))
  }
})

t.test('the door', async (t) => {
  const world = await startDoorWorld(t)
  const client = (): GoldenClient => world.client('demo-g12')

  t.test('1.7 signature: unknown system, wrong secret, changed header, empty system id', async (t) => {
    const unknown = await world.client('demo-none', { secret: 'x' }).list('getAgenciesList')
    const wrong = await world.client('demo-g12', { secret: 'x' }).list('getAgenciesList')
    t.match(unknown, { status: 401, json: { status: 'FAIL', ErrorCode: '15', ErrorDesc: /LT_DOOR_SIGNATURE_INVALID/ } })
    t.same(unknown.json, wrong.json, 'nobody learns which systems there are')
    t.notOk(wrong.headers.has('www-authenticate'))
    t.match((await world.client('', { secret: 'x' }).list('getAgenciesList')).json, { status: 'FAIL', ErrorCode: '15' })
    for (const [name, change] of [
      [
        'LT_DOOR_HEADER_CHANGED',
        (line: string) => line.replace(/^XroadVnpt-timestamp: .*/, 'XroadVnpt-timestamp: 01012020T000000+0000'),
      ],
      [
        'LT_DOOR_HEADER_CHANGED',
        (line: string) => line.replace(/^(XroadVnpt-sign-header-key): .*/, '$1: systemid;timestamp'),
      ],
      ['LT_DOOR_SIGNATURE_INVALID', (line: string) => line.replace(/^(XroadVnpt-sign-header: .*)}$/, '$1 }')],
      [
        'LT_DOOR_SIGNATURE_INVALID',
        (line: string) => line.replace(/^XroadVnpt-sign-header: .*/, 'XroadVnpt-sign-header: {'),
      ],
    ] as const) {
      const reply = await client().call('getAgenciesList', { lines: (lines) => lines.map(change) })
      t.match(reply, { status: 401, json: { status: 'FAIL', ErrorDesc: new RegExp(name) } })
      t.ok(whole(reply))
    }
    for (const header of ['sign-header', 'sign-header-key', 'hash-header']) {
      const without = await client().call('getAgenciesList', {
        lines: (lines) => lines.filter((line) => !line.startsWith(`XroadVnpt-${header}:`)),
      })
      t.match(without.json, { status: 'FAIL', ErrorDesc: /LT_DOOR_UNSIGNED/ }, header)
    }
  })

  t.test('unsigned parameters are nobody’s', async (t) => {
    const packet = world.unsigned('demo-g12', ['H26'])
    await client().send(packet, { from: 'G12' })
    const receiver = world.client('demo-h26')
    await world.until(async () => (await receiver.received()).length === 1)
    const forged = await receiver.call('getReceivedEdocList', {
      header: { servicetype: 'eDoc', messagetype: 'edoc' },
      unsigned: ['XroadVnpt-fromDate: 01/01/2199', 'XroadVnpt-pageSize: 1'],
    })
    t.equal(forged.json.data.length, 1, 'a filter that nobody signed filters nothing')
    const { docId } = forged.json.data[0]
    const status = await receiver.call('updateStatus', {
      header: { docid: docId },
      unsigned: ['XroadVnpt-status: done'],
      body: Buffer.from('{}'),
    })
    t.match(status.json, { status: 'FAIL', ErrorDesc: /LT_DOOR_BAD_PARAMETER/ })
    t.equal((await receiver.received()).length, 1, 'and acknowledges nothing')
    await receiver.post('updateStatus', { status: 'done', docid: docId })
  })

  t.test('1.2 a time stamp of last month, and headers of earlier calls, are fine', async (t) => {
    const old = world.client('demo-g12', { madeAt: new Date(Date.now() - 40 * 86_400_000) })
    t.equal((await old.list('countReceiveEdoc')).json.status, 'OK')
    await old.post('deleteAgency', { AgencyCode: 'G12' })
    t.equal((await old.list('countReceiveStatus')).json.status, 'OK', 'AgencyCode still stands in the headers')
  })

  t.test('1.8.1 two bytes too many; hashes with and without zeros; the whole body where it is meant', async (t) => {
    const ok = async (packet: Buffer, header: Record<string, string>, tail?: string): Promise<void> => {
      const reply = await client().send(packet, { from: 'G12', ...header }, tail)
      t.equal(reply.json.status, 'OK', JSON.stringify(reply.json))
      const { rows } = await world.eyes.query('select content_hash from dispatch where id = $1', [reply.json.DocId])
      t.equal(
        rows[0].content_hash.toString('hex'),
        createHash('sha256').update(packet).digest('hex'),
        'what was signed is what is kept',
      )
    }
    const packet = (): Buffer => world.unsigned('demo-g12', ['H53'])
    await ok(packet(), {})
    const padded = packet()
    await ok(padded, { 'hash-file': createHash('sha256').update(padded).digest('hex').toUpperCase() })
    await ok(packet(), {}, '')
    const own = Buffer.concat([packet(), Buffer.from('\r\n')])
    await ok(own, {}, '')
    await ok(Buffer.concat([packet(), Buffer.from('\r\n')]), {})
    const damaged = await client().send(packet(), { from: 'G12', 'hash-file': unpadded(Buffer.from('another')) })
    t.match(damaged.json, { status: 'FAIL', ErrorCode: '21', DocId: '', ErrorDesc: /LT_DOOR_HASH_MISMATCH/ })
    const none = await client().call('sendEdoc', {
      header: { from: 'G12' },
      body: packet(),
      contentType: 'application/octet-stream',
    })
    t.match(none.json, { status: 'FAIL', DocId: '', ErrorDesc: /LT_DOOR_BAD_PARAMETER/ })
  })

  t.test('1.8.2 a packet as Base64 text', async (t) => {
    const packet = world.unsigned('demo-g12', ['H53'])
    const text = Buffer.from(packet.toString('base64'))
    const reply = await client().send(text, { from: 'G12' })
    t.equal(reply.json.status, 'OK', JSON.stringify(reply.json))
    const { rows } = await world.eyes.query('select content_hash from dispatch where id = $1', [reply.json.DocId])
    t.equal(rows[0].content_hash.toString('hex'), createHash('sha256').update(packet).digest('hex'))
    t.match((await client().send(Buffer.from('QUJ'), { from: 'G12' })).json, {
      status: 'FAIL',
      ErrorDesc: /LT_ENV_NOT_EDXML/,
    })
    t.match((await client().send(Buffer.from('1212<?xml version="1.0"?>'), { from: 'G12' })).json, {
      status: 'FAIL',
      ErrorCode: '10',
    })
  })

  t.test('1.8.3 to 1.8.5: 100-continue, empty bodies, other methods, unknown operations', async (t) => {
    t.equal((await client().post('updateStatus', { status: 'done' })).interim, 1)
    t.equal((await client().list('getSentEdocList', { servicetype: 'edoc', messagetype: 'edoc' })).json.status, 'OK')
    const get = await client().call('getAgenciesList', { method: 'GET' })
    t.match(get, { status: 400, json: { status: 'FAIL', ErrorDesc: /LT_HTTP_METHOD_NOT_ALLOWED/ } })
    const nothing = await client().call('getChangeStatus')
    t.match(nothing, { status: 400, json: { status: 'FAIL', ErrorDesc: /LT_DOOR_UNKNOWN_OPERATION/ } })
    t.ok(whole(nothing))
  })

  t.test('1.8.6 a header of a megabyte is refused with a whole reply; 1.8.7 what cannot be read too', async (t) => {
    const large = await client().call('getAgenciesList', { unsigned: [`X-Padding: ${'x'.repeat(900_000)}`] })
    t.equal(large.status, 200)
    const larger = await client().call('getAgenciesList', { unsigned: [`X-Padding: ${'x'.repeat(1_100_000)}`] })
    t.match(larger, { status: 400, json: { status: 'FAIL', ErrorDesc: /LT_HTTP_HEADERS_TOO_LARGE/, DocId: '' } })
    t.ok(whole(larger))
    const broken = await client().call('getAgenciesList', { unsigned: ['X-Control: a\u0001b'] })
    t.match(broken, { status: 400, json: { status: 'FAIL', ErrorDesc: /LT_HTTP_MALFORMED/ } })
    const accents = await client().post('updateStatus', {
      status: 'inbox',
      docid: '01a1f5a2-0000-7000-8000-000000000000',
      description: 'Đã vào sổ',
    })
    t.match(accents.json, { ErrorDesc: /LT_BOX_NOT_FOUND/ }, 'UTF-8 verifies')
    const cut = await client().call('updateStatus', {
      header: { status: 'inbox', description: 'ờ' },
      body: Buffer.from('{}'),
      lines: (lines) => lines.map((line) => line.replace(/ờ/g, 'a')),
    })
    t.match(
      cut.json,
      { status: 'FAIL', ErrorDesc: /LT_DOOR_SIGNATURE_INVALID/ },
      'characters cut to their low byte cannot',
    )
  })

  t.test('1.8.8 sent again it gets the same DocId; `to` may be a part of the receivers', async (t) => {
    const packet = world.unsigned('demo-g12', ['H26', 'H26.01', 'H53'])
    const send = async (to?: string): Promise<string> => {
      const { json } = await client().send(packet, { from: 'G12', ...(to === undefined ? {} : { to }) })
      t.equal(json.status, 'OK', JSON.stringify(json))
      return json.DocId
    }
    const first = await send('["H26"]')
    t.equal(await send('["H26"]'), first, 'one receiver, twice')
    const second = await send('["000.00.00.H53"]')
    t.not(second, first, 'another receiver of the same bytes, in its old code')
    const third = await send()
    t.notOk([first, second].includes(third), 'the rest')
    t.equal(await send(), third)
    t.equal(await send('["H26"]'), first)
    t.equal(await send('["H26","H53"]'), second, 'the newest of those that hold them')
    const { rows } = await world.eyes.query(
      `select d.id, r.agency from dispatch d cross join lateral jsonb_to_recordset(d.recipients) as r(agency text) where d.id = any($1) order by agency`,
      [[first, second, third]],
    )
    t.same(
      rows.map(({ agency }) => agency),
      ['H26', 'H26.01', 'H53'],
      'nobody got it twice',
    )
    t.match((await client().send(packet, { from: 'G12', to: '["H55"]' })).json, {
      status: 'FAIL',
      ErrorCode: '18',
      DocId: '',
      ErrorDesc: /LT_DOOR_NOT_IN_PACKET/,
    })
    t.match((await client().send(packet, { from: 'G12', to: 'H26' })).json, {
      status: 'FAIL',
      DocId: '',
      ErrorDesc: /LT_DOOR_BAD_PARAMETER/,
    })
    const races = await Promise.all(
      Array.from({ length: 8 }, (_, i) => i).map(() =>
        client().send(
          world.unsigned('demo-g12', ['H26'], { documentId: 'G12,2026/11/20,race/TB-LT', number: 'race' }),
          { from: 'G12' },
        ),
      ),
    )
    t.equal(new Set(races.map(({ json }) => json.DocId)).size, 1, 'eight at once: one DocId')
  })

  t.test('1.7 each refusal of a send has its code, an empty DocId and an ASCII text', async (t) => {
    const cases: readonly (readonly [string, string, Buffer, Record<string, string>])[] = [
      ['19', 'LT_AUTH_FOREIGN_AGENCY', world.unsigned('demo-g12', ['H26']), { from: 'H53' }],
      ['19', 'LT_AUTH_FOREIGN_AGENCY', world.unsigned('demo-h53', ['H26']), { from: 'G12' }],
      ['18', 'LT_REG_UNKNOWN_CODE', world.unsigned('demo-g12', ['H99.99']), { from: 'G12' }],
      ['10', 'LT_ENV_', Buffer.from('<a'), { from: 'G12' }],
      [
        '22',
        'LT_BUS_SUBJECT_MISSING|LT_SCHEMA_INVALID',
        world.unsigned('demo-g12', ['H26'], { subject: '' }),
        { from: 'G12' },
      ],
    ]
    for (const [code, name, packet, header] of cases) {
      const reply = await client().send(packet, header)
      t.match(reply, { status: 200, json: { status: 'FAIL', ErrorCode: code, DocId: '', ErrorDesc: new RegExp(name) } })
      t.ok(ascii(reply.body), reply.json.ErrorDesc)
    }
    const { rows } = await world.eyes.query(`select code from refusal order by id`)
    t.ok(
      rows.some(({ code }) => code === 'LT_REG_UNKNOWN_CODE'),
      'refusals are on record, as at the native door',
    )
  })

  t.test('1.7 a failed download is empty; 1.4 `downloadEdoc` without a signature too', async (t) => {
    const docId = '01a1f5a2-0000-7000-8000-000000000000'
    for (const reply of [
      await client().call('downloadEdoc', { method: 'GET', header: { docId, filePath: '/tmp' } }),
      await client().call('downloadEdoc', {
        method: 'GET',
        lines: (lines) => lines.filter((line) => !/^XroadVnpt-sign/.test(line)),
      }),
      await world.client('demo-g12', { secret: 'x' }).call('downloadEdoc', { method: 'GET', header: { docId } }),
    ]) {
      t.ok(reply.status >= 400)
      t.equal(reply.body.length, 0)
      t.equal(reply.headers.get('content-length'), '0')
    }
    t.match((await client().post('getEdoc', { docId })).json, {
      status: 'FAIL',
      data: '',
      ErrorDesc: /LT_BOX_NOT_FOUND/,
    })
    t.match((await client().post('getEdoc', { docId: '../../etc/passwd' })).json, { status: 'FAIL', data: '' })
  })

  t.test('1.5 what a receiver says: `fail` puts aside, a later `done` counts, other words are noted', async (t) => {
    const [sender, receiver] = [client(), world.client('demo-h53')]
    await drain(world, receiver)
    const packet = world.unsigned('demo-g12', ['H53'], {
      attachments: [
        {
          contentId: 'a',
          name: 'a.pdf',
          mediaType: 'application/pdf',
          bytes: Buffer.concat([SMALL_PDF, Buffer.alloc(300_000, 32)]),
        },
      ],
    })
    const { DocId } = (await sender.send(packet, { from: 'G12' })).json
    const [{ docId = '' } = {}] = await world.until(async () => {
      const items = await receiver.received()
      return items.length > 0 && items
    })
    t.ok(
      (await receiver.call('downloadEdoc', { method: 'GET', header: { docId, filePath: '/x' } })).body.equals(packet),
      'downloaded, byte for byte',
    )
    t.ok((await receiver.getEdoc(docId)).equals(packet), 'fetched again')
    t.equal(
      (await receiver.post('updateStatus', { status: 'assignment', docid: docId, description: 'Đã phân công' })).json
        .status,
      'OK',
    )
    t.equal((await receiver.received()).length, 1)
    t.equal(
      (await receiver.post('updateStatus', { status: 'fail', docid: docId, description: 'lỗi đọc' })).json.status,
      'OK',
    )
    t.same(await receiver.received(), [])
    const stands = async (): Promise<object> =>
      (await world.call('demo-g12', 'GET', `/v1/dispatches/${DocId}`)).body.recipients[0]
    t.match(await stands(), { state: 'DEAD' })
    t.match((await sender.list('getSentEdocList', { docId: DocId })).json.data, [
      { receiveStatus: 'fail', receiveStatusDesc: /LT_DLV_RECEIVER_FAILED/ },
    ])
    t.equal((await receiver.post('updateStatus', { status: 'done', docid: docId })).json.status, 'OK')
    t.equal((await receiver.post('updateStatus', { status: 'done', docid: docId })).json.status, 'OK', 'and again')
    t.match(await stands(), { state: 'ACKNOWLEDGED' })
    const { rows } = await world.eyes.query(`select refusal_reason from consignment where id = $1`, [docId])
    t.equal(rows[0].refusal_reason, null)
    t.match(
      (await world.client('demo-h26').post('updateStatus', { status: 'done', docid: docId })).json,
      { status: 'FAIL', ErrorDesc: /LT_BOX_NOT_FOUND/ },
      'another system’s',
    )
  })

  t.test('1.5 `done` without a fetch says so in the evidence', async (t) => {
    const receiver = world.client('demo-h53')
    await drain(world, receiver)
    await client().send(world.unsigned('demo-g12', ['H53']), { from: 'G12' })
    const [{ docId = '' } = {}] = await world.until(async () => {
      const items = await receiver.received()
      return items.length > 0 && items
    })
    await receiver.post('updateStatus', { status: 'processing', docid: docId })
    await receiver.post('updateStatus', { status: 'done', docid: docId })
    const { rows } = await world.eyes.query(
      `select e.event, d.details from audit_entry e join audit_detail d on d.entry_id = e.id where e.consignment_id = $1 order by e.id`,
      [docId],
    )
    const said = rows.map(({ event, details }) => [event, JSON.parse(details)])
    t.notOk(
      said.some(([event]) => event === 'ContentHandover'),
      'no hand-over of what was not handed over',
    )
    t.match(said.find(([event]) => event === 'ConsignmentAcceptance')?.[1], { fetched: false })
  })

  t.test('registering agencies: off, granted below a code, never another’s, else it waits', async (t) => {
    const register = async (code: string, name = 'Phòng Nội vụ'): Promise<RawReply> =>
      client().post(
        'registerAgency',
        {},
        JSON.stringify({ id: '', pcode: '', code, name, mail: 'pnv@h26.gov.vn', mobile: '', fax: '' }),
      )
    t.match((await register('G12.90')).json, { status: 'FAIL', ErrorDesc: /LT_DOOR_REGISTRATION_REFUSED/ })
    await world.operator.query(`update system set door_subtrees = '{G12}' where code = 'demo-g12'`)
    await world.until(async () => (await register('G12.90')).json.status === 'OK')
    t.match((await world.call('demo-g12', 'GET', '/v1/agencies/G12.90')).body, { code: 'G12.90', name: 'Phòng Nội vụ' })
    t.match(
      (await register('H26.01')).json,
      { ErrorDesc: /LT_DOOR_REGISTRATION_REFUSED/ },
      'another system’s, even a unit of it',
    )
    t.match((await register('G13.77')).json, { ErrorDesc: /LT_DOOR_REGISTRATION_WAITS/ })
    t.match((await register('G13.77')).json, { ErrorDesc: /LT_DOOR_REGISTRATION_WAITS/ })
    t.equal((await world.eyes.query('select from door_request')).rows.length, 1, 'one request, however often')
    await world.client('demo-h53').send(world.unsigned('demo-h53', ['G12.90']), { from: 'H53' })
    await world.until(
      async () => (await world.eyes.query(`select from consignment where agency_code = 'G12.90'`)).rows.length === 1,
    )
    t.match(
      (await client().post('deleteAgency', { AgencyCode: 'G12.90' })).json,
      { ErrorDesc: /LT_DOOR_REGISTRATION_REFUSED/ },
      'something is on its way',
    )
    await drain(world, client())
    t.equal((await client().post('deleteAgency', { AgencyCode: 'G12.90' })).json.status, 'OK')
    t.match((await world.client('demo-h53').send(world.unsigned('demo-h53', ['G12.90']), { from: 'H53' })).json, {
      status: 'FAIL',
      ErrorDesc: /LT_REG_CLOSED_CODE/,
    })
  })

  t.test('a network that is not on the list gets no answer; a system that is not, its code', async (t) => {
    const idle = await world.until(async () => {
      world.closeClients()
      await world.operator.query(`update system set door_connections = 60`)
      const opened = Array.from({ length: 400 }, () => world.client('demo-g12'))
      const answers = await Promise.allSettled(opened.map((each) => each.list('countReceiveEdoc')))
      const closed = answers.filter(({ status }) => status === 'rejected').length
      // The registry is up to two seconds behind: then both bounds were in force.
      return closed >= 220 && closed
    })
    t.ok(idle < 400, `${idle} connections too many were closed before a byte was read`)
    await world.operator.query(`update system set door_connections = 1000`)
    await world.until(() =>
      client()
        .list('countReceiveEdoc')
        .then(
          () => true,
          () => false,
        ),
    )
    await world.operator.query(`update system set door_networks = '{10.9.0.0/16}' where code = 'demo-h53'`)
    const stranger = await world.until(async () => {
      const reply = await world.client('demo-h53').list('countReceiveEdoc')
      return reply.json.status === 'FAIL' && reply
    })
    t.match(stranger, { status: 401, json: { ErrorCode: '15', ErrorDesc: /LT_DOOR_NETWORK_REFUSED/ } })
    await world.operator.query(`update system set door_networks = '{10.9.0.0/16}'`)
    const shut = await world.until(async () => {
      try {
        await client().list('countReceiveEdoc')
        return false
      } catch (error) {
        return error as Error
      }
    })
    t.match(shut.message, /closed after 0 bytes|ECONNRESET/, 'not a byte')
  })
})

async function drain(world: DoorWorld, receiver: GoldenClient): Promise<void> {
  await world.until(async () => {
    const items = await receiver.received()
    for (const { docId = '' } of items) await receiver.post('updateStatus', { status: 'done', docid: docId })
    const { rows } = await world.eyes.query(`select from dispatch where state = 'ACCEPTED'`)
    return items.length === 0 && rows.length === 0
  })
}
