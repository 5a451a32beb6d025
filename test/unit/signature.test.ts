import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import {
  checkCertificatePath,
  createRoot,
  type Issuer,
  issueCa,
  issueCertificate,
  readCertificate,
  signPacket,
  spliceAttachments,
  TrustStore,
} from '../../libs/signature/index.ts'
import { secondOpinion } from '../../libs/signature/second-opinion.ts'
import { attachment, collect, judge, makePki, packetWith, seen, signed, xmlsec } from './signature-fixture.ts'

const DAY = 86_400_000
const detached = { attachments: [seen] }

t.test('sign and verify', async (t) => {
  for (const algorithm of ['ec', 'rsa'] as const) {
    const pki = await makePki(algorithm)
    for (const shape of ['root', 'envelope-manifest'] as const) {
      const name = `${algorithm} ${shape}`
      const packet = signed(pki, shape)
      const report = await judge(packet, pki.trust, shape === 'root' ? {} : detached)
      t.match(report, { verdict: 'valid', shape, signer: { agencyCode: 'H26.01' } }, name)
      t.match(report.signer?.issuer, /số 1/, `${name}: names survive`)
      const chain = [pki.agency, pki.ca, pki.root].map(({ certificate }) => certificate.fingerprint)
      t.same(report.chain, chain, `${name}: chain`)
      t.equal(report.reason, undefined)
      t.match(report.canonicalDigest, /^[0-9a-f]{64}$/)
      t.equal(await xmlsec(packet, pki.root.certificatePem), true, `${name}: xmlsec1 accepts`)
      t.equal(secondOpinion(packet), true, `${name}: the second engine accepts`)
      const tampered = Buffer.from(packet.toString().replace('H26.01<', 'H26.02<'))
      const verdict = await judge(tampered, pki.trust, shape === 'root' ? {} : detached)
      t.match(verdict, { verdict: 'invalid', reason: 'LT_SIG_DIGEST_MISMATCH' }, `${name}: tampered`)
      t.equal(await xmlsec(tampered, pki.root.certificatePem), false, `${name}: xmlsec1 refuses it too`)
      t.equal(secondOpinion(tampered), false, `${name}: and the second engine`)
    }
  }
})

t.test('signing changes no other byte', async (t) => {
  const pki = await makePki()
  const packet = Buffer.from(packetWith().toString().replace(/\n/g, '\r\n'))
  const whole = signed(pki, 'root', packet).toString()
  t.equal(whole.replace(/<ds:Signature .*<\/ds:Signature>/s, ''), packet.toString(), 'root: the signature only')
  const parts = signed(pki, 'envelope-manifest', packet).toString()
  const stripped = parts.replace(/<ds:Signature .*<\/ds:Signature>/s, '').replace(' xml:id="lt-envelope"', '')
  t.equal(stripped, packet.toString(), 'envelope: the signature and the id')
  t.match(whole, /<\/ds:Signature><\/edXML:edXMLHeader>/, 'last in the header')
  t.equal((await judge(Buffer.from(whole), pki.trust)).verdict, 'valid', 'CRLF packet')
  const own = Buffer.from(
    packetWith().toString().replace('<edXML:edXMLEnvelope', '<edXML:edXMLEnvelope xml:id="cua-toi"'),
  )
  const kept = signed(pki, 'envelope-manifest', own)
  t.match(kept.toString(), /URI="#cua-toi"/, 'an id that is there is kept')
  t.equal((await judge(kept, pki.trust, detached)).verdict, 'valid')
})

t.test('P-384 and what cannot be signed', async (t) => {
  const pki = await makePki()
  const strong = await issueCertificate(pki.ca, { kind: 'agency', commonName: 'B', algorithm: 'ec384' })
  const base = {
    packet: packetWith(),
    key: strong.key,
    chain: [strong.certificatePem, pki.ca.certificatePem],
    shape: 'root',
  } as const
  t.match(await judge(signPacket(base), pki.trust), { verdict: 'valid', algorithm: /ecdsa-sha384$/ })
  const refuse = (change: object, why: string): void => {
    t.throws(() => signPacket({ ...base, ...change }), { code: 'LT_SIG_NOT_SIGNABLE' }, why)
  }
  refuse({ key: pki.agency.key }, 'a key that is not the certificate’s')
  refuse({ chain: [] }, 'no certificate')
  refuse({ packet: signPacket(base) }, 'signed already')
  refuse({ packet: Buffer.from('<edXML><e><edXMLHeader/></e></edXML>') }, 'an empty header')
  const taken = packetWith().toString().replace('<edXML:Subject>', '<edXML:Subject Id="lt-attachments">')
  refuse({ packet: Buffer.from(taken), shape: 'envelope-manifest' }, 'an id that is taken')
  t.throws(() => signPacket({ ...base, packet: Buffer.from('<edXML>') }), { code: 'LT_ENV_MALFORMED' })
})

t.test('spliced attachments', async (t) => {
  const pki = await makePki()
  const packet = signed(pki, 'envelope-manifest')
  const content = async function* () {
    for (let at = 0; at < attachment.length; at += 5) yield attachment.subarray(at, at + 5)
  }
  const inline = await collect(
    spliceAttachments(packet, [
      { ...seen, name: 'Tờ trình & <1>.pdf', mediaType: 'application/pdf', content: content() },
    ]),
  )
  t.equal(
    inline.toString().replace(/<AttachmentEncoded>.*<\/AttachmentEncoded>/s, ''),
    packet.toString(),
    'nothing else changes',
  )
  const encoded = /<ContentTransferEncoded>([^<]*)</.exec(inline.toString())?.[1] ?? ''
  t.same(Buffer.from(encoded, 'base64'), attachment, 'the bytes are there')
  t.match(inline.toString(), '<AttachmentName>Tờ trình &amp; &lt;1&gt;.pdf</AttachmentName>')
  t.equal(await xmlsec(inline, pki.root.certificatePem), true, 'xmlsec1 accepts')
  t.equal((await judge(inline, pki.trust, { inlineAttachments: [seen] })).verdict, 'valid', 'so do we')
  const block = packet.toString().replace('</edXML>', '<AttachmentEncoded/></edXML>')
  const filled = await collect(spliceAttachments(Buffer.from(block), [{ ...seen, name: 'a', content: content() }]))
  t.equal((await judge(filled, pki.trust, { inlineAttachments: [seen] })).verdict, 'valid', 'an empty block is filled')
  const again = await collect(spliceAttachments(filled, [{ contentId: 'b', name: 'b', content: content() }]))
  t.equal(again.toString().match(/<Attachment>/g)?.length, 2, 'a block that is there is continued')
  await t.rejects(collect(spliceAttachments(Buffer.from('<a/>'), [])), { code: 'LT_SIG_NOT_SIGNABLE' })
})

t.test('inline Base64 that was cut out', async (t) => {
  const pki = await makePki()
  const text = `${'QUJD'.repeat(20)}\n${'REVG'.repeat(20)}`
  const tail = `<AttachmentEncoded><Attachment><ContentTransferEncoded>${text}</ContentTransferEncoded></Attachment></AttachmentEncoded>`
  const packet = signed(pki, 'root', packetWith('a', tail))
  const token = 'cut0123456789abcdef'
  const cut = Buffer.from(packet.toString().replace(text, token))
  const stream = (content: string) =>
    async function* () {
      for (const piece of content.match(/.{1,7}/gs) ?? []) yield Buffer.from(piece)
    }
  const splices = new Map([[token, stream(text)]])
  const whole = await judge(packet, pki.trust)
  const report = await judge(cut, pki.trust, { splices })
  t.equal(report.verdict, 'valid')
  t.equal(report.canonicalDigest, whole.canonicalDigest, 'the digest is that of the whole packet')
  const verdictOf = async (bytes: Buffer, given: Map<string, () => AsyncIterable<Uint8Array>>) => {
    const { verdict, reason } = await judge(bytes, pki.trust, { splices: given })
    return `${verdict} ${reason}`
  }
  t.equal(await verdictOf(cut, new Map([[token, stream(`${text}A`)]])), 'invalid LT_SIG_DIGEST_MISMATCH')
  t.equal(await verdictOf(packet, splices), 'invalid LT_SIG_SPLICE', 'token absent')
  const twice = Buffer.from(cut.toString().replace('>a<', `>${token}<`))
  t.equal(await verdictOf(twice, splices), 'invalid LT_SIG_SPLICE', 'token twice')
  t.equal(
    await verdictOf(cut, new Map([['cut0', stream(text)]])),
    'invalid LT_SIG_SPLICE',
    'a token that could be text',
  )
  const overlapping = new Map([...splices, ['0123456789abcdef', stream(text)] as const])
  t.equal(await verdictOf(cut, overlapping), 'invalid LT_SIG_SPLICE', 'overlapping tokens')
})

t.test('inline Base64 cut out beside and inside the envelope', async (t) => {
  const pki = await makePki()
  const [text, token] = ['QUJD'.repeat(30), 'cut0123456789abcdef']
  const splices = new Map([
    [
      token,
      async function* () {
        yield Buffer.from(text)
      },
    ],
  ])
  const inside = signed(pki, 'envelope-manifest', packetWith(text)).toString().replace(text, token)
  t.equal((await judge(Buffer.from(inside), pki.trust, { ...detached, splices })).verdict, 'valid', 'inside')
  t.equal((await judge(Buffer.from(inside), pki.trust, detached)).verdict, 'invalid', 'the token alone is not the text')
  const block = `<AttachmentEncoded><Attachment>${token}</Attachment></AttachmentEncoded></edXML>`
  const beside = signed(pki, 'envelope-manifest').toString().replace('</edXML>', block)
  const given = { inlineAttachments: [seen], splices }
  t.equal((await judge(Buffer.from(beside), pki.trust, given)).verdict, 'valid', 'beside')
})

t.test('no signature, the sample, a lost namespace', async (t) => {
  const { trust } = await makePki()
  const inHeader = (xml: string): Buffer =>
    Buffer.from(packetWith().toString().replace('</edXML:edXMLHeader>', `${xml}</edXML:edXMLHeader>`))
  t.match(await judge(packetWith(), trust), { verdict: 'absent', reason: 'LT_SIG_ABSENT', chain: [] })
  t.match(await judge(inHeader('<edXML:DigitalSignature/>'), trust), { verdict: 'absent' }, 'an empty place')
  const block = (digest: string): string =>
    `<Signature><SignedInfo><Reference URI=""><DigestValue>${digest}</DigestValue></Reference></SignedInfo></Signature>`
  t.match(await judge(inHeader(block('FwgIqsSYJshUS2+wlOM61L+q7Aw=')), trust), {
    verdict: 'sample',
    reason: 'LT_SIG_SAMPLE',
  })
  t.match(await judge(inHeader(block('AAAA')), trust), { verdict: 'unverifiable', reason: 'LT_SIG_NAMESPACE' })
})

t.test('certificate path', async (t) => {
  const { root, ca, agency, trust } = await makePki()
  const question = { at: new Date(Date.now() + 60_000), purpose: 'packet', keyUsage: ['digitalSignature'] } as const
  const check = (pem: string, others: string[] = [ca.certificatePem], more: object = {}, store = trust): string => {
    const answer = checkCertificatePath(readCertificate(pem), others.map(readCertificate), store, {
      ...question,
      ...more,
    })
    return answer.ok ? `ok ${answer.chain.length}` : answer.reason
  }
  const leaf = (issuer: Issuer, more: object = {}) =>
    issueCertificate(issuer, { kind: 'agency', commonName: 'x', ...more })

  t.equal(check(agency.certificatePem), 'ok 3')
  t.equal(check(agency.certificatePem), 'ok 3', 'and from memory')
  t.equal(check(agency.certificatePem, []), 'ok 3', 'once found, a path is known')
  const fresh = await leaf(ca)
  t.equal(check(fresh.certificatePem, []), 'LT_CERT_UNKNOWN_ISSUER', 'the intermediate is missing')
  const informed = new TrustStore({
    anchors: [{ certificate: root.certificatePem, purposes: ['packet'] }],
    intermediates: [ca.certificatePem],
  })
  t.equal(check(fresh.certificatePem, [], {}, informed), 'ok 3', 'the store knows it')
  t.equal(
    check(fresh.certificatePem, [ca.certificatePem], { purpose: 'axis' }),
    'LT_CERT_UNKNOWN_ISSUER',
    'trusted for something else',
  )

  t.equal(check(agency.certificatePem, [], { at: new Date(Date.now() + 731 * DAY) }), 'LT_CERT_EXPIRED')
  t.equal(check(agency.certificatePem, [], { at: new Date(Date.now() - DAY) }), 'LT_CERT_NOT_YET_VALID')
  const shortLived = await issueCa(root, { commonName: 'ngắn hạn', days: 1 })
  const under = await leaf(shortLived)
  t.equal(
    check(under.certificatePem, [shortLived.certificatePem], { at: new Date(Date.now() + 2 * DAY) }),
    'LT_CERT_EXPIRED',
    'an issuer',
  )

  const foreign = await createRoot({ commonName: 'Gốc thử nghiệm' })
  const stranger = await leaf(foreign)
  t.equal(check(stranger.certificatePem, [foreign.certificatePem]), 'LT_CERT_UNKNOWN_ISSUER', 'same name, other key')
  const forged = await leaf(agency)
  t.equal(check(forged.certificatePem, [agency.certificatePem, ca.certificatePem]), 'LT_CERT_NOT_CA')
  const deeper = await issueCa(ca, { commonName: 'quá sâu' })
  const deep = await leaf(deeper)
  t.equal(check(deep.certificatePem, [deeper.certificatePem, ca.certificatePem]), 'LT_CERT_PATH_LENGTH')
  const server = await issueCertificate(ca, { kind: 'tls', commonName: 'máy chủ', names: ['localhost', '127.0.0.1'] })
  t.equal(check(server.certificatePem), 'LT_CERT_KEY_USAGE')
  t.equal(check(fresh.certificatePem, [ca.certificatePem], { keyUsage: ['keyAgreement'] }), 'LT_CERT_KEY_USAGE')
  t.equal(server.certificate.x509.checkIP('127.0.0.1'), '127.0.0.1')
  t.throws(() => readCertificate('nothing'), { code: 'LT_CERT_UNREADABLE' })
  t.throws(() => readCertificate(agency.certificate.x509.raw.subarray(0, 100)), { code: 'LT_CERT_UNREADABLE' })

  const folder = mkdtempSync(join(tmpdir(), 'lienthong-cert-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const selfSigned = (...more: string[]): string => {
    const file = join(folder, 'c.pem')
    execFileSync(
      'openssl',
      ['req', '-x509', '-nodes', '-subj', '/CN=w', '-keyout', join(folder, 'k.pem'), '-out', file, ...more],
      { stdio: 'ignore' },
    )
    return readFileSync(file, 'utf8')
  }
  t.equal(check(selfSigned('-newkey', 'rsa:1024')), 'LT_CERT_WEAK', 'a short key')
  t.equal(check(selfSigned('-newkey', 'rsa:2048', '-sha1')), 'LT_CERT_WEAK', 'SHA-1')
  t.equal(check(selfSigned('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1')), 'LT_CERT_WEAK', 'an odd curve')
  t.equal(check(selfSigned('-newkey', 'rsa:2048', '-addext', '1.2.3.4=critical,ASN1:NULL')), 'LT_CERT_EXTENSION')
  const serial = selfSigned('-newkey', 'rsa:2048', '-subj', '/CN=w/serialNumber=H53.13')
  t.equal(readCertificate(serial).agencyCode, 'H53.13', 'serialNumber stands in for the organisation identifier')
})

t.test('openssl reads what we issue', async (t) => {
  const { root, ca, agency } = await makePki()
  const folder = mkdtempSync(join(tmpdir(), 'lienthong-openssl-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = (name: string, pem: string): string => {
    const path = join(folder, name)
    execFileSync('sh', ['-c', `cat > ${path}`], { input: pem })
    return path
  }
  const inputs = [
    'verify',
    '-x509_strict',
    '-CAfile',
    file('root', root.certificatePem),
    '-untrusted',
    file('ca', ca.certificatePem),
    file('leaf', agency.certificatePem),
  ]
  t.match(execFileSync('openssl', inputs).toString(), /OK/)
})
