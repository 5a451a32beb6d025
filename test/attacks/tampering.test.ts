import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type DetachedFile, envelopePart, filePart, multipart, signedEnvelope } from '../harness/detached.ts'
import { type Answer, SMALL_PDF, startWorld } from '../harness/world.ts'

// What an attacker between sender and axis, or one who holds a genuine packet, may try. Everything goes through pre-flight and
// submission alike; only what means the same as the signed packet may pass.
const world = await startWorld(t)
const XML = { 'content-type': 'application/edxml+xml' }
const check = (body: Buffer, headers: Record<string, string> = XML): Promise<Answer> =>
  world.call('demo-g12', 'POST', '/v1/dispatches/check', { body, headers })
const LONG_PDF = Buffer.concat([SMALL_PDF, Buffer.alloc(40_000, 'nội dung ')])
const FILES: readonly DetachedFile[] = [
  { contentId: 'a', name: 'a.pdf', mediaType: 'application/pdf', bytes: LONG_PDF },
  { contentId: 'b', name: 'b.pdf', mediaType: 'application/pdf', bytes: SMALL_PDF },
]

t.test('one byte changed anywhere: refused, or it was no part of what is signed and said', async (t) => {
  const packet = world.packet('demo-g12', ['H26'])
  const genuine = (await check(packet)).body
  t.equal(genuine.signature.verdict, 'valid')
  const keyInfo = [packet.indexOf('<ds:KeyInfo'), packet.indexOf('</ds:KeyInfo>')] as [number, number]
  let refused = 0
  for (let at = 3; at < packet.length; at += 23) {
    const changed = Buffer.from(packet)
    changed[at] = (changed[at] as number) ^ 0x01
    const { status, body } = await check(changed)
    if (status !== 200) {
      refused++
      t.ok(status >= 400 && status < 500, `${at}: ${body.code}`)
      continue
    }
    t.ok(at >= keyInfo[0] && at < keyInfo[1], `byte ${at} is not covered: ${packet.subarray(at - 20, at + 20)}`)
    t.same(body, genuine, 'a spare certificate changed nothing')
  }
  t.ok(refused > 100, `${refused} refused`)
})

t.test('a certificate that cannot be what it says is refused by name, not by a fault of ours', async (t) => {
  const genuine = world.packet('demo-g12', ['H26']).toString()
  const [whole, head, base64 = ''] = /(<ds:X509Certificate>)([^<]*)/.exec(genuine) as unknown as [
    string,
    string,
    string,
  ]
  const der = Buffer.from(base64, 'base64')
  // UTCTime, 13 bytes: the month becomes 99.
  const time = der.indexOf(Buffer.from([0x17, 0x0d]))
  t.ok(time > 0)
  const wrongDate = Buffer.from(der).fill('99', time + 4, time + 6)
  for (const bytes of [wrongDate, der.subarray(0, -5), Buffer.from('xin chào'), Buffer.alloc(100, 0x30)]) {
    const { status, body } = await check(Buffer.from(genuine.replace(whole, head + bytes.toString('base64'))))
    t.same([status, body.code], [422, 'LT_CERT_UNREADABLE'], JSON.stringify(body))
  }
})

t.test('a detached packet: envelope, attachments and their names belong together', async (t) => {
  const envelope = signedEnvelope(world, 'demo-g12', ['H26'], FILES)
  const other = signedEnvelope(world, 'demo-g12', ['H26'], [{ ...FILES[0], bytes: SMALL_PDF } as DetachedFile])
  const send = (bytes: Buffer, files: readonly DetachedFile[]): Promise<Answer> => {
    const { body, headers } = multipart([envelopePart(bytes), ...files.map(filePart)])
    return check(body, headers)
  }
  t.equal((await send(envelope, FILES)).body.signature.verdict, 'valid')
  const [a, b] = FILES as [DetachedFile, DetachedFile]
  for (const at of [0, 20_000, a.bytes.length - 1]) {
    const bytes = Buffer.from(a.bytes)
    bytes[at] = (bytes[at] as number) ^ 0x01
    t.equal((await send(envelope, [{ ...a, bytes }, b])).body.code, 'LT_SIG_ATTACHMENT_MISMATCH')
  }
  const longer = { ...a, bytes: Buffer.concat([a.bytes, Buffer.from(' ')]) }
  t.equal((await send(envelope, [longer, b])).body.code, 'LT_SIG_ATTACHMENT_MISMATCH')
  t.equal(
    (
      await send(envelope, [
        { ...a, contentId: 'b' },
        { ...b, contentId: 'a' },
      ])
    ).body.code,
    'LT_SIG_ATTACHMENT_MISMATCH',
    'names changed round',
  )
  t.equal((await send(other, FILES)).status, 422, "another envelope's attachments")
  t.equal((await send(envelope, [b, a])).body.signature?.verdict, 'valid', 'the order of parts says nothing')
  const digest = /<ds:DigestValue>[^<]*<\/ds:DigestValue><\/ds:Reference><\/ds:Manifest>/
  const manifest =
    digest.exec(envelope.toString())?.[0] ??
    /<ds:DigestValue>[^<]*<\/ds:DigestValue>(?=[\s\S]*<\/ds:Manifest>)/.exec(envelope.toString())?.[0]
  t.ok(manifest)
  const forged = envelope.toString().replace(/(<ds:Manifest[\s\S]*?<ds:DigestValue>)[^<]/, '$1=')
  t.not(forged, envelope.toString())
  t.not((await send(Buffer.from(forged), FILES)).status, 200, 'the manifest is signed')
})

t.test('a genuine signature round something else', async (t) => {
  const genuine = world.packet('demo-g12', ['H26']).toString()
  const signature = /<ds:Signature[\s>][\s\S]*<\/ds:Signature>/.exec(genuine)?.[0] as string
  const envelope = /<edXML:edXMLEnvelope[\s>][\s\S]*<\/edXML:edXMLEnvelope>/.exec(genuine)?.[0] as string
  const bare = genuine.replace(signature, '')
  const evil = genuine.replace('thử nghiệm kết nối', 'chuyển tiền ngay')
  const evilEnvelope = /<edXML:edXMLEnvelope[\s>][\s\S]*<\/edXML:edXMLEnvelope>/.exec(evil)?.[0] as string
  const shaped = signedEnvelope(world, 'demo-g12', ['H26'], []).toString()
  const shapedEnvelope = /<edXML:edXMLEnvelope[\s>][\s\S]*<\/edXML:edXMLEnvelope>/.exec(shaped)?.[0] as string
  const forgedEnvelope = shapedEnvelope.replace('thử nghiệm kết nối', 'chuyển tiền ngay')
  const attempts: Record<string, string> = {
    'another subject': evil,
    'a second envelope in front': genuine.replace(envelope, evilEnvelope + envelope),
    'a second envelope behind': genuine.replace(envelope, envelope + evilEnvelope),
    'the genuine envelope hidden in an extension': evil.replace(
      evilEnvelope,
      `${evilEnvelope}<x:kho xmlns:x="urn:x">${envelope}</x:kho>`,
    ),
    'the genuine envelope inside the signature': evil.replace(
      signature,
      signature.replace('</ds:Signature>', `<ds:Object>${envelope}</ds:Object></ds:Signature>`),
    ),
    'the signed envelope moved behind one of the same id': shaped.replace(
      shapedEnvelope,
      forgedEnvelope + shapedEnvelope,
    ),
    'the signed envelope wrapped, a forged one in its place': shaped.replace(
      shapedEnvelope,
      `${forgedEnvelope}<x:kho xmlns:x="urn:x">${shapedEnvelope}</x:kho>`,
    ),
    'a reference to nothing': genuine.replace('URI=""', 'URI="#khong-co"'),
    'a reference elsewhere': genuine.replace('URI=""', 'URI="http://127.0.0.1/x"'),
    'no reference': genuine.replace(/<ds:Reference[\s\S]*<\/ds:Reference>/, ''),
    'an XSLT transform': genuine.replace(
      'http://www.w3.org/2000/09/xmldsig#enveloped-signature',
      'http://www.w3.org/TR/1999/REC-xslt-19991116',
    ),
    'SHA-1': genuine.replace(
      /DigestMethod Algorithm="[^"]*"/,
      'DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"',
    ),
    'an HMAC': genuine.replace(
      /SignatureMethod Algorithm="[^"]*"/,
      'SignatureMethod Algorithm="http://www.w3.org/2000/09/xmldsig#hmac-sha1"',
    ),
    'no signature at all': bare,
    'a signature of another packet': bare.replace(
      '</edXML:edXMLHeader>',
      `${/<ds:Signature[\s>][\s\S]*<\/ds:Signature>/.exec(world.packet('demo-g12', ['H26']).toString())?.[0]}</edXML:edXMLHeader>`,
    ),
    'an attachment added': genuine.replace(
      '</AttachmentEncoded>',
      '<Attachment><ContentId>cid:x</ContentId><AttachmentName>x.pdf</AttachmentName></Attachment></AttachmentEncoded>',
    ),
    'a block of attachments added to a detached one': shaped.replace(
      '</edXML>',
      `${/<AttachmentEncoded>[\s\S]*<\/AttachmentEncoded>/.exec(genuine)?.[0]}</edXML>`,
    ),
    'a recipient cut in two by a comment': genuine.replace('<edXML:OrganId>H26<', '<edXML:OrganId>H2<!-- -->6<'),
    'a recipient added': genuine.replace(
      '<edXML:To>',
      '<edXML:To><edXML:OrganId>H53</edXML:OrganId></edXML:To><edXML:To>',
    ),
  }
  for (const [name, packet] of Object.entries(attempts)) {
    t.ok(packet !== genuine && packet !== shaped, `${name} is something else`)
    const foretold = await check(Buffer.from(packet))
    const answer = await world.submit('demo-g12', Buffer.from(packet))
    t.ok(answer.status >= 400 && answer.status < 500, `${name}: ${answer.status} ${answer.body.code}`)
    t.equal(foretold.body.code, answer.body.code)
    t.match(answer.body.code, /^LT_(SIG|ENV|SCHEMA|ATT|BUS)_/)
  }
  const { rows } = await world.eyes.query('select count(*)::int as count from dispatch')
  t.equal(rows[0].count, 0, 'none of it was taken')
  t.equal((await world.submit('demo-g12', Buffer.from(genuine))).status, 202, 'the genuine one is')
})

t.test('content that was changed on disk never arrives whole', async (t) => {
  const packet = world.packet('demo-g12', ['H26'], {
    attachments: [{ contentId: 'a', name: 'a.pdf', mediaType: 'application/pdf', bytes: LONG_PDF }],
  })
  const { dispatch } = (await world.submit('demo-g12', packet)).body
  const taken = await world.until(async () => {
    const { body } = await world.call('demo-h26', 'POST', '/v1/mailbox/lease', { body: {} })
    return body.items.find(({ item }: { item: { dispatch: string } }) => item.dispatch === dispatch)
  })
  const path = `/v1/consignments/${taken.item.consignment}/parts/0?lease=${taken.lease}`
  t.ok((await world.call('demo-h26', 'GET', path)).bytes.equals(packet))
  const file = readdirSync(world.servers.blobDir, { recursive: true, encoding: 'utf8' }).find(
    (name) => name.includes(dispatch) && /[0-9a-f]{64}$/.test(name),
  )
  const place = join(world.servers.blobDir, file as string)
  const bytes = readFileSync(place)
  bytes[bytes.length - 200] = (bytes[bytes.length - 200] as number) ^ 0x01
  writeFileSync(place, bytes)
  const outcome = await world.call('demo-h26', 'GET', path).then(
    ({ status, bytes: got }) => `${status}, ${got.length} bytes`,
    (error: Error) => error.message,
  )
  t.match(outcome, /^503|terminated|fetch failed/, 'an error, or an answer that breaks off')
})
