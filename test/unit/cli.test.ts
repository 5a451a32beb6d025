import { createHash, X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { ClientError, faultOf, type PacketRequest } from '../../libs/client/index.ts'
import { BusError } from '../../libs/errors/index.ts'
import { CONTENT_HASH_VERSION, EVENTS, newDispatchId, newEntryId, newReceiptId } from '../../libs/model/index.ts'
import { loadEvidenceSigner } from '../../libs/pipeline/index.ts'
import { readCertificate, TrustStore } from '../../libs/signature/index.ts'
import type { Call } from '../../services/cli/command.ts'
import { EXIT_CODES } from '../../services/cli/command.ts'
import { wholeNumber } from '../../services/cli/command-line.ts'
import { makePdf } from '../../services/cli/demo/make-pdf.ts'
import { exitCodeOf } from '../../services/cli/end-with.ts'
import { Output, table } from '../../services/cli/output.ts'
import { issueAgency, makeAxis } from '../../services/cli/pki/make-axis.ts'
import { readProfile, writeProfile } from '../../services/cli/profile.ts'
import { runCli } from '../../services/cli/run-cli.ts'
import { readFacts } from '../../services/cli/send/read-facts.ts'
import { en } from '../../services/cli/texts/en.ts'
import { vi } from '../../services/cli/texts/vi.ts'
import { verifyReceipt } from '../../services/cli/verify/verify-receipt.ts'
import { loadTrust } from '../../services/gateway/load-keys.ts'

const dir = mkdtempSync(join(tmpdir(), 'lt-cli-'))
t.teardown(() => rmSync(dir, { recursive: true }))

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function run(args: readonly string[], environment: Record<string, string> = {}): Promise<Ran> {
  let [out, err] = ['', '']
  const code = await runCli(
    args,
    {
      stdout: { write: (text: string) => (out += text) },
      stderr: { write: (text: string) => (err += text) },
    },
    environment,
  )
  return { code, out, err }
}

function callOf(values: Record<string, string> = {}, rest: Partial<Call> = {}): Call {
  const silent = { write: () => true }
  return {
    output: new Output({ language: 'en', json: false, stdout: silent, stderr: silent }),
    environment: {},
    values,
    lists: {},
    flags: {},
    names: [],
    signal: new AbortController().signal,
    ...rest,
  }
}

t.test('both languages say the same with the same parameters, Vietnamese with its accents', async (t) => {
  const parameters = (text: string): string =>
    [...text.matchAll(/\{(\w+)\}/g)]
      .map(([, name]) => name)
      .sort()
      .join()
  for (const key of Object.keys(vi) as (keyof typeof vi)[]) {
    t.equal(parameters(en[key]), parameters(vi[key]), key)
    t.notOk(/[ăâđêôơưạảấầẩậắằặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]/i.test(en[key]), `${key} is English`)
  }
})

t.test('help lists every command in the chosen language, and one command its options', async (t) => {
  const vietnamese = await run([])
  t.equal(vietnamese.code, EXIT_CODES.done)
  for (const name of [
    'send',
    'inbox',
    'fetch',
    'ack',
    'refuse',
    'status',
    'trace',
    'verify',
    'stuck',
    'agency',
    'system',
    'token',
    'pki',
  ]) {
    t.match(vietnamese.out, new RegExp(`^  ${name} +\\S`, 'm'))
  }
  t.match(vietnamese.out, 'Cách dùng')
  t.match((await run(['--lang', 'en', 'help'])).out, 'Usage')
  t.match((await run(['help'], { LIENTHONG_LANG: 'en' })).out, 'Usage')
  const one = await run(['send', '--help', '--lang', 'en'])
  t.match(one.out, /--reply-to …/)
  t.match(one.out, /--paper$/m)
  t.equal((await run(['--lang', 'en', 'help', 'send'])).out, one.out)
})

t.test('a wrong command line ends with 64 and says what is wrong, on standard error', async (t) => {
  const cases: [string[], RegExp][] = [
    [['nosuch'], /no command "nosuch"/],
    [['constructor'], /no command "constructor"/],
    [['token', '--nosuch'], /nosuch/],
    [['token'], /--url.*missing/],
    [['send', '--url', 'http://127.0.0.1:1', '--system', 's', '--key', 'k'], /FILES is missing/],
    [['stuck', '--seconds', 'x'], /--seconds.*whole number from 0/],
    [['stuck', '--seconds', '1e3'], /--seconds/],
    [['agency', 'nosuch'], /import, export/],
    [['agency'], /missing/],
    [['system', 'suspend', 'x'], /--reason/],
    [['pki', 'show'], /FILE/],
    [['verify', 'x.xml'], /--trust/],
    [['ack', 'not-an-id', '--url', 'http://127.0.0.1:1', '--system', 's', '--key', 'k'], /not-an-id/],
  ]
  for (const [args, said] of cases) {
    const { code, out, err } = await run([...args, '--lang', 'en'])
    t.equal(code, EXIT_CODES.usage, args.join(' '))
    t.match(err, said)
    t.equal(out, '')
  }
})

t.test('exit codes tell scripts what kind of trouble it is', async (t) => {
  const codeOf = (error: unknown): number => exitCodeOf(faultOf(error) as NonNullable<ReturnType<typeof faultOf>>)
  t.equal(codeOf(new BusError('LT_CONF_FILE_UNREADABLE', { path: 'x' })), EXIT_CODES.config)
  t.equal(codeOf(new BusError('LT_CLIENT_KEY_UNFIT', { reason: 'x' })), EXIT_CODES.config)
  t.equal(codeOf(new BusError('LT_AUTH_CLIENT_UNKNOWN')), EXIT_CODES.forbidden)
  t.equal(codeOf(new BusError('LT_AUTH_SUSPENDED')), EXIT_CODES.forbidden)
  t.equal(codeOf(new BusError('LT_SUB_NOT_FOUND')), EXIT_CODES.notFound)
  t.equal(codeOf(new BusError('LT_STORE_UNAVAILABLE')), EXIT_CODES.later)
  t.equal(codeOf(new BusError('LT_CLIENT_UNREACHABLE', { address: 'x' })), EXIT_CODES.later)
  t.equal(codeOf(new BusError('LT_BUS_DATE_FUTURE', { date: 'x' })), EXIT_CODES.refused)
  t.equal(faultOf(new Error('x')), undefined)
  const { code, err } = await run(['migrate', '--lang', 'en'])
  t.equal(code, EXIT_CODES.config)
  t.match(err, /LT_CONF_INVALID[\s\S]*What to do[\s\S]*Who has to act: the axis/)
  const json = JSON.parse((await run(['migrate', '--json', '--lang', 'en'])).err) as Record<string, unknown>
  t.match(json, { code: 'LT_CONF_INVALID', actor: 'axis', retry: 'after-fix', advice: String })
})

t.test('a profile: options over variables over the file, whose paths are its own', async (t) => {
  const path = join(dir, 'profile', 'p.json')
  await writeProfile(path, { url: 'http://file', system: 'file', key: 'k.pem', agency: 'G12' })
  const profile = readProfile(
    callOf(
      { profile: path, url: 'http://option' },
      { environment: { LIENTHONG_SYSTEM: 'variable', LIENTHONG_URL: 'http://variable' } },
    ),
  )
  t.same(profile, { url: 'http://option', system: 'variable', key: join(dir, 'profile', 'k.pem'), agency: 'G12' })
  t.throws(() => readProfile(callOf({ profile: join(dir, 'nosuch.json') })), { code: 'LT_CONF_FILE_UNREADABLE' })
  writeFileSync(join(dir, 'broken.json'), '{')
  t.throws(() => readProfile(callOf({ profile: join(dir, 'broken.json') })), { code: 'LT_CONF_FILE_UNREADABLE' })
  writeFileSync(join(dir, 'odd.json'), '{"url":1,"system":["x"],"key":null}')
  t.throws(() => readProfile(callOf({ profile: join(dir, 'odd.json') })), { name: 'UsageError' })
})

t.test('facts of a document from options', async (t) => {
  const profile = { url: '', system: '', key: '', agency: 'G12', agencyName: 'Bộ Tài chính' }
  const values = {
    number: '12',
    notation: 'CV-BTC',
    date: '2026-11-22',
    subject: 'V/v',
    signer: 'A',
    type: 'công văn',
    priority: '2',
    due: '2026-12-01',
  }
  const facts = readFacts(
    callOf(values, { lists: { to: ['H26, H53', 'H26.01'], 'reply-to': ['H26,2026/11/20,5/UBND,x'] } }),
    profile,
  )
  t.match(facts, {
    sender: { code: 'G12', name: 'Bộ Tài chính' },
    recipients: [{ code: 'H26' }, { code: 'H53' }, { code: 'H26.01' }],
    documentId: 'G12,2026/11/22,12/CV-BTC',
    documentType: { type: '2', detail: '18', name: 'Công văn' },
    priority: 2,
    dueDate: '2026-12-01',
    replies: [
      { agency: 'H26', code: '5/UBND,x', documentId: 'H26,2026/11/20,5/UBND,x', promulgationDate: '2026-11-20' },
    ],
  })
  t.same(readFacts(callOf({ ...values, type: '2/18', from: 'H26' }, { lists: { to: ['H53'] } }), profile).sender, {
    code: 'H26',
  })
  const wrong: [Record<string, string>, Record<string, string[]>][] = [
    [values, {}],
    [{ ...values, type: '9/9' }, { to: ['H26'] }],
    [{ ...values, priority: '5' }, { to: ['H26'] }],
    [{ ...values, signer: '' }, { to: ['H26'] }],
    [values, { to: ['H26'], 'reply-to': ['H26'] }],
  ]
  for (const [options, lists] of wrong)
    t.throws(() => readFacts(callOf(options, { lists }), profile), { name: 'UsageError' })
  t.equal(wholeNumber(callOf({ x: '007' }), 'x', 1, [0, 10]), 7)
})

t.test('what a document does to one sent before, from options', async (t) => {
  const profile = { url: '', system: '', key: '', agency: 'G12' }
  const base = { number: '12', notation: 'CV-BTC', date: '2026-11-22', subject: 'V/v', signer: 'A', type: '2/18' }
  const facts = (values: object, lists: Record<string, string[]> = {}, names: string[] = []): PacketRequest['facts'] =>
    readFacts({ ...callOf({ ...base, ...values }, { lists: { to: ['H26'], ...lists } }), names }, profile)
  const recalled = facts({ recall: 'G12,2026/11/20,5/CV', reason: 'sai' })
  t.equal(recalled.documentId, 'G12,2026/11/20,5/CV', 'as the original')
  t.match(recalled.business, { type: 'recall', targetDocumentId: 'G12,2026/11/20,5/CV', reason: 'sai' })
  const updated = facts({ update: 'X', reason: 'sai' }, { add: ['H53'], remove: ['H26.01'] })
  t.match(updated.business, {
    type: 'update',
    changesDocument: false,
    changesReceivers: true,
    receivers: [
      { agency: 'H53', change: 'added' },
      { agency: 'H26.01', change: 'removed' },
    ],
  })
  t.equal(facts({ update: 'X', reason: 'sai' }, {}, ['a.pdf']).business?.changesDocument, true)
  t.match(facts({ reason: 'sai' }, { replace: ['X', 'Y'] }).business?.replaces, [
    { documentId: 'X', agencies: ['H26'] },
    { documentId: 'Y', agencies: ['H26'] },
  ])
  for (const [values, lists] of [
    [{ recall: 'X' }, {}],
    [{ recall: 'X', update: 'Y', reason: 'sai' }, {}],
    [{ recall: 'X', reason: 'sai' }, { add: ['H53'] }],
  ] as const)
    t.throws(() => facts(values, lists as never), { name: 'UsageError' })
})

t.test('tables line up under Vietnamese letters, composed or not', async (t) => {
  t.same(
    table([
      ['Bộ', 'x'],
      ['Bộ'.normalize('NFD'), 'y'],
      ['Ban', 'z'],
    ]).map((line) => line.normalize('NFC')),
    ['Bộ   x', 'Bộ   y', 'Ban  z'],
  )
})

t.test('the PDF of the demonstration is one: every offset of its table points at its object', async (t) => {
  const pdf = makePdf(['Xin (chao) \\ ạ', 'two']).toString('latin1')
  t.ok(pdf.startsWith('%PDF-1.4\n'))
  const start = Number(/startxref\n(\d+)\n%%EOF\n$/.exec(pdf)?.[1])
  t.equal(pdf.slice(start, start + 4), 'xref')
  const offsets = [...pdf.slice(start).matchAll(/^(\d{10}) 00000 n $/gm)].map(([, offset]) => Number(offset))
  t.equal(offsets.length, 5)
  for (const [index, offset] of offsets.entries())
    t.ok(pdf.startsWith(`${index + 1} 0 obj\n`, offset), `object ${index + 1}`)
  const [, length, stream] = /<< \/Length (\d+) >>\nstream\n([\s\S]*?)\nendstream/.exec(pdf) ?? []
  t.equal(Number(length), stream?.length)
  t.match(stream, '(Xin \\(chao\\) \\\\ ?) Tj')
})

t.test('lienthong pki: everything services read, nothing overwritten, keys for their owner only', async (t) => {
  const keys = join(dir, 'keys')
  t.equal((await run(['pki', 'axis', keys])).code, EXIT_CODES.done)
  const made = await run(['pki', 'agency', keys, 'H26.01', 'Văn phòng', '--json'])
  const { keyFile, certificateFile } = JSON.parse(made.out) as { keyFile: string; certificateFile: string }
  const before = ['receipt.key.pem', 'token.key.pem', 'ca/root.key.pem', 'ca/root.pem', 'delivery.key.pem'].map(
    (name) => join(keys, name),
  )
  const contents = [...before, keyFile, certificateFile].map((file) => readFileSync(file, 'utf8'))
  for (const file of [...before.filter((name) => name.includes('.key.')), keyFile])
    t.equal(statSync(file).mode & 0o777, 0o600, file)
  t.equal((await run(['pki', 'axis', keys])).code, EXIT_CODES.done)
  t.equal((await run(['pki', 'agency', keys, 'H26.01', 'Another name'])).code, EXIT_CODES.done)
  t.same(
    [...before, keyFile, certificateFile].map((file) => readFileSync(file, 'utf8')),
    contents,
  )

  const trust = await loadTrust(keys)
  t.ok(await loadEvidenceSigner(keys))
  const leaf = readCertificate(
    `${readFileSync(certificateFile, 'utf8').split('-----END CERTIFICATE-----')[0]}-----END CERTIFICATE-----\n`,
  )
  t.equal(leaf.agencyCode, 'H26.01')
  t.ok(trust.withSubject(leaf.issuer).length > 0)
  const shown = JSON.parse((await run(['pki', 'show', certificateFile, '--json'])).out) as {
    agencyCode: string
    fingerprint: string
  }[]
  t.match(shown, [{ agencyCode: 'H26.01', fingerprint: leaf.fingerprint }, { isCa: true }])

  writeFileSync(keyFile, readFileSync(join(keys, 'token.key.pem')))
  t.match(await run(['pki', 'agency', keys, 'H26.01', 'x', '--lang', 'en']), {
    code: EXIT_CODES.config,
    err: /LT_CONF_INVALID/,
  })
  t.equal((await run(['pki', 'root', join(dir, 'root-only')])).code, EXIT_CODES.done)
  t.notOk(existsSync(join(dir, 'root-only', 'receipt.key.pem')))
})

t.test('lienthong verify: a receipt is good as it was signed, under its root, and in no other case', async (t) => {
  const axis = await makeAxis(join(dir, 'axis'))
  const foreign = await makeAxis(join(dir, 'foreign'))
  const evidence = {
    id: newReceiptId(),
    kind: EVENTS.submissionAccepted,
    origin: 'origin',
    eventTime: new Date('2026-11-22T01:02:03.004Z'),
    entryId: newEntryId(),
    axis: { name: 'Trục', id: 'truc-1' },
    dispatchId: newDispatchId(),
    sender: { agency: 'G12', system: 'demo' },
    recipients: [{ agency: 'H26', asWritten: ['H26'] }],
    document: { documentId: 'x', number: '1', notation: 'CV' },
    contentHash: { hex: createHash('sha256').update('x').digest('hex'), version: CONTENT_HASH_VERSION },
    size: 1,
    form: 'inline' as const,
    parts: [],
    signature: { verdict: 'valid' },
    warnings: [],
  }
  const signer = await loadEvidenceSigner(axis.dir)
  const xml = signer.sign(evidence, new Date())
  const trust = new TrustStore({ anchors: [{ certificate: axis.rootPem, purposes: ['axis'] }] })
  t.match(await verifyReceipt(xml, trust), {
    verdict: 'valid',
    evidence: {
      kind: EVENTS.submissionAccepted,
      certificateSha256: createHash('sha256').update(signer.certificate.raw).digest('hex'),
    },
  })

  const under = (rootPem: string, purpose: 'axis' | 'packet'): TrustStore =>
    new TrustStore({ anchors: [{ certificate: rootPem, purposes: [purpose] }] })
  t.match(await verifyReceipt(xml, under(foreign.rootPem, 'axis')), { verdict: 'untrusted', reason: /^LT_CERT_/ })
  t.match(await verifyReceipt(xml, under(axis.rootPem, 'packet')), { verdict: 'untrusted' })
  t.match(await verifyReceipt(signer.sign(evidence, new Date('2000-01-01T00:00:00.000Z')), trust), {
    verdict: 'untrusted',
    reason: 'LT_CERT_NOT_YET_VALID',
  })
  const agency = await issueAgency(axis, { agencyCode: 'H26', name: 'H26' })
  const agencyPem = agency.certificatePem
  const text = xml.toString()
  const signature = /<ds:Signature [\s\S]*<\/ds:Signature>/.exec(text)?.[0] ?? ''
  const object = /<ds:Object>[\s\S]*<\/ds:Object>/.exec(text)?.[0] ?? ''
  const reference = /<ds:Reference Type[\s\S]*?<\/ds:Reference>/.exec(text)?.[0] ?? ''
  const own = new X509Certificate(readFileSync(join(axis.dir, 'receipt.chain.pem'))).raw.toString('base64')
  // Within the life of the certificate: only the time itself is false.
  const forged = new Date(Date.now() + 86_400_000).toISOString()
  const changes: [string, string, string][] = [
    ['an agency', 'agency="H26"', 'agency="H53"'],
    [
      'the time of signing',
      /<xades:SigningTime>[^<]*/.exec(text)?.[0] ?? '',
      '<xades:SigningTime>2026-11-01T00:00:00.000Z',
    ],
    ['the certificate', own, new X509Certificate(agencyPem).raw.toString('base64')],
    ['a second signature', '</Evidence>', `${signature.replaceAll(evidence.id, newReceiptId())}</Evidence>`],
    ['a moved signature', signature, `<Moved>${signature}</Moved>`],
    ['no signature', signature, ''],
    ['properties outside the signature', object, ''],
    ['one reference less', reference, ''],
    [
      'another time of signing in front of the real one',
      '<ds:Object>',
      `<ds:Object><xades:SigningTime xmlns:xades="http://uri.etsi.org/01903/v1.3.2#">${forged}</xades:SigningTime></ds:Object><ds:Object>`,
    ],
    [
      'the same beside the signed properties',
      '<xades:SignedProperties',
      `<xades:SigningTime>${forged}</xades:SigningTime><xades:SignedProperties`,
    ],
    [
      'another certificate under a name of the key',
      '<ds:X509Data>',
      `<ds:KeyName><ds:X509Certificate>${own}</ds:X509Certificate></ds:KeyName><ds:X509Data>`,
    ],
    [
      'a name in place of the first certificate',
      '<ds:X509Data>',
      '<ds:X509Data><ds:X509SubjectName>CN=x</ds:X509SubjectName>',
    ],
  ]
  const [good, bad, root] = [join(dir, 'good.xml'), join(dir, 'bad.xml'), join(axis.dir, 'ca/root.pem')]
  writeFileSync(good, xml)
  writeFileSync(bad, text.replace('agency="H26"', 'agency="H53"'))
  t.match(await run(['verify', good, '--trust', root]), { code: EXIT_CODES.done, out: /chữ ký đúng/ })
  t.match(await run(['verify', good, bad, '--trust', root]), {
    code: EXIT_CODES.refused,
    out: /LT_SIG_DIGEST_MISMATCH/,
  })
  for (const [what, from, to] of changes) {
    t.ok(text.includes(from) && from !== '', `${what} can be planted`)
    const verdict = await verifyReceipt(Buffer.from(text.replace(from, to)), trust).then(
      (report) => report.verdict,
      (error: unknown) => (error as BusError).code,
    )
    t.not(verdict, 'valid', what)
    t.ok(
      ['invalid', 'untrusted', 'unverifiable', 'absent', 'LT_EVD_UNREADABLE'].includes(verdict),
      `${what}: ${verdict}`,
    )
  }
})

t.test('lienthong verify on files that are none', async (t) => {
  const axis = await makeAxis(join(dir, 'axis'))
  mkdirSync(join(dir, 'files'), { recursive: true })
  writeFileSync(join(dir, 'files', 'none.xml'), '<x/>')
  const root = join(axis.dir, 'ca/root.pem')
  t.equal((await run(['verify', join(dir, 'files', 'nosuch.xml'), '--trust', root])).code, EXIT_CODES.config)
  t.equal((await run(['verify', join(dir, 'files', 'none.xml'), '--trust', root])).code, EXIT_CODES.refused)
  t.equal(
    (await run(['verify', join(dir, 'files', 'none.xml'), '--trust', join(dir, 'nosuch.pem')])).code,
    EXIT_CODES.config,
  )
})

t.test('an error of the client carries the words of both languages', async (t) => {
  const fault = {
    code: 'LT_NEW_CODE',
    status: 409,
    actor: 'sender',
    retry: 'never',
    texts: { vi: { title: 'a', advice: 'b' }, en: { title: 'c', advice: 'd' } },
  } as const
  const error = new ClientError(fault)
  t.match(error, { code: 'LT_NEW_CODE', isTemporary: false, message: 'LT_NEW_CODE: c' })
  t.equal(faultOf(error), fault)
})
