import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import {
  checkBusinessRules,
  checkSchema,
  DIALECT_PARTS,
  type Dialect,
  type DialectPart,
  ENVELOPE_WARNINGS,
  type OpenOptions,
  openPacket,
  type PacketDraft,
  planDialect,
  wireTimestamp,
  withEdits,
  writePacket,
  writeStatusPacket,
} from '../../libs/envelope/index.ts'
import { BusError, type ErrorCode } from '../../libs/errors/index.ts'
import { type Envelope, STATUS_CODES } from '../../libs/model/index.ts'
import { localName } from '../../libs/xml/index.ts'

const NS = 'http://www.mic.gov.vn/TBT/QCVN_102_2016'

const draft: PacketDraft = {
  sender: { code: 'H26.01', name: 'Sở A' },
  recipients: [{ code: 'H26.02', name: 'Sở B' }, { code: '000.00.03.H26' }],
  documentId: 'H26.01,2026/01/05,12/SA-VP',
  number: '12',
  notation: 'SA-VP',
  promulgationDate: '2026-01-05',
  documentType: { type: '2', detail: '18', name: 'Công văn' },
  subject: 'V/v thử nghiệm & <liên thông>',
  signer: { fullName: 'Nguyễn Văn A' },
  attachments: [{ contentId: 'a1', name: 'van-ban.pdf', mediaType: 'application/pdf', bytes: Buffer.from('%PDF-1.4') }],
}

const canonical = writePacket(draft).toString()

function read(packet: string | Uint8Array, options?: OpenOptions): Envelope {
  using opened = openPacket(typeof packet === 'string' ? Buffer.from(packet) : packet, options)
  return opened.envelope
}

function refusal(packet: string | Uint8Array, options?: OpenOptions): ErrorCode | 'accepted' {
  try {
    read(packet, options)
    return 'accepted'
  } catch (error) {
    if (error instanceof BusError) return error.code
    throw error
  }
}

/** The canonical packet with one place changed; fails when the place is not there. */
function changed(from: string | RegExp, to: string, packet = canonical): string {
  const result = packet.replace(from, to)
  if (result === packet) throw new Error(`nothing to change: ${from}`)
  return result
}

const codes = (envelope: Envelope): string[] => envelope.warnings.map(({ code }) => code)

t.test('what stands before the XML', async (t) => {
  t.equal(read(`\ufeff${canonical}`).documentId, draft.documentId, 'a byte order mark is fine')
  t.equal(read(`\r\n\n  ${canonical}`).documentId, draft.documentId, 'leading blank lines are fine')
  t.equal(read(`\ufeff\r\n${canonical}`).documentId, draft.documentId, 'both are fine')
  t.equal(read(canonical.replaceAll('\n', '\r\n')).documentId, draft.documentId, 'CRLF is fine')
  t.equal(refusal(`1212${canonical}`), 'LT_ENV_JUNK_BEFORE_PROLOG')
  t.equal(refusal(`\u00a0${canonical}`), 'LT_ENV_JUNK_BEFORE_PROLOG', 'a no-break space is junk')
  t.equal(refusal(''), 'LT_ENV_MALFORMED')
  t.equal(refusal(Buffer.from(`\ufeff${canonical}`, 'utf16le')), 'LT_ENV_ENCODING')
  t.equal(refusal(Buffer.from(canonical, 'utf16le')), 'LT_ENV_ENCODING')
  t.equal(refusal(changed('<edXML ', '<!DOCTYPE edXML><edXML ')), 'LT_ENV_DTD')
})

t.test('packets of other families are refused by name', async (t) => {
  const soap = (header: string, prefix = 'SOAP-ENV'): string =>
    `<${prefix}:Envelope xmlns:${prefix}="http://schemas.xmlsoap.org/soap/envelope/"><${prefix}:Header>${header}</${prefix}:Header></${prefix}:Envelope>`
  const d7 = soap('<edXML:MessageHeader xmlns:edXML="http://www.inetcloud.vn/ns/edxml"/>')
  t.equal(refusal(d7), 'LT_ENV_DIALECT_2803')
  t.equal(refusal(`------=_Part_0\r\nContent-Type: text/xml\r\n\r\n${d7}\r\n------=_Part_0--`), 'LT_ENV_DIALECT_2803')
  t.equal(refusal(`Content-type: text/xml; boundary="x";start=""\n\n--x\n\n${d7}\n--x--`), 'LT_ENV_DIALECT_2803')
  t.equal(refusal(soap('<edXML:Status/>', 'edXML')), 'LT_ENV_DIALECT_2803', 'SOAP namespace under the prefix edXML')
  const d4 = soap('<e:MessageHeader xmlns:e="http://www.e-doc.vn/Schema/"/>')
  t.equal(refusal(d4), 'LT_ENV_DIALECT_SOAP')
  t.equal(refusal(`--Boundary\nContent-ID: <Start>\n\n${d4}\n--Boundary--`), 'LT_ENV_DIALECT_SOAP')
  t.equal(refusal(soap('<x:Login xmlns:x="urn:x"/>')), 'LT_ENV_DIALECT_SOAP')
  const report = `<edXML xmlns="${NS}"><edXML:edXMLEnvelope xmlns:edXML="${NS}"><edXML:edXMLBody><edXML:AVReport/></edXML:edXMLBody></edXML:edXMLEnvelope></edXML>`
  t.equal(refusal(report), 'LT_ENV_NOT_A_DOCUMENT')
  t.equal(refusal('<html><body/></html>'), 'LT_ENV_NOT_EDXML')
  t.equal(refusal(changed(/<edXML:edXMLHeader>[\s\S]*<\/edXML:edXMLHeader>/, '')), 'LT_ENV_NOT_EDXML')
  t.equal(refusal(canonical.replaceAll(NS, 'http://example.com/edxml')), 'LT_ENV_NAMESPACE')
  t.equal(refusal(canonical.replaceAll(` xmlns="${NS}"`, '')), 'LT_ENV_NAMESPACE', 'no namespace')
  t.equal(
    refusal(changed('<edXML:Subject>', '<x:Subject xmlns:x="urn:x">other</x:Subject><edXML:Subject>')),
    'LT_ENV_NAMESPACE',
    'an element of ours in a foreign namespace',
  )
})

t.test('undeclared edXML: and xlink: are bound, and it is said', async (t) => {
  const undeclared = canonical
    .replace(' xml:id="envelope"', '')
    .replaceAll('<Attachment', '<edXML:Attachment')
    .replaceAll('</Attachment', '</edXML:Attachment')
    .replace('<edXML:Reference>', '<edXML:Reference xlink:href="">')
  using packet = openPacket(Buffer.from(undeclared))
  t.ok(packet.repaired)
  t.equal(packet.dialect, 'D1h')
  t.match(packet.envelope.warnings[0], { code: 'ENV_PREFIX_UNDECLARED', params: { prefixes: 'edXML: xlink:' } })
  t.same(
    packet.inlineAttachments.map(({ contentId, text }) => [contentId, text]),
    [['a1', 'JVBERi0xLjQ=']],
  )
  const commented = `<?xml version="1.0"?><!-- <edXML> --><?pi <x> ?>${undeclared.slice(undeclared.indexOf('<edXML'))}`
  t.equal(read(commented).documentId, draft.documentId, 'the root is found behind comments and instructions')
  const found = (door: 'native' | 'compatible'): string[] =>
    checkBusinessRules(packet.envelope, { now: new Date('2026-01-05'), policy: door })
      .filter(({ code }) => code === 'LT_ENV_PREFIX_UNDECLARED')
      .map(({ severity }) => severity)
  t.same([found('native'), found('compatible')], [['refuse'], ['warn']])
  t.equal(refusal(changed('</edXML:From>', '', undeclared)), 'LT_ENV_MALFORMED', 'binding cures nothing else')
  t.equal(refusal(changed('<edXML:To>', '<foo:To>')), 'LT_ENV_MALFORMED', 'other prefixes are not guessed')
  using declared = openPacket(Buffer.from(canonical))
  t.notOk(declared.repaired)
})

t.test('an element of ours in an older namespace than the envelope is refused where the schema counts', async (t) => {
  const foreign = (name: string): Envelope =>
    read(
      canonical
        .replace(`<edXML:${name}>`, `<q:${name} xmlns:q="http://e-doc.vn/xsd">`)
        .replace(`</edXML:${name}>`, `</q:${name}>`),
    )
  for (const name of ['Subject', 'Code', 'OtherInfo', 'edXMLBody', 'TraceHeaderList', 'edXMLHeader', 'Reference']) {
    const envelope = foreign(name)
    const found = (door: 'native' | 'compatible'): unknown =>
      checkBusinessRules(envelope, { now: new Date('2026-01-05'), policy: door }).map(
        ({ code, severity, params }) => `${code} ${severity} ${params.element}`,
      )
    t.same(found('native'), [`LT_ENV_NAMESPACE refuse ${name}`])
    t.same(found('compatible'), [`LT_ENV_NAMESPACE warn ${name}`])
  }
})

t.test('one packet, one reading', async (t) => {
  const twice = (element: string): string => `<edXML:${element}>another</edXML:${element}><edXML:${element}>`
  t.equal(refusal(changed('<edXML:DocumentId>', twice('DocumentId'))), 'LT_ENV_AMBIGUOUS')
  t.equal(refusal(changed('<edXML:Subject>', twice('Subject'))), 'LT_ENV_AMBIGUOUS')
  t.equal(refusal(changed('<edXML:OrganId>', twice('OrganId'))), 'LT_ENV_AMBIGUOUS')
  t.equal(
    refusal(changed('<edXML:From>', '<edXML:From><edXML:OrganId>H1</edXML:OrganId></edXML:From><edXML:From>')),
    'LT_ENV_AMBIGUOUS',
  )
  t.equal(refusal(changed('<edXML:MessageHeader>', '<edXML:MessageHeader/><edXML:MessageHeader>')), 'LT_ENV_AMBIGUOUS')
  t.equal(refusal(changed('<edXML:MessageHeader>', '<edXML:Status/><edXML:MessageHeader>')), 'LT_ENV_AMBIGUOUS')
  t.equal(refusal(changed('<edXML:edXMLHeader>', '<edXML:edXMLHeader/><edXML:edXMLHeader>')), 'LT_ENV_AMBIGUOUS')
  t.equal(refusal(changed('<AttachmentEncoded>', '<edXMLEnvelope/><AttachmentEncoded>')), 'LT_ENV_AMBIGUOUS')
  t.equal(
    refusal(
      changed(
        '</edXML:edXMLHeader>',
        '<Signature><Object><edXML:MessageHeader/></Object></Signature></edXML:edXMLHeader>',
      ),
    ),
    'LT_ENV_AMBIGUOUS',
    'a second header inside a signature',
  )
  t.equal(
    refusal(changed('<edXML:OrganId>H26', '<edXML:OrganId>H<!-- -->26')),
    'LT_ENV_AMBIGUOUS',
    'a comment in a code',
  )
  t.equal(refusal(changed('<edXML:OrganId>H26', '<edXML:OrganId>H<edXML:b>2</edXML:b>6')), 'LT_ENV_AMBIGUOUS')
  t.equal(refusal(changed('<AttachmentEncoded>', '<AttachmentEncoded/><AttachmentEncoded>')), 'LT_ENV_AMBIGUOUS')
  t.equal(refusal(changed('12</edXML:CodeNumber>', `${'1'.repeat(20_001)}</edXML:CodeNumber>`)), 'LT_ENV_TOO_LARGE')
  const same = changed('<edXML:Subject>', '<edXML:Subject>x</edXML:Subject><edXML:Subject>').replace(
    /(<edXML:Subject>)V[^<]*/,
    '$1x',
  )
  t.same(codes(read(same)), ['ENV_ELEMENT_TWICE'], 'equal repetitions are told')
  t.equal(read(changed(/V\/v[^<]*/, '<![CDATA[V/v <1>]]>')).subject, 'V/v <1>', 'CDATA is text')
  t.equal(refusal(changed('V/v thử', 'V/v <![CDATA[thử]]>')), 'LT_ENV_AMBIGUOUS', 'but not beside other text')
})

t.test('deviations of real packets are read and told', async (t) => {
  const told = (packet: string): string[] => codes(read(packet))
  const business = (inner: string): string => changed(/<edXML:Bussiness>[\s\S]*<\/edXML:Bussiness>/, inner)
  t.same(told(canonical), [], 'a canonical packet has none')
  t.same(told(business('')), ['ENV_BUSINESS_MISSING'])
  t.same(told(business('<edXML:Business><edXML:BussinessDocType>0</edXML:BussinessDocType></edXML:Business>')), [
    'ENV_OLD_NAME',
  ])
  t.equal(refusal(changed('>0</edXML:BussinessDocType>', '>4</edXML:BussinessDocType>')), 'LT_BUS_TYPE_UNKNOWN')
  const two = read(
    changed(
      '>0</edXML:BussinessDocType>',
      '>1</edXML:BussinessDocType><edXML:DocumentId>a</edXML:DocumentId><edXML:DocumentId>b</edXML:DocumentId>',
    ),
  )
  t.same([codes(two), two.business.targetDocumentId], [['ENV_BUSINESS_DOCUMENT_ID_TWICE'], 'a'])
  const leftOver = read(
    changed('>0</edXML:BussinessDocType>', '>0</edXML:BussinessDocType><edXML:DocumentId>a</edXML:DocumentId>'),
  )
  t.equal(leftOver.business.targetDocumentId, undefined, 'a new document has no target')
  for (const [written, iso] of [
    ['05/01/2026', '2026-01-05'],
    ['2026-01-05', '2026-01-05'],
    ['2026-01-05T08:00:00+07:00', '2026-01-05'],
    ['05/01/2026 08:00:00', '2026-01-05'],
    ['2026/1/5', '2026-01-05'],
  ] as const) {
    const envelope = read(changed('2026/01/05</edXML:Prom', `${written}</edXML:Prom`))
    t.same([codes(envelope), envelope.promulgationDate], [['ENV_DATE_FORM'], iso], written)
  }
  for (const written of ['2014/02/30', '31/13/2020', 'hôm qua', '2026/01-05']) {
    const envelope = read(changed('2026/01/05</edXML:Prom', `${written}</edXML:Prom`))
    t.same([codes(envelope), envelope.promulgationDate], [['ENV_DATE_UNREADABLE'], undefined], written)
  }
  t.same(told(changed('Sở A', 'N/A')), ['ENV_FILLER'])
  t.same(
    told(
      changed(
        '</edXML:MessageHeader>',
        '<edXML:ResponseFor><edXML:OrganId/></edXML:ResponseFor></edXML:MessageHeader>',
      ),
    ),
    ['ENV_REPLY_EMPTY'],
  )
  t.same(told(changed('>H26.02<', '>H26.02#x<')), ['ENV_CODE_SUFFIX'])
  t.same(
    told(changed('</edXML:MessageHeader>', '<edXML:SteeringType>chỉ đạo</edXML:SteeringType></edXML:MessageHeader>')),
    ['ENV_STEERING_TYPE_TEXT'],
  )
  const plain = read(
    changed(/<edXML:DocumentType>[\s\S]*<\/edXML:DocumentType>/, '<edXML:DocumentType>Công văn</edXML:DocumentType>'),
  )
  t.same([codes(plain), plain.documentType], [['ENV_DOCUMENT_TYPE_TEXT'], { name: 'Công văn' }])
  t.same(told(canonical.replaceAll('FullName', 'Signer')), ['ENV_OLD_NAME'])
  t.equal(read(canonical.replaceAll('FullName', 'Signer')).signer.fullName, 'Nguyễn Văn A')
  const trace =
    '<edXML:TraceHeader><edXML:OrganId>null</edXML:OrganId><edXML:Timestamp>05/01/2026</edXML:Timestamp></edXML:TraceHeader>'
  const traced = read(changed('<edXML:TraceHeaderList>', `<edXML:TraceHeaderList>${trace}`))
  t.same(traced.trace, [{ agency: '', timestamp: '05/01/2026' }])
  t.same(codes(traced).sort(), ['ENV_FILLER', 'ENV_TIMESTAMP_UNREADABLE'])
  t.equal(refusal(changed('>0</edXML:Priority>', '>khẩn</edXML:Priority>')), 'LT_BUS_PRIORITY_RANGE')
  const many = read(
    canonical.replace(
      '</edXML:MessageHeader>',
      `${'<edXML:To><edXML:OrganId>null</edXML:OrganId></edXML:To>'.repeat(500)}</edXML:MessageHeader>`,
    ),
  )
  t.equal(many.warnings.length, 1, 'the same deviation is told once')
  const fillers = Array.from(
    { length: 70 },
    (_, i) => `<edXML:To><edXML:OrganId>H1.${i}#x</edXML:OrganId></edXML:To>`,
  ).join('')
  const reference = /<edXML:Reference>[\s\S]*<\/edXML:Reference>/.exec(canonical)?.[0] as string
  const crowded = read(
    changed('<edXML:To>', `${fillers}<edXML:To>`)
      .replace('2026/01/05</edXML:PromulgationDate>', '05.01.2026</edXML:PromulgationDate>')
      .replace(reference, reference + reference),
  )
  t.ok(crowded.warnings.length < 60)
  t.match(
    checkBusinessRules(crowded, { now: new Date('2026-01-05'), policy: 'native' }).map(({ code }) => code),
    ['LT_ATT_ID_TWICE', 'LT_BUS_DATE_UNREADABLE'],
    'what refuses a packet is not lost in a crowd of deviations',
  )
  for (const code of codes(many)) t.ok(code in ENVELOPE_WARNINGS)
})

t.test('older forms', async (t) => {
  const d2 = canonical
    .replaceAll('edXMLManifest', 'Manifest')
    .replaceAll('cid:', '')
    .replace(`<edXML xmlns="${NS}"`, `<edXML xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="${NS}"`)
    .replace('</edXML:edXMLHeader>', '<edXML:DigitalSignature/></edXML:edXMLHeader>')
  using net = openPacket(Buffer.from(d2))
  t.equal(net.dialect, 'D2')
  t.same(net.envelope.attachments[0]?.contentId, 'a1')
  t.same(checkSchema(net, 'native'), [], 'and it is valid')

  const d3 = `<EdXMLEnvelope xmlns="http://www.go.vn/eDoc"><MessageHeader><From><OrganId>H1</OrganId></From><To><OrganId>H2</OrganId></To>
    <Code><CodeNumber>1</CodeNumber><CodeNotation>A</CodeNotation></Code><DocumentType>Công văn</DocumentType><Subject>S</Subject>
    <PromulgationInfo><Promulgator>Hà Nội</Promulgator><PromulgationDate>2026-01-05</PromulgationDate></PromulgationInfo>
    <SignerInfo><Signer>A</Signer></SignerInfo><DocumentId>x</DocumentId>
    <TraceHeaderList><Bussiness><BussinessDocType>0</BussinessDocType></Bussiness></TraceHeaderList></MessageHeader>
    <Manifest><Attachment><FileName>a.pdf</FileName><Content>JVBERi0=</Content></Attachment></Manifest></EdXMLEnvelope>`
  using early = openPacket(Buffer.from(d3))
  t.match(early.envelope, {
    dialect: 'D3',
    number: '1',
    place: 'Hà Nội',
    promulgationDate: '2026-01-05',
    documentId: 'x',
  })
  t.same(early.envelope.attachments, [{ contentId: 'part-1', name: 'a.pdf' }])
  t.same(early.inlineAttachments, [{ contentId: 'part-1', name: 'a.pdf', text: 'JVBERi0=' }])
  t.ok(codes(early.envelope).includes('ENV_DIALECT_OLD'))
  t.same(checkSchema(early, 'native'), [], 'no schema: the policy on the dialect decides')

  const flat = d3.replace('<MessageHeader>', '').replace('</MessageHeader>', '')
  t.match(
    read(flat),
    { dialect: 'D3', documentId: 'x', recipients: [{ code: 'H2' }] },
    'header elements right under the envelope',
  )

  const encoded = /<AttachmentEncoded>([\s\S]*)<\/AttachmentEncoded>/.exec(canonical)?.[1] as string
  const d5 = canonical
    .replace(/<AttachmentEncoded>[\s\S]*<\/AttachmentEncoded>/, '')
    .replace(
      '</edXML:edXMLEnvelope>',
      `<edXML:edXMLAttachments>${encoded}</edXML:edXMLAttachments></edXML:edXMLEnvelope>`,
    )
  using gateway = openPacket(Buffer.from(d5))
  t.equal(gateway.dialect, 'D5')
  t.equal(gateway.inlineAttachments[0]?.text, 'JVBERi0xLjQ=')

  for (const namespace of ['http://edxml.gov.vn/schema', 'http://www.inetcloud.vn/ns/edxml']) {
    t.equal(read(canonical.replaceAll(NS, namespace)).documentId, draft.documentId, namespace)
  }
  t.equal(read(canonical.replaceAll('edXML:', 'q:').replaceAll('xmlns:edXML', 'xmlns:q')).number, '12', 'any prefix')
})

t.test('the manifest and the attachments inside', async (t) => {
  const second = canonical.replace(/(<edXML:Reference>[\s\S]*<\/edXML:Reference>)/, '$1$1')
  const twice = read(second)
  t.same(
    twice.attachments.map(({ contentId }) => contentId),
    ['a1', 'a1#2'],
    'ids become unique',
  )
  t.same(codes(twice), ['ENV_CONTENT_ID_TWICE'])
  const reference = (id: string): string =>
    `<edXML:Reference><edXML:ContentId>${id}</edXML:ContentId></edXML:Reference>`
  const numbered = read(
    changed(/<edXML:Reference>[\s\S]*<\/edXML:Reference>/, ['9', '9', '9#2', '9'].map(reference).join('')),
  )
  t.same(
    numbered.attachments.map(({ contentId }) => contentId),
    ['9', '9#2', '9#2#2', '9#3'],
    'whatever the packet itself uses',
  )
  const padded = changed('JVBERi0xLjQ=', '\u00a0JVBERi0xLjQ=\ufeff')
  using kept = openPacket(Buffer.from(padded))
  t.equal(kept.inlineAttachments[0]?.text, '\u00a0JVBERi0xLjQ=\ufeff', 'only blanks of XML may stand round Base64')
  const bare = read(changed('<edXML:ContentId>cid:a1</edXML:ContentId>', ''))
  t.same([bare.attachments[0]?.contentId, codes(bare)], ['part-1', ['ENV_CONTENT_ID_MISSING']])
  const linked = read(
    changed(
      '<edXML:Reference>',
      '<edXML:Reference xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="cid:a1">',
    ).replace('<edXML:ContentId>cid:a1</edXML:ContentId>', ''),
  )
  t.equal(linked.attachments[0]?.contentId, 'a1', 'the link stands in for the content id')
  t.same(codes(read(changed(/<edXML:edXMLBody>[\s\S]*<\/edXML:edXMLBody>/, ''))), ['ENV_MANIFEST_MISSING'])
})

t.test('tokens stand for Base64 text that was cut out', async (t) => {
  const token = 'lt5f0e1c9a'
  const tokens = new Set([token])
  const cut = changed('JVBERi0xLjQ=', token)
  using packet = openPacket(Buffer.from(cut), { tokens })
  t.match(packet.inlineAttachments, [{ contentId: 'a1', name: 'van-ban.pdf', text: undefined, token }])
  t.equal(refusal(canonical, { tokens }), 'LT_ENV_CONTENT_MISPLACED', 'a token that is nowhere')
  t.equal(refusal(changed(draft.notation, token), { tokens }), 'LT_ENV_CONTENT_MISPLACED', 'in a header element')
  t.equal(refusal(changed('JVBERi0xLjQ=', `${token}AAAA`), { tokens }), 'LT_ENV_CONTENT_MISPLACED', 'beside other text')
  t.equal(refusal(changed('JVBERi0xLjQ=', `<!-- ${token} -->`), { tokens }), 'LT_ENV_CONTENT_MISPLACED', 'in a comment')
  t.equal(refusal(changed('JVBERi0xLjQ=', `${token}<!-- x -->${token}`), { tokens }), 'LT_ENV_AMBIGUOUS')
  t.equal(refusal(changed('JVBERi0xLjQ=', `<b>${token}</b>`), { tokens }), 'LT_ENV_AMBIGUOUS')
})

const statusPacket = writeStatusPacket({
  sender: { code: 'H26.02', name: 'Sở B' },
  status: {
    code: '02',
    about: { agency: 'H26.01', code: '12/SA-VP', documentId: 'x', promulgationDate: '2026-01-05' },
    description: 'Sai nơi nhận',
    timestamp: '2026/01/05 10:00:00',
    staff: { department: 'Văn thư', name: 'Trần Thị B' },
  },
}).toString()

t.test('status packets are known by their content', async (t) => {
  const envelope = read(statusPacket)
  t.match(envelope, {
    kind: 'status',
    sender: { code: 'H26.02' },
    recipients: [{ code: 'H26.01' }],
    status: { code: '02', description: 'Sai nơi nhận', about: { documentId: 'x', promulgationDate: '2026-01-05' } },
    warnings: [],
  })
  const fork = statusPacket.replaceAll('MessageHeader', 'Status')
  t.match(read(fork), { dialect: 'D6', status: { code: '02' }, warnings: [{ code: 'ENV_STATUS_ROOT' }] })
  const coded = (text: string): Envelope => read(changed('>02<', `>${text}<`, statusPacket))
  t.equal(coded('3').status?.code, '03')
  t.equal(coded('14').status?.code, '15')
  t.same(codes(coded('14')), ['ENV_STATUS_CODE_FORM'])
  t.equal(refusal(changed('>02<', '>07<', statusPacket)), 'LT_BUS_STATUS_UNKNOWN')
  t.equal(refusal(changed('>02<', '><', statusPacket)), 'LT_BUS_STATUS_UNKNOWN')
  const to = (code: string): string =>
    changed(
      '<edXML:StatusCode>',
      `<edXML:To><edXML:OrganId>${code}</edXML:OrganId></edXML:To><edXML:StatusCode>`,
      statusPacket,
    )
  t.equal(refusal(to('H99')), 'LT_ENV_AMBIGUOUS', 'a status that is also addressed elsewhere')
  t.equal(refusal(to('H26.01')), 'accepted', 'the same agency named twice')
  t.equal(
    refusal(
      changed(
        '</edXML:edXMLEnvelope>',
        '</edXML:edXMLEnvelope><AttachmentEncoded><Attachment/></AttachmentEncoded>',
        statusPacket,
      ),
    ),
    'LT_ENV_AMBIGUOUS',
  )
  const second = '<edXML:ResponseFor><edXML:OrganId>H9</edXML:OrganId></edXML:ResponseFor><edXML:StatusCode>'
  t.equal(
    refusal(changed('<edXML:StatusCode>', second, statusPacket)),
    'LT_ENV_AMBIGUOUS',
    'an answer to two documents',
  )
  t.same(codes(read(changed('2026/01/05 10:00:00', '05/01/2026 10:00', statusPacket))), ['ENV_TIMESTAMP_UNREADABLE'])
})

t.test('the schema', async (t) => {
  const schema = (packet: string, door: 'native' | 'compatible' = 'native'): string[] => {
    using opened = openPacket(Buffer.from(packet))
    return checkSchema(opened, door).map(({ code, severity }) => `${code} ${severity}`)
  }
  t.same(schema(canonical), [])
  t.same(schema(statusPacket), [])
  const invented = changed('<edXML:Subject>', '<edXML:Invented/><edXML:Subject>')
  t.same(schema(invented), ['LT_SCHEMA_INVALID refuse'])
  t.same(schema(invented, 'compatible'), ['LT_SCHEMA_INVALID warn'])
  t.same(
    schema(changed('<edXML:Subject>', '<x:Extra xmlns:x="urn:x"/><edXML:Subject>')),
    [],
    'foreign additions are kept',
  )
  t.same(schema(changed('>SA-VP<', `>${'A'.repeat(300)}<`)), ['LT_SCHEMA_INVALID refuse'], 'beyond any real length')
  t.same(schema(changed('<edXML:ResponseFor>', '<edXML:Odd/><edXML:ResponseFor>', statusPacket)), [
    'LT_SCHEMA_INVALID refuse',
  ])
})

t.test('the samples shipped with the schemas', async (t) => {
  const folder = new URL('../../schemas/samples/', import.meta.url)
  const files = readdirSync(folder).filter((name) => name.endsWith('.edxml'))
  t.ok(files.length >= 3)
  for (const file of files) t.same(examine(readFileSync(new URL(file, folder))), [], file)
})

function examine(bytes: Uint8Array): unknown[] {
  using packet = openPacket(bytes)
  const rules = checkBusinessRules(packet.envelope, { now: new Date('2026-02-01T00:00:00Z'), policy: 'native' })
  return [...packet.envelope.warnings, ...checkSchema(packet, 'native'), ...rules]
}

t.test('what we write', async (t) => {
  using packet = openPacket(writePacket(draft))
  t.ok(
    canonical.startsWith(
      `<?xml version="1.0" encoding="UTF-8"?>\n<edXML xmlns="${NS}">\n  <edXML:edXMLEnvelope xmlns:edXML="${NS}" xml:id="envelope">`,
    ),
  )
  t.match(
    canonical,
    /<AttachmentEncoded>\s*<Attachment>\s*<ContentId>cid:a1</,
    'attachments as the vendor library writes them',
  )
  t.ok(canonical.includes('V/v thử nghiệm &amp; &lt;liên thông&gt;'))
  const order = [...canonical.matchAll(/^ {8}<edXML:(\w+)/gm)].map((match) => match[1])
  t.same(order.slice(0, 10), [
    'From',
    'To',
    'To',
    'Code',
    'PromulgationInfo',
    'DocumentType',
    'Subject',
    'SignerInfo',
    'OtherInfo',
    'DocumentId',
  ])
  t.equal(localName(packet.tree.root), 'edXML')
  const faulty = (change: Partial<PacketDraft>): unknown =>
    t.throws(() => writePacket({ ...draft, ...change }), { code: 'LT_ENV_DRAFT_INVALID' })
  faulty({ subject: 'a\u0000b' })
  faulty({ subject: 'a\ud800' })
  faulty({ promulgationDate: '2026-02-30' })
  faulty({ promulgationDate: '05/01/2026' })
  faulty({ steeringType: 'x' })
  faulty({ attachments: [{ contentId: '', name: 'a' }] })
  faulty({
    attachments: [
      { contentId: 'a', name: 'a' },
      { contentId: 'cid:a', name: 'b' },
    ],
  })
  faulty({
    attachments: [
      { contentId: 'a', name: 'a', bytes: Buffer.from('x') },
      { contentId: 'b', name: 'b' },
    ],
  })
  t.throws(
    () =>
      writeStatusPacket({
        sender: { code: 'H1' },
        status: { code: '01', about: { agency: 'H2', code: '1/A' }, timestamp: '2026-01-05' },
      }),
    { code: 'LT_ENV_DRAFT_INVALID' },
  )
  t.equal(wireTimestamp(new Date('2026-01-04T18:30:05Z')), '2026/01/05 01:30:05')
})

/** Text as it survives a packet: trimmed, no filler, only characters that XML holds. */
const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .map((value) => value.replace(/[\u0000-\u001f\ufffe\uffff]|\p{Cs}/gu, '').trim())
  .filter((value) => value !== '' && !['N/A', 'n/a', 'null', 'NULL'].includes(value) && !value.includes('#'))
const date = fc
  .date({ min: new Date('1990-01-01'), max: new Date('2090-01-01'), noInvalidDate: true })
  .map((value) => value.toISOString().slice(0, 10))
const optional = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> =>
  fc.record(model, { noNullPrototype: true, requiredKeys: [] }) as fc.Arbitrary<Partial<T>>
const party = fc.record(
  { code: text, name: text, inCharge: text, address: text, email: text, telephone: text, fax: text, website: text },
  { noNullPrototype: true, requiredKeys: ['code'] },
)
const link = fc.record(
  { agency: text, code: text, documentId: text, promulgationDate: date },
  { noNullPrototype: true, requiredKeys: ['agency', 'code'] },
)
const business = fc.record(
  {
    type: fc.constantFrom('recall', 'update', 'replace'),
    reason: text,
    paper: fc.boolean(),
    targetDocumentId: text,
    changesDocument: fc.boolean(),
    changesReceivers: fc.boolean(),
    receivers: fc.array(
      fc.record({ agency: text, change: fc.constantFrom('added', 'removed') }, { noNullPrototype: true }),
      { maxLength: 3 },
    ),
    replaces: fc.array(
      fc.record({ documentId: text, agencies: fc.array(text, { maxLength: 3 }) }, { noNullPrototype: true }),
      { maxLength: 3 },
    ),
  },
  { noNullPrototype: true, requiredKeys: ['type', 'paper', 'receivers', 'replaces'] },
)
const attachments = fc
  .tuple(
    fc.boolean(),
    fc.uniqueArray(
      fc.record(
        { contentId: fc.uuid(), name: text, mediaType: text, description: text },
        { noNullPrototype: true, requiredKeys: ['contentId', 'name'] },
      ),
      {
        maxLength: 3,
        selector: ({ contentId }) => contentId,
      },
    ),
  )
  .map(([inside, entries]) => entries.map((entry) => (inside ? { ...entry, bytes: Buffer.from(entry.name) } : entry)))
const drafts = fc.record(
  {
    sender: party,
    recipients: fc.array(party, { minLength: 1, maxLength: 4 }),
    documentId: text,
    number: text,
    notation: text,
    subject: text,
    place: text,
    promulgationDate: date,
    documentType: optional({ type: fc.constantFrom('1', '2', '71'), detail: fc.constantFrom('0', '18'), name: text }),
    content: text,
    signer: optional({ competence: text, position: text, fullName: text }),
    dueDate: date,
    toPlaces: fc.array(text, { maxLength: 3 }),
    priority: fc.integer({ min: 0, max: 4 }),
    steeringType: fc.constantFrom('0', '1', '2'),
    taskCode: text,
    applicationType: text,
    replies: fc.array(link, { maxLength: 3 }),
    business,
    trace: fc.array(
      fc.record({ agency: text, timestamp: fc.constant('2026/01/05 10:00:00') }, { noNullPrototype: true }),
      { maxLength: 2 },
    ),
    attachments,
  },
  { noNullPrototype: true, requiredKeys: ['sender', 'recipients', 'documentId', 'number', 'notation', 'subject'] },
)

t.test('a document that was written reads back as the same facts and follows the schema', async (t) => {
  fc.assert(
    fc.property(drafts, (draft) => {
      const { attachments = [], ...facts } = draft as PacketDraft
      using packet = openPacket(writePacket(draft as PacketDraft))
      const expected = {
        kind: 'document',
        dialect: 'D1',
        documentType: {},
        signer: {},
        toPlaces: [],
        priority: 0,
        replies: [],
        business: { type: 'new', paper: false, receivers: [], replaces: [] },
        trace: [],
        warnings: [],
        ...facts,
        attachments: attachments.map(({ bytes: _bytes, ...entry }) => entry),
      }
      assert.deepEqual(packet.envelope, expected)
      assert.deepEqual(checkSchema(packet, 'native'), [])
      assert.deepEqual(
        packet.inlineAttachments.map((each) => each.text),
        attachments
          .filter(({ bytes }) => bytes)
          .map(({ bytes }) => Buffer.from(bytes as Uint8Array).toString('base64')),
      )
    }),
    { numRuns: 150 },
  )
  t.pass('150 drafts')
})

const statuses = fc.record({
  sender: party,
  status: fc.record(
    {
      code: fc.constantFrom(...STATUS_CODES),
      about: link,
      timestamp: fc.constant('2026/01/05 10:00:00'),
      description: text,
      staff: fc.record(
        { department: text, name: text, mobile: text, email: text },
        { noNullPrototype: true, requiredKeys: ['name'] },
      ),
    },
    { noNullPrototype: true, requiredKeys: ['code', 'about', 'timestamp'] },
  ),
})

t.test('a status that was written reads back as the same facts and follows the schema', async (t) => {
  fc.assert(
    fc.property(statuses, ({ sender, status }) => {
      using packet = openPacket(writeStatusPacket({ sender, status }))
      assert.deepEqual([packet.envelope.sender, packet.envelope.status, packet.envelope.warnings], [sender, status, []])
      assert.deepEqual(checkSchema(packet, 'native'), [])
    }),
    { numRuns: 100 },
  )
  t.pass('100 drafts')
})

t.test('no bytes make the reader fail in another way than with a code', async (t) => {
  const bytes = Buffer.from(canonical)
  let codesSeen = 0
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: bytes.length - 1 }),
      fc.integer({ min: 0, max: 40 }),
      fc.uint8Array({ maxLength: 12 }),
      (at, cut, put) => {
        const spoilt = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)])
        if (refusal(spoilt) !== 'accepted') codesSeen += 1
      },
    ),
    { numRuns: 600 },
  )
  t.ok(codesSeen > 100, `${codesSeen} of 600 refused with a code`)
})

const HOP = { agency: 'TLT', at: new Date('2026-01-05T03:00:00Z') }

/** The packet in chunks of a size, so that changes meet their borders. */
async function* chunked(bytes: Buffer, size: number): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function inDialect(
  packet: string | Buffer,
  parts: readonly DialectPart[],
  size = 65_536,
): Promise<Buffer | { unfit: string } | 'as it is'> {
  const bytes = Buffer.from(packet as string)
  const plan = await planDialect(chunked(bytes, size), { parts: new Set(parts), hop: HOP } satisfies Dialect)
  if ('unfit' in plan) return plan
  if (plan.edits.length === 0) return 'as it is'
  const pieces: Uint8Array[] = []
  for await (const piece of withEdits(chunked(bytes, size), plan.edits)) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** Everything a packet says but its hops, and whether each element of the envelope has the literal prefix. */
function told(bytes: Buffer): { facts: object; trace: Envelope['trace']; prefixed: boolean } {
  using packet = openPacket(bytes)
  const { trace, dialect: _dialect, warnings: _warnings, ...facts } = packet.envelope
  const envelope = bytes
    .toString()
    .replace(/<AttachmentEncoded[\s\S]*$|<(?:\w+:)?Signature[\s\S]*<\/(?:\w+:)?Signature>/g, '')
  const names = [...envelope.matchAll(/<\/?([A-Za-z][\w:]*)/g)].map(([, name]) => name as string)
  const inside = names.slice(names.findIndex((name) => /edXMLEnvelope$/.test(name)))
  return {
    facts: { ...facts, inlineAttachments: packet.inlineAttachments },
    trace,
    prefixed: inside.every((name) => name.startsWith('edXML:') || name === 'edXML'),
  }
}

const HOP_TOLD = { agency: 'TLT', timestamp: '2026/01/05 10:00:00' }

t.test('a document in the form its reader needs says the same, whatever it was', async (t) => {
  const subsets = fc.subarray([...DIALECT_PARTS], { minLength: 1 })
  // As other builders write: another prefix, none at all, no business type, no list, an empty one.
  const forms: Record<string, (packet: string) => string> = {
    own: (packet) => packet,
    other: (packet) => packet.replaceAll('edXML:', 'v:').replaceAll('xmlns:edXML=', 'xmlns:v='),
    none: (packet) => packet.replace(/(<\/?)edXML:/g, '$1'),
    crlf: (packet) => `\ufeff\r\n${packet.replaceAll('\n', '\r\n')}`,
    'no type': (packet) => packet.replace(/ *<edXML:Bussiness>[\s\S]*<\/edXML:Bussiness>\n/, ''),
    'no list': (packet) => packet.replace(/ *<edXML:TraceHeaderList>[\s\S]*<\/edXML:TraceHeaderList>\n/, ''),
    'empty list': (packet) =>
      packet.replace(/<edXML:TraceHeaderList>[\s\S]*<\/edXML:TraceHeaderList>/, '<edXML:TraceHeaderList />'),
  }
  let rewritten = 0
  await fc.assert(
    fc.asyncProperty(
      drafts,
      subsets,
      fc.constantFrom(...Object.keys(forms)),
      fc.integer({ min: 1, max: 5000 }),
      async (draft, parts, form, size) => {
        const packet = Buffer.from(
          (forms[form] as (text: string) => string)(writePacket(draft as PacketDraft).toString()),
        )
        const before = told(packet)
        const result = await inDialect(packet, parts, size)
        if (result === 'as it is') {
          assert.ok(!parts.includes('traces') && (!parts.includes('prefix') || before.prefixed))
          return
        }
        assert.ok(Buffer.isBuffer(result), JSON.stringify(result))
        rewritten += 1
        const after = told(result)
        assert.deepEqual(after.facts, before.facts)
        assert.deepEqual(after.trace, parts.includes('traces') ? [...before.trace, HOP_TOLD] : before.trace)
        if (parts.includes('prefix')) assert.ok(after.prefixed, result.toString())
        if (parts.includes('bussiness')) assert.match(result.toString(), /<(?:\w+:)?Bussiness>/)
        // What was not asked for is byte for byte as it was.
        if (!parts.includes('prefix')) assert.ok(result.length > packet.length)
      },
    ),
    { numRuns: 200 },
  )
  t.ok(rewritten > 100, `${rewritten} of 200 rewritten`)
})

t.test('the form of a packet that needs none, or bears none', async (t) => {
  t.equal(await inDialect(canonical, ['bussiness', 'prefix']), 'as it is')
  const status = writeStatusPacket({
    sender: { code: 'H26' },
    status: { code: '03', about: { agency: 'H53', code: '1/A' }, timestamp: '2026/01/05 10:00:00' },
  })
  t.equal(await inDialect(status, ['traces', 'bussiness']), 'as it is', 'a status has neither hops nor a type')
  const plain = status.toString().replace(/(<\/?)edXML:/g, '$1')
  t.match((await inDialect(plain, ['prefix'])).toString(), /<edXML:StatusCode>03<\/edXML:StatusCode>/)

  const large = writePacket({
    ...draft,
    attachments: [1, 2].map((n) => ({ contentId: `l${n}`, name: 'a.bin', bytes: Buffer.alloc(300_000 * n, n) })),
  })
  const before = told(large)
  for (const size of [999, 65_536]) {
    const after = await inDialect(large, DIALECT_PARTS, size)
    t.ok(Buffer.isBuffer(after), JSON.stringify(after).slice(0, 100))
    t.same(told(after as Buffer).facts, before.facts, 'long attachments are not touched')
  }
  const undeclared = canonical
    .replace(' xml:id="envelope"', '')
    .replace('<edXML:Reference>', '<edXML:Reference xlink:href="">')
  const bound = await inDialect(undeclared, ['traces'])
  t.ok(Buffer.isBuffer(bound))
  using repaired = openPacket(bound as Buffer)
  t.notOk(repaired.repaired, 'prefixes are bound on the way')

  const hostile: Record<string, string> = {
    'no XML': 'x'.repeat(100),
    'a DTD': changed('<edXML ', '<!DOCTYPE edXML><edXML '),
    'too deep': changed('<edXML:Subject>', `${'<a>'.repeat(5000)}${'</a>'.repeat(5000)}<edXML:Subject>`),
    'many elements': changed('<edXML:Subject>', `${'<edXML:Fax/>'.repeat(60_000)}<edXML:Subject>`),
    'too much text': changed('<edXML:Subject>', `<edXML:Subject>${'ồ'.repeat(300_000)}`),
    'two envelopes': changed('</edXML:edXMLEnvelope>', '</edXML:edXMLEnvelope><edXML:edXMLEnvelope/>'),
    'cut off': canonical.slice(0, -30),
    'the prefix means something else': canonical
      .replaceAll('edXML:', 'v:')
      .replaceAll('xmlns:edXML=', 'xmlns:v=')
      .replace('<v:edXMLEnvelope', '<v:edXMLEnvelope xmlns:edXML="urn:other"'),
    'the prefix means something else further in': canonical
      .replaceAll('edXML:', 'v:')
      .replaceAll('xmlns:edXML=', 'xmlns:v=')
      .replace('<v:Subject', '<v:Subject xmlns:edXML="http://www.go.vn/eDoc"'),
    'Base64 in CDATA': changed(/>JVBERi0xLjQ=</, `><![CDATA[${'A'.repeat(2_000_000)}]]><`),
  }
  for (const [what, packet] of Object.entries(hostile)) {
    t.match(await inDialect(packet, DIALECT_PARTS), { unfit: /./ }, `${what}: it stays as it is`)
  }
})
