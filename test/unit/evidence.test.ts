import { execFile, execFileSync } from 'node:child_process'
import { createHash, createPrivateKey, generateKeyPairSync, webcrypto } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { DOMParser, XMLSerializer } from '@xmldom/xmldom'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import t from 'tap'
import { Application, Parse, SignedXml } from 'xadesjs'
import { setNodeDependencies } from 'xml-core'
import * as xpath from 'xpath'
import {
  CONTENT_HASH_VERSION,
  EVENTS,
  newConsignmentId,
  newDispatchId,
  newEntryId,
  newReceiptId,
} from '../../libs/model/index.ts'
import type { Evidence } from '../../libs/signature/evidence/evidence.ts'
import { readEvidence } from '../../libs/signature/evidence/read-evidence.ts'
import { createEvidenceSigner } from '../../libs/signature/evidence/sign-evidence.ts'
import { loadXmlSchema, parseXml } from '../../libs/xml/index.ts'

setNodeDependencies({ DOMParser, XMLSerializer, xpath })
Application.setEngine('node', webcrypto as unknown as Parameters<typeof Application.setEngine>[1])

const folder = t.testdir()
const at = (name: string): string => join(folder, name)
const run = promisify(execFile)

// Root, issuing CA and receipt certificate, and a root nobody here trusts.
const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-sha256']
writeFileSync(at('ca.ext'), 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n')
writeFileSync(at('leaf.ext'), 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,nonRepudiation\n')
openssl('req', '-x509', ...newKey, '-keyout', 'root.key', '-out', 'root.pem', '-subj', '/CN=Root')
openssl('req', '-x509', ...newKey, '-keyout', 'foreign.key', '-out', 'foreign.pem', '-subj', '/CN=Foreign')
openssl('req', ...newKey, '-keyout', 'ca.key', '-out', 'ca.csr', '-subj', '/CN=Issuing')
openssl(
  'x509',
  '-req',
  '-in',
  'ca.csr',
  '-CA',
  'root.pem',
  '-CAkey',
  'root.key',
  '-out',
  'ca.pem',
  '-extfile',
  'ca.ext',
)
openssl('req', ...newKey, '-keyout', 'axis.key', '-out', 'axis.csr', '-subj', '/CN=Receipts')
openssl(
  'x509',
  '-req',
  '-in',
  'axis.csr',
  '-CA',
  'ca.pem',
  '-CAkey',
  'ca.key',
  '-out',
  'axis.pem',
  '-extfile',
  'leaf.ext',
)

const key = createPrivateKey(readFileSync(at('axis.key')))
const certificate = readFileSync(at('axis.pem'))
const signer = createEvidenceSigner({ key, certificate, chain: [readFileSync(at('ca.pem'))] })

const hex = (text: string): string => createHash('sha256').update(text).digest('hex')
const submission: Evidence = {
  id: newReceiptId(),
  kind: EVENTS.submissionAccepted,
  origin: 'truc.example.vn/log/epoch-1',
  eventTime: new Date('2026-11-22T01:02:03.004Z'),
  entryId: newEntryId(),
  axis: { name: 'Trục "liên thông" & <thử>\t', id: 'truc-1' },
  dispatchId: newDispatchId(),
  sender: { agency: 'H26', system: 'H26-hub' },
  recipients: [
    { agency: 'A01.2', asWritten: ['000.00.02.A01', 'a<b&c>\r\n\u0001\ud800 😀'], consignmentId: newConsignmentId() },
    { agency: 'H53', asWritten: [], consignmentId: newConsignmentId() },
  ],
  document: {
    documentId: 'H26,2026/11/22,"12"',
    number: '12',
    notation: 'QĐ-UBND',
    promulgationDate: '2026-11-20',
    subjectDigest: hex('Về việc thử'),
  },
  contentHash: { hex: hex('packet'), version: CONTENT_HASH_VERSION },
  size: 5000,
  form: 'detached',
  parts: [
    { role: 'envelope', sha256: hex('e'), size: 4000 },
    { contentId: 'one@x', role: 'attachment', sha256: hex('a'), size: 1000 },
  ],
  signature: { verdict: 'valid', signerFingerprint: hex('signer'), signerIs: 'agency' },
  warnings: ['ENV_PREFIX_UNDECLARED', 'ENV_DATE_FORM'],
}
const refusal: Evidence = {
  id: newReceiptId(),
  kind: EVENTS.refused,
  origin: submission.origin,
  eventTime: submission.eventTime,
  axis: submission.axis,
  dispatchId: newDispatchId(),
  consignmentId: newConsignmentId(),
  sender: submission.sender,
  recipients: [{ agency: 'H53', asWritten: ['H53'] }],
  document: { documentId: 'x', number: '', notation: '' },
  contentHash: submission.contentHash,
  size: 0,
  form: 'inline',
  parts: [],
  signature: { verdict: 'absent' },
  warnings: [],
  reason: { code: 'wrong-receiver', text: 'Gửi nhầm & "lạc"' },
  receiverSignature: {
    fingerprint: hex('receiver'),
    time: '2026-11-22T08:02:03+07:00',
    statement: 'lt-receipt-1\nrefuse\nid\nhash\n2026-11-22T08:02:03+07:00\n',
    value: Buffer.from('receiver').toString('base64'),
  },
}
const signingTime = new Date('2026-11-22T02:00:00.000Z')
const receipts = [submission, refusal].map((evidence) => signer.sign(evidence, signingTime))

/** Plain `xmlsec1 --verify --trusted-pem`, as anyone would type it. */
async function xmlsec(xml: Uint8Array, root = 'root.pem'): Promise<{ ok: boolean; output: string }> {
  const file = at('receipt.xml')
  writeFileSync(file, xml)
  return run('xmlsec1', ['--verify', '--trusted-pem', at(root), file]).then(
    ({ stdout, stderr }) => ({ ok: true, output: stdout + stderr }),
    (failure: { stdout: string; stderr: string }) => ({ ok: false, output: failure.stdout + failure.stderr }),
  )
}

t.test('xmlsec1 accepts each receipt under the root, and under no other', async (t) => {
  for (const receipt of receipts) {
    const { ok, output } = await xmlsec(receipt)
    t.ok(ok, output)
    t.match(output, /SignedInfo References \(ok\/all\): 2\/2/)
    t.notOk((await xmlsec(receipt, 'foreign.pem')).ok)
  }
})

t.test('xmlsec1 refuses a receipt in which anything was changed', async (t) => {
  const text = (receipts[0] as Buffer).toString()
  const changes: [string, string][] = [
    [EVENTS.submissionAccepted, EVENTS.submissionRejected],
    ['.004Z', '.005Z'],
    ['agency="A01.2"', 'agency="A01.3"'],
    ['size="1000"', 'size="1001"'],
    [hex('a'), hex('b')],
    ['verdict="valid"', 'verdict="absent"'],
    ['<AsWritten>000.00.02.A01</AsWritten>', ''],
    ['ENV_DATE_FORM', 'ENV_DATE_FORN'],
    ['2026-11-22T02:00:00.000Z', '2026-11-21T02:00:00.000Z'],
    ['application/xml', 'application/xmm'],
    ['</Evidence>', ' </Evidence>'],
  ]
  for (const [from, to] of changes) {
    t.equal(text.split(from).length > 1, true, `${from} stands in the receipt`)
    t.notOk((await xmlsec(Buffer.from(text.replace(from, to)))).ok, `${from} -> ${to}`)
  }
})

t.test('xadesjs, the second opinion, reads it as XAdES and accepts it', async (t) => {
  for (const receipt of receipts) {
    const document = Parse(receipt.toString())
    const element = document.getElementsByTagNameNS('http://www.w3.org/2000/09/xmldsig#', 'Signature')[0] as Element
    const signed = new SignedXml(document)
    signed.LoadXml(element)
    t.equal(await signed.Verify(), true)
    const { SignedSignatureProperties, SignedDataObjectProperties } = signed.SignedProperties
    t.same(SignedSignatureProperties.SigningTime.Value, signingTime)
    t.equal(SignedSignatureProperties.SigningCertificateV2.Count, 1)
    t.equal(SignedDataObjectProperties.DataObjectFormats.Item(0)?.MimeType, 'application/xml')
    const forged = Parse(
      receipt.toString().replace('version="1.0" encoding', 'version="1.0"  encoding').replace('H53', 'H54'),
    )
    const other = new SignedXml(forged)
    other.LoadXml(forged.getElementsByTagNameNS('http://www.w3.org/2000/09/xmldsig#', 'Signature')[0] as Element)
    t.notOk(await other.Verify().catch(() => false), 'changed content')
  }
})

t.test('it follows its schema and is written in canonical form', async (t) => {
  using schema = loadXmlSchema('schemas/xml/evidence/1.0/evidence.xsd')
  const canonical = (bytes: Uint8Array): string => {
    using tree = parseXml(bytes)
    t.same(tree.validate(schema), [])
    let text = ''
    tree.canonicalize({ mode: 'exclusive' }, (chunk) => {
      text += Buffer.from(chunk).toString('latin1')
    })
    return Buffer.from(text, 'latin1').toString()
  }
  for (const receipt of receipts) {
    const withoutSignature = receipt
      .toString()
      .replace(/<ds:Signature .*<\/ds:Signature>/s, '')
      .replace(/^<\?.*\?>\n/, '')
      .trimEnd()
    t.equal(canonical(receipt).replace(/<ds:Signature .*<\/ds:Signature>/s, ''), withoutSignature)
  }
})

t.test('what is read from the bytes is what was signed', async (t) => {
  const certificateSha256 = createHash('sha256').update(signer.certificate.raw).digest('hex')
  const expected = (evidence: Evidence): object => ({
    ...evidence,
    eventTime: evidence.eventTime.toISOString(),
    signingTime: signingTime.toISOString(),
    certificateSha256,
  })
  const { recipients } = submission
  const carried = [{ ...recipients[0], asWritten: ['000.00.02.A01', 'a<b&c>\r\n\ufffd\ufffd 😀'] }, recipients[1]]
  t.same(readEvidence(receipts[0] as Buffer), { ...expected(submission), recipients: carried })
  t.same(readEvidence(receipts[1] as Buffer), expected(refusal))
  const schema = JSON.parse(readFileSync('schemas/json/evidence.schema.json', 'utf8')) as object
  const validate = new Ajv2020({ strict: true, allErrors: true }).compile(schema)
  for (const receipt of receipts) {
    const view: unknown = JSON.parse(JSON.stringify(readEvidence(receipt)))
    t.ok(validate(view), JSON.stringify(validate.errors))
    t.notOk(validate({ ...(view as object), eventTime: 'now' }), 'the schema can refuse')
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary-ascii' }), (name, text) => {
      const carry = (value: string): string =>
        value.replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '\ufffd')
      const view = readEvidence(
        signer.sign({ ...refusal, axis: { name, id: 'x' }, reason: { code: 'other', text } }, signingTime),
      )
      return view.axis.name === carry(name) && view.reason?.text === carry(text)
    }),
  )
})

t.test('bytes that are no receipt are refused by code', async (t) => {
  const text = (receipts[0] as Buffer).toString()
  const spoiled = [
    '',
    '<Evidence/>',
    '<!DOCTYPE Evidence [<!ENTITY x "y">]><Evidence xmlns="urn:lienthong:evidence:1" version="1.0"/>',
    text.replace(' version="1.0">', ' version="2.0">'),
    text.replace(submission.id, 'not-a-uuid'),
    text.replace('size="5000"', 'size="5e3"'),
    text.replace('.004Z', '.004+07:00'),
    text.replace('form="detached"', 'form="loose"'),
    text.replace(hex('packet'), 'ab'),
    text.replace(/<Sender .*?<\/Sender>/, ''),
    text.replace(' agency="H26"', ''),
    text.replace(/<ds:Signature .*<\/ds:Signature>/s, ''),
  ]
  for (const bad of spoiled) {
    t.not(bad, text)
    t.throws(() => readEvidence(Buffer.from(bad)), { code: 'LT_EVD_UNREADABLE' })
  }
})

t.test('a key that cannot sign receipts is refused at the start', async (t) => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  for (const unfit of [rsa, p384, other.privateKey, other.publicKey])
    t.throws(() => createEvidenceSigner({ key: unfit, certificate }), { code: 'LT_EVD_KEY_UNFIT' })
})
