import t, { type Test } from 'tap'
import {
  createRoot,
  issueCertificate,
  nodeCrypto,
  packetPolicy,
  readSignature,
  signPacket,
  verifySignature,
} from '../../libs/signature/index.ts'
import { secondOpinion } from '../../libs/signature/second-opinion.ts'
import { elementsInNamespace, parseXml, type XmlElement } from '../../libs/xml/index.ts'
import { judge, makePki, type Pki, packetWith, QCVN, seen, signed, xmlsec } from './signature-fixture.ts'

const detached = { attachments: [seen] }
let pki: Pki
let whole: string
let parts: string

t.before(async () => {
  pki = await makePki()
  whole = signed(pki, 'root').toString()
  parts = signed(pki, 'envelope-manifest').toString()
})

/** Verdict and reason of a packet after a change, which must really change it. */
async function after(t: Test, original: string, change: (packet: string) => string, more = {}): Promise<string> {
  const packet = change(original)
  t.not(packet, original, 'the packet is changed')
  const seenParts = original === parts ? detached : {}
  const { verdict, reason } = await judge(Buffer.from(packet), pki.trust, { ...seenParts, ...more })
  return reason === undefined ? verdict : `${verdict} ${reason}`
}

t.test('the honest twins are accepted by all three engines', async (t) => {
  for (const packet of [whole, parts]) {
    const bytes = Buffer.from(packet)
    t.equal((await judge(bytes, pki.trust, packet === parts ? detached : {})).verdict, 'valid')
    t.equal(await xmlsec(bytes, pki.root.certificatePem), true)
    t.equal(secondOpinion(bytes), true)
  }
})

t.test('xsw_wrapping: the signed part moved aside, a forged one in its place', async (t) => {
  const envelope = /<edXML:edXMLEnvelope.*<\/edXML:edXMLEnvelope>/s.exec(parts)?.[0] as string
  const forged = envelope
    .replace('xml:id="lt-envelope"', 'xml:id="khac"')
    .replace('H26.01', 'H99.99')
    .replace(/<ds:Signature .*<\/ds:Signature>/s, '')
  const wrap = (make: (signedPart: string, forgedPart: string) => string) =>
    after(t, parts, (packet) => packet.replace(envelope, () => make(envelope, forged)))
  t.equal(await wrap((own, other) => `${other}${own}`), 'unverifiable LT_SIG_SHAPE', 'before it')
  t.equal(await wrap((own, other) => `${own}${other}`), 'unverifiable LT_SIG_SHAPE', 'behind it')
  t.equal(await wrap((own, other) => `${other}<x>${own}</x>`), 'invalid LT_SIG_MISPLACED', 'the signed one wrapped')
  const signature = /<ds:Signature .*<\/ds:Signature>/s.exec(envelope)?.[0] as string
  const bare = envelope.replace(signature, '')
  const carrying = forged.replace('</edXML:edXMLHeader>', `${signature}</edXML:edXMLHeader>`)
  t.equal(await wrap(() => `${carrying}${bare}`), 'unverifiable LT_SIG_SHAPE', 'the signature in the forged one')
  t.equal(
    await wrap(() => `${carrying}<AttachmentEncoded>${bare}</AttachmentEncoded>`),
    'unverifiable LT_SIG_SHAPE',
    'the signed one among the attachments',
  )
  const inObject = carrying.replace('</ds:Signature>', `<ds:Object>${bare}</ds:Object></ds:Signature>`)
  t.equal(await wrap(() => inObject), 'unverifiable LT_SIG_SHAPE', 'the signed one inside the signature')
})

t.test('xsw_duplicate_id', async (t) => {
  const twice = (attribute: string) =>
    after(t, parts, (packet) => packet.replace('<edXML:From>', `<edXML:From ${attribute}="lt-envelope">`))
  for (const attribute of ['xml:id', 'Id', 'ID', 'id'])
    t.equal(await twice(attribute), 'invalid LT_SIG_DUPLICATE_ID', attribute)
  const onManifest = await after(t, parts, (packet) =>
    packet.replace('<edXML:From>', '<edXML:From Id="lt-attachments">'),
  )
  t.match(onManifest, /^invalid/, 'the id of the manifest')
})

t.test('what the signature does not cover', async (t) => {
  t.equal(
    await after(t, parts, (packet) => packet.replace('</edXML>', '<Extra/></edXML>')),
    'unverifiable LT_SIG_SHAPE',
    'an element beside the envelope',
  )
  t.equal(
    await after(t, parts, (packet) => packet.replace('</edXML>', 'text</edXML>')),
    'unverifiable LT_SIG_SHAPE',
    'text beside the envelope',
  )
  for (const [what, from, to] of [
    ['a style sheet in front', '<edXML ', '<?xml-stylesheet href="x.xsl"?><edXML '],
    ['an instruction behind', '</edXML>', '</edXML><?x y?>'],
    ['an attribute of the root', '<edXML ', '<edXML lang="vi" '],
  ] as const) {
    t.equal(await after(t, parts, (packet) => packet.replace(from, to)), 'unverifiable LT_SIG_SHAPE', what)
    t.match(
      await after(t, whole, (packet) => packet.replace(from, to)),
      /^invalid/,
      `${what} of a packet signed as a whole`,
    )
  }
  t.equal(
    await after(t, parts, (packet) => packet.replace('<edXML ', '<!-- x --><edXML ')),
    'valid',
    'a comment says nothing',
  )
  t.equal(
    await after(t, whole, (packet) => packet.replace('</ds:Signature>', '<ds:Object><x/></ds:Object></ds:Signature>')),
    'unverifiable LT_SIG_SHAPE',
    'an object in a whole-packet signature',
  )
  t.equal(
    await after(t, whole, (packet) => packet.replace('</ds:KeyInfo>', `<MessageHeader xmlns="${QCVN}"/></ds:KeyInfo>`)),
    'invalid LT_SIG_STRUCTURE',
    'packet content in KeyInfo',
  )
  const { verdict, reason } = await judge(Buffer.from(whole), pki.trust, detached)
  t.same([verdict, reason], ['unverifiable', 'LT_SIG_SHAPE'], 'detached parts that nothing signs')
  t.equal(
    await after(t, parts, (packet) => packet.replace('<ds:Object>', '<ds:Object><x/>')),
    'unverifiable LT_SIG_SHAPE',
    'a second thing in the object',
  )
})

t.test('attachments and the manifest', async (t) => {
  const other = { ...seen, sha256: Buffer.alloc(32, 7) }
  const given = async (attachments: (typeof seen)[], inlineAttachments: (typeof seen)[] = [], packet = parts) => {
    const { verdict, reason } = await judge(Buffer.from(packet), pki.trust, { attachments, inlineAttachments })
    return `${verdict} ${reason ?? ''}`.trim()
  }
  const mismatch = 'invalid LT_SIG_ATTACHMENT_MISMATCH'
  t.equal(await given([seen]), 'valid')
  t.equal(await given([]), mismatch, 'missing')
  t.equal(await given([other]), mismatch, 'other bytes')
  t.equal(await given([seen, seen]), mismatch, 'twice')
  t.equal(await given([seen, { ...seen, contentId: 'thua' }]), mismatch, 'one more')
  t.equal(await given([{ ...seen, contentId: 'khac' }]), mismatch, 'another name')
  t.equal(await given([], [seen]), mismatch, 'inline, but not there')
  const fits = async (sha256: Uint8Array, packet: string): Promise<boolean | undefined> =>
    (await judge(Buffer.from(packet), pki.trust, { attachments: [{ ...seen, sha256 }] })).manifestFits
  const forged = parts.replace(/<ds:KeyInfo>[\s\S]*<\/ds:KeyInfo>/, '').replace(/(<ds:SignatureValue>)[^<]*/, '$1AAAA')
  t.same([await fits(seen.sha256, forged), await fits(other.sha256, forged)], [true, false], 'whoever signed it')
  const hidden = parts.replace('</edXML>', '<AttachmentEncoded><Attachment/></AttachmentEncoded></edXML>')
  t.equal(await given([seen], [], hidden), mismatch, 'there, but not told')
  const manifest = /<ds:Manifest .*<\/ds:Manifest>/s.exec(parts)?.[0] as string
  const swap = (change: (text: string) => string) => after(t, parts, (packet) => packet.replace(manifest, change))
  t.equal(
    await swap((text) => text.replace(/<ds:DigestValue>[^<]*/, `<ds:DigestValue>${other.sha256.toString('base64')}`)),
    'invalid LT_SIG_DIGEST_MISMATCH',
    'manifest rewritten',
  )
  t.equal(await swap((text) => text.replace('cid:', 'http:')), 'unverifiable LT_SIG_SHAPE', 'not a content id')
  t.equal(await swap((text) => text.replace('sha256', 'sha512')), 'unverifiable LT_SIG_SHAPE', 'another digest')
  t.equal(
    await swap((text) => text.replace('<ds:Reference', '<x/><ds:Reference')),
    'invalid LT_SIG_STRUCTURE',
    'foreign element',
  )
})

t.test('two signatures, two SignedInfo, a truncated signature', async (t) => {
  const signature = /<ds:Signature .*<\/ds:Signature>/s.exec(whole)?.[0] as string
  const signedInfo = /<ds:SignedInfo>.*<\/ds:SignedInfo>/s.exec(signature)?.[0] as string
  t.equal(
    await after(t, whole, (packet) => packet.replace(signature, signature + signature)),
    'invalid LT_SIG_MULTIPLE',
  )
  t.equal(
    await after(t, whole, (packet) => packet.replace('</edXML>', `${signature}</edXML>`)),
    'invalid LT_SIG_MULTIPLE',
    'anywhere',
  )
  const lookalike = '<edXML:Signature><x/></edXML:Signature>'
  t.equal(
    await after(t, whole, (packet) => packet.replace(signature, lookalike + signature)),
    'invalid LT_SIG_MULTIPLE',
    'in another namespace',
  )
  t.equal(
    await after(t, whole, (packet) => packet.replace(signedInfo, signedInfo + signedInfo)),
    'invalid LT_SIG_STRUCTURE',
  )
  t.equal(
    await after(t, whole, (packet) => packet.replace(signedInfo, `<ds:Wrapper>${signedInfo}</ds:Wrapper>`)),
    'invalid LT_SIG_STRUCTURE',
    'wrapped SignedInfo',
  )
  t.equal(
    await after(t, whole, (packet) => packet.replace(/<ds:SignatureValue>.*<\/ds:SignatureValue>/s, '')),
    'invalid LT_SIG_STRUCTURE',
    'no value',
  )
  t.equal(
    await after(t, whole, (packet) => packet.replace(/(<ds:SignatureValue>).{8}/, '$1')),
    'invalid LT_SIG_VALUE_MISMATCH',
    'short value',
  )
  t.equal(
    await after(t, whole, (packet) => packet.replace(/(<ds:SignatureValue>)[^<]*/, '$1')),
    'invalid LT_SIG_STRUCTURE',
    'empty value',
  )
  await t.rejects(
    judge(Buffer.from(whole).subarray(0, -20), pki.trust),
    { code: 'LT_ENV_MALFORMED' },
    'a truncated packet',
  )
})

t.test('comments, instructions and CDATA inside values (CVE-2025-29775)', async (t) => {
  for (const [name, intruder] of Object.entries({
    comment: '<!--x-->',
    instruction: '<?x?>',
    cdata: '<![CDATA[]]>',
    element: '<x/>',
  })) {
    for (const place of ['DigestValue', 'SignatureValue', 'X509Certificate']) {
      const verdict = await after(t, whole, (packet) => packet.replace(`<ds:${place}>`, `<ds:${place}>${intruder}`))
      t.equal(verdict, 'invalid LT_SIG_STRUCTURE', `${name} in ${place}`)
    }
    if (name === 'cdata') continue // Empty text between elements says nothing.
    t.match(
      await after(t, whole, (packet) => packet.replace('<ds:SignedInfo>', `<ds:SignedInfo>${intruder}`)),
      /^invalid/,
      `${name} in SignedInfo`,
    )
  }
  const text = await after(t, whole, (packet) => packet.replace(/(<ds:DigestValue>)(.{10})/, '$1<![CDATA[$2]]>'))
  t.equal(text, 'invalid LT_SIG_STRUCTURE', 'a digest in two nodes')
})

t.test('moved signature', async (t) => {
  const signature = /<ds:Signature .*<\/ds:Signature>/s.exec(whole)?.[0] as string
  const move = (to: string) =>
    after(t, whole, (packet) => packet.replace(signature, '').replace(to, () => signature + to))
  for (const to of ['</edXML:MessageHeader>', '</edXML:edXMLBody>', '</edXML:edXMLEnvelope>', '</edXML>']) {
    t.equal(await move(to), 'invalid LT_SIG_MISPLACED', `before ${to}`)
    const moved = whole.replace(signature, '').replace(to, () => signature + to)
    t.equal(await xmlsec(Buffer.from(moved), pki.root.certificatePem), true, 'xmlsec1 has no place for it to be')
  }
})

t.test('algorithm downgrade and foreign transforms', async (t) => {
  const swap = (from: string, to: string) => after(t, whole, (packet) => packet.replace(from, to))
  const dsig = 'http://www.w3.org/2000/09/xmldsig#'
  const ecdsa = 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256'
  for (const name of [
    `${dsig}rsa-sha1`,
    `${dsig}hmac-sha1`,
    `${dsig}dsa-sha1`,
    'urn:none',
    'http://www.w3.org/2001/04/xmldsig-more#hmac-sha256',
  ]) {
    t.equal(await swap(ecdsa, name), 'unverifiable LT_SIG_ALGORITHM', name)
  }
  t.equal(
    await swap(ecdsa, ecdsa.replace('ecdsa', 'rsa')),
    'invalid LT_SIG_VALUE_MISMATCH',
    'another family than the key',
  )
  t.equal(
    await swap('http://www.w3.org/2001/04/xmlenc#sha256', `${dsig}sha1`),
    'unverifiable LT_SIG_ALGORITHM',
    'SHA-1 digest',
  )
  const transform = '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>'
  for (const name of [
    'http://www.w3.org/TR/1999/REC-xslt-19991116',
    'http://www.w3.org/TR/1999/REC-xpath-19991116',
    `${dsig}base64`,
    'http://www.w3.org/2001/10/xml-exc-c14n#WithComments',
  ]) {
    t.equal(
      await swap(transform, `<ds:Transform Algorithm="${name}"/></ds:Transforms>`),
      'unverifiable LT_SIG_TRANSFORM',
      name,
    )
  }
  t.equal(
    await swap(
      transform,
      transform.replace('<', '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><'),
    ),
    'unverifiable LT_SIG_TRANSFORM',
    'canonicalized twice',
  )
  t.equal(await swap('URI=""', 'URI="#xpointer(/)"'), 'unverifiable LT_SIG_SHAPE', 'XPointer')
  t.equal(await swap('URI=""', ''), 'unverifiable LT_SIG_SHAPE', 'no URI')
  t.equal(
    await swap(`<ds:Transform Algorithm="${dsig}enveloped-signature"/>`, ''),
    'unverifiable LT_SIG_SHAPE',
    'not enveloped',
  )
  t.equal(
    await swap(`${ecdsa}"/>`, `${ecdsa}"><ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>`),
    'invalid LT_SIG_STRUCTURE',
    'parameters',
  )
})

t.test('attacker KeyInfo', async (t) => {
  const rogueRoot = await createRoot({ commonName: 'Gốc thử nghiệm' })
  const rogue = await issueCertificate(rogueRoot, { kind: 'agency', commonName: 'UBND tỉnh', agencyCode: 'H26.01' })
  const own = signPacket({
    packet: packetWith(),
    key: rogue.key,
    chain: [rogue.certificatePem, rogueRoot.certificatePem],
    shape: 'root',
  })
  const report = await judge(own, pki.trust)
  t.match(
    report,
    { verdict: 'untrusted', reason: 'LT_CERT_UNKNOWN_ISSUER', signer: { agencyCode: 'H26.01' } },
    'a root of one’s own',
  )
  t.equal(await xmlsec(own, pki.root.certificatePem), false, 'xmlsec1 agrees')
  const honest = pki.agency.certificate.x509.raw.toString('base64')
  const certificates = /<ds:X509Certificate>[^<]*/g
  const first = (packet: string): string =>
    packet.replace(certificates, `<ds:X509Certificate>${honest}</ds:X509Certificate>$&`)
  const dressed = await judge(Buffer.from(first(own.toString())), pki.trust)
  t.not(dressed.verdict, 'valid', 'an honest certificate beside the rogue one')
  const swapped = await judge(
    Buffer.from(own.toString().replace(certificates, `<ds:X509Certificate>${honest}`)),
    pki.trust,
  )
  t.match(swapped, { verdict: 'invalid', reason: 'LT_SIG_VALUE_MISMATCH' }, 'an honest certificate instead of it')
  t.equal(
    await after(t, whole, (packet) => packet.replace(/<ds:X509Data>.*<\/ds:X509Data>/s, '<ds:KeyName>x</ds:KeyName>')),
    'unverifiable LT_SIG_NO_CERTIFICATE',
  )
  t.equal(
    await after(t, whole, (packet) => packet.replace(/<ds:KeyInfo>.*<\/ds:KeyInfo>/s, '')),
    'unverifiable LT_SIG_NO_CERTIFICATE',
  )
  t.equal(
    await after(t, whole, (packet) => packet.replace(/(<ds:X509Certificate>).{40}/, '$1')),
    'unverifiable LT_CERT_UNREADABLE',
  )
  t.equal(
    await after(t, whole, (packet) =>
      packet.replace(
        certificates,
        '$&</ds:X509Certificate>$&</ds:X509Certificate>$&</ds:X509Certificate>$&</ds:X509Certificate>$&',
      ),
    ),
    'invalid LT_SIG_STRUCTURE',
    'too many',
  )
  const late = await judge(Buffer.from(whole), pki.trust, { at: new Date(Date.now() + 3 * 365 * 86_400_000) })
  t.match(late, { verdict: 'untrusted', reason: 'LT_CERT_EXPIRED' })
})

t.test('relative namespace names', async (t) => {
  t.equal(
    await after(t, whole, (packet) => packet.replace('<edXML:From>', '<edXML:From xmlns:r="gan">')),
    'unverifiable LT_SIG_NAMESPACE_RELATIVE',
  )
})

t.test('a reference to nothing', async (t) => {
  using tree = parseXml(Buffer.from(parts.replace('URI="#lt-envelope"', 'URI="#không"')))
  const [element] = elementsInNamespace(tree, 'http://www.w3.org/2000/09/xmldsig#') as [XmlElement]
  const checks = { policy: packetPolicy, crypto: nodeCrypto, resolveKey: () => pki.agency.key }
  const reason = await verifySignature(tree, readSignature(element), checks).catch(
    (fault: { reason: string }) => fault.reason,
  )
  t.equal(reason, 'LT_SIG_REFERENCE_MISSING')
})

t.test('no byte of the signed part can be changed', async (t) => {
  const bytes = Buffer.from(whole)
  const start = bytes.indexOf('<edXML:MessageHeader>')
  const end = bytes.indexOf('<ds:Signature')
  let judged = 0
  for (let at = start; at < end; at += 1) {
    const copy = Buffer.from(bytes)
    copy[at] = (copy[at] as number) ^ 1
    const verdict = await judge(copy, pki.trust).then(
      (report) => report.verdict,
      (error: { code?: string }) => error.code,
    )
    if (verdict === 'valid' || verdict === undefined) t.fail(`byte ${at}: ${verdict}`)
    judged += 1
  }
  t.ok(judged > 150, `${judged} bytes`)
})
