import { execFileSync } from 'node:child_process'
import { createPrivateKey, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateRawSync } from 'node:zlib'
import t, { type Test } from 'tap'
import type { PacketDraft } from '../../libs/envelope/index.ts'
import { catalogue, type ErrorCode } from '../../libs/errors/index.ts'
import { detachedContentHash } from '../../libs/model/index.ts'
import { changeSystem, closeAgency } from '../../libs/registry/index.ts'
import { issueCertificate, readEvidence, signPacket } from '../../libs/signature/index.ts'
import {
  type BodyPart,
  type DetachedFile,
  envelopePart,
  filePart,
  multipart,
  signedEnvelope,
} from '../harness/detached.ts'
import { type Answer, SMALL_PDF, sha256, startWorld } from '../harness/world.ts'

const MIB = 1024 * 1024
/** The closed level-1 code of this world and the one that took its place. */
const CLOSED = 'H57'
const SUCCESSOR = 'H53'

const world = await startWorld(t, {
  services: ['routing', 'gateway'],
  environment: {
    MAX_PACKET_BYTES: String(MIB),
    MAX_ENVELOPE_BYTES: '262144',
    MAX_ATTACHMENT_BYTES: String(MIB),
    MAX_RECIPIENTS: '2',
  },
})
await closeAgency(world.operator, CLOSED, { closedOn: '2025-07-01', successorCode: SUCCESSOR })
await world.until(async () => {
  const { body } = await world.call('demo-g12', 'GET', `/v1/agencies/${CLOSED}`)
  return body.closedOn !== undefined
})

interface Request {
  readonly body: Buffer
  readonly headers?: Record<string, string>
}

interface Case {
  readonly name: string
  readonly code: ErrorCode
  readonly make: () => Request | Promise<Request>
  /** What the record says the refused bytes were; the body itself when absent, `null` when it was not read to its end. */
  readonly digest?: (request: Request) => Buffer | null
  /** Verdict under the policy `report`, for faults of the signature only. */
  readonly verdict?: string
  /** `false`: refused by the transport, before there is a submission that could go on record. */
  readonly recorded?: false
  /** Stands in the answer. */
  readonly params?: Record<string, unknown>
}

const xml = (text: string | Buffer): Request => ({ body: Buffer.from(text) })
const unread = (): null => null
const to = ['H26']
const packet = (overrides: Partial<PacketDraft> = {}, recipients: readonly string[] = to): Buffer =>
  world.packet('demo-g12', recipients, overrides)
const inside = (name: string, mediaType: string, bytes: Buffer): Partial<PacketDraft> => ({
  attachments: [{ contentId: 'tep-1', name, mediaType, bytes }],
})
/** Signed before or after the change: what is asked here comes before the signature. */
const edited = (from: string | RegExp, into: string, bytes = packet()): Buffer => {
  const text = bytes.toString()
  const changed = text.replace(from, () => into)
  if (changed === text) throw new Error(`nothing to change at ${from}`)
  return Buffer.from(changed)
}
const SIGNATURE = /<ds:Signature[\s>][\s\S]*<\/ds:Signature>/
const SIGNATURE_VALUE = /<ds:SignatureValue>[^<]*<\/ds:SignatureValue>/
const LONG = randomBytes(96 * 1024)
const LONG_PDF = Buffer.concat([SMALL_PDF, Buffer.from(LONG.toString('hex'))])

const file = (contentId: string, bytes: Buffer = SMALL_PDF): DetachedFile => ({
  contentId,
  name: `${contentId}.pdf`,
  mediaType: 'application/pdf',
  bytes,
})
function detached(
  listed: readonly DetachedFile[],
  sent: readonly DetachedFile[] = listed,
  change = (parts: BodyPart[]): BodyPart[] => parts,
): Request {
  const envelope = signedEnvelope(world, 'demo-g12', to, listed)
  return multipart(change([envelopePart(envelope), ...sent.map(filePart)]))
}
const wholeOf =
  (sent: readonly DetachedFile[]) =>
  (request: Request): Buffer =>
    detachedContentHash(
      sha256(firstPartOf(request.body)),
      sent.map(({ contentId, bytes }) => ({ contentId, sha256: sha256(bytes), size: bytes.length })),
    )
const envelopeOnly = ({ body }: Request): Buffer => sha256(firstPartOf(body))
function firstPartOf(body: Buffer): Buffer {
  const start = body.indexOf('\r\n\r\n') + 4
  return body.subarray(start, body.indexOf('\r\n--', start))
}

const hex = (bytes: Buffer): string => sha256(bytes).toString('hex')

const CASES: readonly Case[] = [
  { name: 'an empty body', code: 'LT_SUB_EMPTY', make: () => xml(''), digest: unread },
  { name: 'malformed XML', code: 'LT_ENV_MALFORMED', make: () => xml(edited('</edXML:Subject>', '</edXML:Subjekt>')) },
  { name: 'a packet cut short', code: 'LT_ENV_MALFORMED', make: () => xml(packet().subarray(0, 900)) },
  { name: 'a DTD', code: 'LT_ENV_DTD', make: () => xml(edited('?>', '?><!DOCTYPE edXML>')), digest: unread },
  {
    name: 'a DTD with entities',
    code: 'LT_ENV_DTD',
    make: () => xml(edited('?>', '?><!DOCTYPE edXML [<!ENTITY a SYSTEM "file:///etc/passwd">]>')),
    digest: unread,
  },
  {
    name: 'an entity nobody declared',
    code: 'LT_ENV_MALFORMED',
    make: () => xml(edited('Thông báo thử', '&bom; thử')),
  },
  {
    name: 'a wrong namespace',
    code: 'LT_ENV_NAMESPACE',
    make: () => xml(packet().toString().replaceAll('TBT/QCVN_102_2016', 'TBT/QCVN_102_2099')),
  },
  {
    name: 'a packet over the limit',
    code: 'LT_HTTP_BODY_TOO_LARGE',
    make: () => xml(Buffer.alloc(MIB + 1, ' ')),
    digest: unread,
  },
  {
    name: 'an envelope over the limit',
    code: 'LT_ENV_TOO_LARGE',
    make: () => xml(edited('<edXML:edXMLBody>', `<!--${'x '.repeat(150_000)}--><edXML:edXMLBody>`)),
    digest: unread,
  },
  { name: 'bad Base64', code: 'LT_ATT_BAD_BASE64', make: () => xml(edited('JVBERi0', 'JVBE*i0')) },
  {
    name: 'bad Base64 in a long attachment',
    code: 'LT_ATT_BAD_BASE64',
    make: () => {
      // Longer than what is cut out, shorter than the envelope's limit here: so the text itself is judged.
      const bytes = packet(inside('a.pdf', 'application/pdf', LONG_PDF.subarray(0, 150_000)))
      const at = bytes.indexOf('JVBERi0') + 100_001
      bytes[at] = 0x2a
      return xml(bytes)
    },
  },
  {
    name: 'a zip cut short',
    code: 'LT_ATT_BROKEN_ZIP',
    make: () => xml(packet(inside('a.zip', 'application/zip', zip('a.pdf', SMALL_PDF).subarray(0, -30)))),
  },
  {
    name: 'a long zip cut short',
    code: 'LT_ATT_BROKEN_ZIP',
    make: () => xml(packet(inside('a.zip', 'application/zip', zip('a.pdf', LONG).subarray(0, -30)))),
  },
  {
    name: 'a zip bomb',
    code: 'LT_ATT_ZIP_BOMB',
    make: () => xml(packet(inside('a.zip', 'application/zip', zip('a.pdf', Buffer.alloc(40 * MIB))))),
  },
  {
    name: 'an unknown code',
    code: 'LT_REG_UNKNOWN_CODE',
    make: () => xml(packet({}, ['H26', 'H26.99.98'])),
    params: { code: 'H26.99.98' },
  },
  {
    name: 'a closed code',
    code: 'LT_REG_CLOSED_CODE',
    make: () => xml(packet({}, [CLOSED])),
    params: { code: CLOSED, successor: SUCCESSOR },
  },
  { name: 'an agency without a system', code: 'LT_REG_NO_SYSTEM', make: () => xml(packet({}, ['H01'])) },
  { name: 'the same recipient twice', code: 'LT_REG_RECIPIENT_TWICE', make: () => xml(packet({}, ['H26', 'H26'])) },
  {
    name: 'too many recipients',
    code: 'LT_BUS_TOO_MANY_RECIPIENTS',
    make: () => xml(packet({}, ['H26', 'H53', 'H26.01'])),
    params: { count: 3, limit: 2 },
  },
  {
    name: 'no recipient',
    code: 'LT_BUS_RECIPIENT_MISSING',
    make: () => xml(edited(/<edXML:To>[\s\S]*<\/edXML:To>/, '')),
  },
  {
    name: 'a secrecy mark in the subject',
    code: 'LT_BUS_SECRECY_MARK',
    make: () => xml(packet({ subject: 'TUYỆT MẬT: kế hoạch' })),
  },
  {
    name: 'a secrecy mark in the notation, beside a long file',
    code: 'LT_BUS_SECRECY_MARK',
    make: () => xml(packet({ notation: 'QĐ-TM', ...inside('a.pdf', 'application/pdf', LONG_PDF) })),
  },
  {
    name: 'a date in the future',
    code: 'LT_BUS_DATE_FUTURE',
    make: () => xml(packet({ promulgationDate: '2099-01-01' })),
  },
  {
    name: 'a foreign sender',
    code: 'LT_AUTH_FOREIGN_AGENCY',
    make: () => xml(world.packet('demo-h53', to)),
    params: { agency: 'H53' },
  },
  {
    name: 'a secrecy mark in the name of a wrapped file',
    code: 'LT_BUS_SECRECY_MARK',
    make: () => xml(packet(inside('a.pdf', 'application/pdf', zip('x/(MAT) ke hoach.pdf', SMALL_PDF)))),
  },
  {
    name: 'a secrecy mark in the name of a part alone',
    code: 'LT_BUS_SECRECY_MARK',
    make: () => detached([file('a')], [{ ...file('a'), name: '(MẬT).pdf' }]),
    digest: wholeOf([file('a')]),
  },
  {
    name: 'more attachments inside than the manifest lists',
    code: 'LT_BUS_TOO_MANY_ATTACHMENTS',
    make: () => xml(edited('</AttachmentEncoded>', `${'<Attachment/>'.repeat(1000)}</AttachmentEncoded>`)),
    params: { limit: 100 },
  },
  {
    name: 'a prefix nobody declared',
    code: 'LT_ENV_PREFIX_UNDECLARED',
    make: () => xml(edited('<edXML:Reference>', '<edXML:Reference xlink:href="">')),
  },
  {
    name: 'an element of ours in an older namespace',
    code: 'LT_ENV_NAMESPACE',
    make: () =>
      xml(
        edited(
          '</edXML:Subject>',
          '</q:Subject>',
          edited('<edXML:Subject>', '<q:Subject xmlns:q="http://e-doc.vn/xsd">'),
        ),
      ),
  },
  {
    name: 'an unsigned packet',
    code: 'LT_SIG_ABSENT',
    make: () => xml(world.unsigned('demo-g12', to)),
    verdict: 'absent',
  },
  {
    name: 'tampered bytes',
    code: 'LT_SIG_DIGEST_MISMATCH',
    make: () => xml(edited('thử nghiệm kết nối', 'thử nghiêm kết nối')),
    verdict: 'invalid',
  },
  {
    name: 'a tampered long attachment',
    code: 'LT_SIG_DIGEST_MISMATCH',
    make: () => {
      // Longer than what is cut out, shorter than the envelope's limit here: so the text itself is judged.
      const bytes = packet(inside('a.pdf', 'application/pdf', LONG_PDF.subarray(0, 150_000)))
      const at = bytes.indexOf('JVBERi0') + 100_000
      bytes[at] = bytes[at] === 0x41 ? 0x42 : 0x41
      return xml(bytes)
    },
    verdict: 'invalid',
  },
  {
    name: 'a forged signature value',
    code: 'LT_SIG_VALUE_MISMATCH',
    make: () => {
      const other = SIGNATURE_VALUE.exec(packet().toString())?.[0] as string
      return xml(edited(SIGNATURE_VALUE, other))
    },
    verdict: 'invalid',
  },
  {
    name: 'a moved signature',
    code: 'LT_SIG_MISPLACED',
    make: () => {
      const signed = packet()
      const signature = SIGNATURE.exec(signed.toString())?.[0] as string
      return xml(edited('</edXML:edXMLEnvelope>', `${signature}</edXML:edXMLEnvelope>`, edited(SIGNATURE, '', signed)))
    },
    verdict: 'invalid',
  },
  {
    name: 'a doubled signature',
    code: 'LT_SIG_MULTIPLE',
    make: () => {
      const signed = packet()
      const signature = SIGNATURE.exec(signed.toString())?.[0] as string
      return xml(edited(SIGNATURE, signature + signature, signed))
    },
    verdict: 'invalid',
  },
  {
    name: 'an expired certificate',
    code: 'LT_CERT_EXPIRED',
    make: async () => xml(await signedBy({ agencyCode: 'G12', from: new Date('2020-01-01'), days: 30 })),
    verdict: 'untrusted',
  },
  {
    name: 'a certificate that is not valid yet',
    code: 'LT_CERT_NOT_YET_VALID',
    make: async () => xml(await signedBy({ agencyCode: 'G12', from: new Date('2090-01-01'), days: 30 })),
    verdict: 'untrusted',
  },
  {
    name: "another agency's certificate",
    code: 'LT_SIG_SIGNER_FOREIGN',
    make: () => xml(world.sign('demo-h53', world.unsigned('demo-g12', to))),
    verdict: 'untrusted',
  },
  {
    name: 'a certificate that names no agency',
    code: 'LT_SIG_SIGNER_FOREIGN',
    make: async () => xml(await signedBy({})),
    verdict: 'untrusted',
  },
  {
    name: 'a self-signed certificate',
    code: 'LT_CERT_UNKNOWN_ISSUER',
    make: () => xml(selfSigned()),
    verdict: 'untrusted',
  },
  {
    name: 'junk before the prolog',
    code: 'LT_ENV_JUNK_BEFORE_PROLOG',
    make: () => xml(`xin chào ${packet().toString()}`),
  },
  {
    name: 'the MIME form',
    code: 'LT_ENV_DIALECT_2803',
    make: () =>
      xml(
        `MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\n\r\n${packet().toString()}\r\n--b--`,
      ),
  },
  {
    name: 'a wrong media type',
    code: 'LT_HTTP_UNSUPPORTED_MEDIA_TYPE',
    make: () => ({ body: packet(), headers: { 'content-type': 'application/octet-stream' } }),
    digest: unread,
  },
  {
    name: 'a media type that no route takes',
    code: 'LT_HTTP_UNSUPPORTED_MEDIA_TYPE',
    make: () => ({ body: packet(), headers: { 'content-type': 'text/plain' } }),
    recorded: false,
  },
  {
    name: 'a multipart of another kind',
    code: 'LT_HTTP_UNSUPPORTED_MEDIA_TYPE',
    make: () => ({ body: packet(), headers: { 'content-type': 'multipart/alternative; boundary=b' } }),
    digest: unread,
  },
  {
    name: 'a multipart whose envelope is not first',
    code: 'LT_HTTP_MULTIPART_BROKEN',
    make: () => detached([file('a')], [file('a')], (parts) => parts.toReversed()),
    digest: unread,
  },
  {
    name: 'a multipart without its end',
    code: 'LT_HTTP_MULTIPART_BROKEN',
    make: () => {
      const whole = detached([file('a', LONG_PDF)])
      return { ...whole, body: whole.body.subarray(0, -40) }
    },
    digest: envelopeOnly,
  },
  {
    name: 'a part over the limit',
    code: 'LT_HTTP_MULTIPART_LIMIT',
    make: () => detached([file('a', Buffer.alloc(MIB + 1, 'a'))]),
    digest: envelopeOnly,
  },
  {
    name: 'a multipart with a missing part',
    code: 'LT_ATT_MISSING',
    make: () => detached([file('a'), file('b', LONG_PDF)], [file('a')]),
    digest: wholeOf([file('a')]),
  },
  {
    name: 'a multipart with a surplus part',
    code: 'LT_ATT_UNLISTED',
    make: () => detached([file('a')], [file('a'), file('b', LONG_PDF)]),
    digest: wholeOf([file('a'), file('b', LONG_PDF)]),
  },
  {
    name: 'an empty detached attachment',
    code: 'LT_ATT_EMPTY',
    make: () => detached([file('a', Buffer.alloc(0))]),
    digest: wholeOf([file('a', Buffer.alloc(0))]),
  },
  {
    name: 'a detached attachment that is another than the signed one',
    code: 'LT_SIG_ATTACHMENT_MISMATCH',
    make: () => detached([file('a')], [file('a', LONG_PDF)]),
    digest: wholeOf([file('a', LONG_PDF)]),
    verdict: 'invalid',
  },
  {
    name: 'two detached attachments changed for each other',
    code: 'LT_SIG_ATTACHMENT_MISMATCH',
    make: () => detached([file('a'), file('b', LONG_PDF)], [file('a', LONG_PDF), file('b')]),
    digest: wholeOf([file('a', LONG_PDF), file('b')]),
    verdict: 'invalid',
  },
]

t.test('every refusal: its own code in the same exchange, on record, and nothing half-stored', async (t) => {
  for (const refusal of CASES) {
    await t.test(refusal.name, async (t) => {
      const request = await refusal.make()
      const before = await footprint()

      const check = await send('/v1/dispatches/check', request, 'en')
      t.same(await footprint(), before, 'the pre-flight stores nothing and records nothing')
      const answer = await send('/v1/dispatches', request, 'vi')
      const { refusals, entries, ...stored } = await footprint()
      t.same({ refusals: before.refusals, entries: before.entries, ...stored }, before, 'nothing half-stored')
      checkProblem(t, answer, refusal)
      t.equal(check.status, answer.status, 'the pre-flight gives the same verdict')
      const { traceId: _a, title: _b, advice: _c, ...foretold } = check.body
      const { traceId: _d, title: _e, advice: _f, ...told } = answer.body
      t.same(foretold, told)
      t.equal(check.body.title, told.texts.en.title, 'in the language that was asked for')
      t.equal(answer.body.title, told.texts.vi.title)

      if (refusal.recorded === false) return t.same([refusals, entries], [before.refusals, before.entries])
      t.equal(refusals, before.refusals + 1, 'on record once')
      t.equal(entries, before.entries + 1, 'with one audit entry')
      const digest = refusal.digest ? refusal.digest(request) : sha256(request.body)
      return checkRecord(t, refusal, digest)
    })
  }
})

t.test('under the policy report, faults of the signature are told and the packet is taken', async (t) => {
  await changeSystem(world.operator, 'demo-g12', { signaturePolicy: 'report' })
  await world.until(
    async () => (await send('/v1/dispatches/check', xml(world.unsigned('demo-g12', to)))).status === 200,
  )
  const faults = CASES.filter(({ verdict }) => verdict !== undefined)
  t.ok(faults.length >= 10)
  for (const { name, code, make, verdict } of faults) {
    const request = await make()
    const foretold = await send('/v1/dispatches/check', request)
    const answer = await send('/v1/dispatches', request)
    if (code === 'LT_SIG_ATTACHMENT_MISMATCH') {
      t.same([answer.status, answer.body.code], [422, code], `${name}: refused under every policy`)
      continue
    }
    t.equal(answer.status, 202, `${name}: ${JSON.stringify(answer.body.code)}`)
    t.same([answer.body.signature.verdict, answer.body.signature.reason], [verdict, code], name)
    t.same(foretold.body.signature, answer.body.signature, 'as the pre-flight said')
    const receipt = readEvidence(Buffer.from(answer.body.receipt.xml))
    t.equal(receipt.signature.verdict, verdict, 'also in the receipt')
    const { rows } = await world.eyes.query('select signature from dispatch where id = $1', [answer.body.dispatch])
    t.same([rows[0].signature.verdict, rows[0].signature.policy], [verdict, 'report'])
  }
  const forged = (sent: Buffer): Request => {
    const text = signedEnvelope(world, 'demo-g12', to, [file('a')]).toString()
    const value = SIGNATURE_VALUE.exec(packet().toString())?.[0] as string
    const envelope = Buffer.from(text.replace(SIGNATURE_VALUE, value).replace(/<ds:KeyInfo>[\s\S]*<\/ds:KeyInfo>/, ''))
    return multipart([envelopePart(envelope), filePart(file('a', sent))])
  }
  const unbound = await send('/v1/dispatches', forged(LONG_PDF))
  t.same(
    [unbound.status, unbound.body.code],
    [422, 'LT_SIG_ATTACHMENT_MISMATCH'],
    'nobody signed it, but its digests count',
  )
  const bound = await send('/v1/dispatches', forged(SMALL_PDF))
  t.same([bound.status, bound.body.signature.verdict], [202, 'unverifiable'], JSON.stringify(bound.body))
  const refused = await send('/v1/dispatches', xml(edited('</edXML:Subject>', '</edXML:Subjekt>')))
  t.equal(refused.body.code, 'LT_ENV_MALFORMED', 'everything else is refused as before')
  const valid = await send('/v1/dispatches', xml(packet()))
  t.equal(valid.body.signature.verdict, 'valid')
  await changeSystem(world.operator, 'demo-g12', { signaturePolicy: 'required' })
  await world.until(
    async () => (await send('/v1/dispatches/check', xml(world.unsigned('demo-g12', to)))).status === 422,
  )
})

t.test('the detached form: both receivers fetch each part byte for byte', async (t) => {
  const files = [file('a', LONG_PDF), { ...file('b'), name: 'bản kê.pdf' }]
  const envelope = signedEnvelope(world, 'demo-g12', ['H26', 'H53'], files)
  const request = multipart([envelopePart(envelope), ...files.map(filePart)])
  const foretold = await send('/v1/dispatches/check', request)
  t.same([foretold.status, foretold.body.signature.verdict], [200, 'valid'], JSON.stringify(foretold.body))
  const answer = await send('/v1/dispatches', request)
  t.same([answer.status, answer.body.signature.verdict], [202, 'valid'], JSON.stringify(answer.body))
  t.equal(answer.body.contentHash, wholeOf(files)(request).toString('hex'))
  const receipt = readEvidence(Buffer.from(answer.body.receipt.xml))
  t.same(
    receipt.parts.map(({ role, contentId, sha256: hash, size }) => ({ role, contentId, hash, size })),
    [
      { role: 'envelope', contentId: undefined, hash: hex(envelope), size: envelope.length },
      ...files.map(({ contentId, bytes }) => ({ role: 'attachment', contentId, hash: hex(bytes), size: bytes.length })),
    ],
    'the receipt names every part',
  )
  for (const system of ['demo-h26', 'demo-h53']) {
    const { parts, fetched } = await fetchAll(system, answer.body.dispatch)
    t.same(
      parts.map(({ role, inside: within, name }) => [role, within, name]),
      [
        ['envelope', false, undefined],
        ['attachment', false, 'a.pdf'],
        ['attachment', false, 'bản kê.pdf'],
      ],
    )
    t.same(fetched, [envelope, ...files.map(({ bytes }) => bytes)], 'byte for byte')
  }
})

t.test('what a receiver is shown of a detached file is what the envelope says of it', async (t) => {
  const signed = { ...file('a', LONG_PDF), name: 'quyet-dinh.pdf' }
  const envelope = signedEnvelope(world, 'demo-g12', ['H26'], [signed])
  const disguised = { ...signed, name: '../../setup.exe', mediaType: 'application/x-msdownload' }
  const answer = await send('/v1/dispatches', multipart([envelopePart(envelope), filePart(disguised)]))
  t.equal(answer.status, 202, JSON.stringify(answer.body))
  const { parts } = await fetchAll('demo-h26', answer.body.dispatch)
  t.match(parts[1], { contentId: 'a', name: 'quyet-dinh.pdf', mediaType: 'application/pdf' })

  const renamed = signedEnvelope(world, 'demo-g12', ['H26'], [{ ...signed, contentId: 'khac' }])
  const matched = await send('/v1/dispatches', multipart([envelopePart(renamed), filePart(signed)]))
  t.equal(matched.status, 202, JSON.stringify(matched.body))
  const expected = wholeOf([{ ...signed, contentId: 'khac' }])({ body: multipart([envelopePart(renamed)]).body })
  t.equal(matched.body.contentHash, expected.toString('hex'), 'hashed under the id that the receipt names')
})

t.test('a long inline attachment is cut out, verified, and given back in both forms', async (t) => {
  const sent = world.packet('demo-g12', to, {
    attachments: [
      { contentId: 'dai', name: 'dài.pdf', mediaType: 'application/pdf', bytes: LONG_PDF },
      { contentId: 'ngan', name: 'ngắn.pdf', mediaType: 'application/pdf', bytes: SMALL_PDF },
    ],
  })
  const answer = await send('/v1/dispatches', xml(sent))
  t.same([answer.status, answer.body.signature.verdict], [202, 'valid'], JSON.stringify(answer.body))
  const { rows } = await world.eyes.query(
    `select ordinal, path is not null as file, range_start is not null as cut from content where dispatch_id = $1 order by ordinal`,
    [answer.body.dispatch],
  )
  t.same(
    rows,
    [
      { ordinal: 0, file: true, cut: false },
      { ordinal: 1, file: false, cut: true },
      { ordinal: 2, file: false, cut: true },
    ],
    'stored once, as received; the attachments are ranges of it',
  )
  const { parts, fetched } = await fetchAll('demo-h26', answer.body.dispatch)
  t.same(fetched, [sent, LONG_PDF, SMALL_PDF])
  t.same(
    parts.map(({ sha256: hash }) => hash),
    [sent, LONG_PDF, SMALL_PDF].map(hex),
  )
})

t.test('compose, sign where the key is, submit', async (t) => {
  const facts = {
    ...draft(),
    sender: { code: 'G12', name: 'Bộ Tài chính' },
    recipients: [{ code: 'H26', name: 'UBND Thành phố Hà Nội' }],
  }
  const files = [file('a', LONG_PDF), file('b')]

  await t.test('inline', async (t) => {
    const composed = await compose(t, { ...facts, kind: 'document', form: 'inline' }, files)
    const signed = world.sign('demo-g12', composed)
    const answer = await send('/v1/dispatches', xml(signed))
    t.same([answer.status, answer.body.signature.verdict], [202, 'valid'], JSON.stringify(answer.body))
    const { fetched } = await fetchAll('demo-h26', answer.body.dispatch)
    t.same(fetched, [signed, LONG_PDF, SMALL_PDF])
  })
  await t.test('detached', async (t) => {
    const composed = await compose(t, { ...facts, ...draft(), kind: 'document' }, files)
    const digests = files.map(({ contentId, bytes }) => ({ contentId, sha256: sha256(bytes) }))
    const signed = world.sign('demo-g12', composed, 'envelope-manifest', digests)
    const answer = await send('/v1/dispatches', multipart([envelopePart(signed), ...files.map(filePart)]))
    t.same([answer.status, answer.body.signature.verdict], [202, 'valid'], JSON.stringify(answer.body))
    const { fetched } = await fetchAll('demo-h26', answer.body.dispatch)
    t.same(fetched, [signed, LONG_PDF, SMALL_PDF])
  })
  await t.test('a status', async (t) => {
    const status = {
      code: '03',
      about: { agency: 'H26', documentId: 'van-ban-den-duong-khac', code: '7/TB-LT' },
      description: 'đang xử lý',
      timestamp: '2026/11/20 08:00:00',
    }
    const signed = world.sign('demo-g12', await compose(t, { kind: 'status', sender: facts.sender, status }, []))
    const answer = await send('/v1/dispatches', xml(signed))
    t.same([answer.status, answer.body.signature.verdict], [202, 'valid'], JSON.stringify(answer.body))
    const { fetched } = await fetchAll('demo-h26', answer.body.dispatch)
    t.same(fetched, [signed])
  })
  await t.test('facts that are none', async (t) => {
    const { status, body } = await send('/v1/compose', composing({ ...facts, kind: 'document', priority: 'gấp' }, []))
    t.same([status, body.code, body.params.field], [400, 'LT_HTTP_INVALID_REQUEST', 'envelope/priority'])
    const late = await send('/v1/compose', composing({ ...facts, kind: 'document', number: '7\u0000' }, []))
    t.equal(late.body.code, 'LT_ENV_DRAFT_INVALID')
  })
})

t.test('an idempotency key that stands for other bytes is also foretold', async (t) => {
  const key = { 'idempotency-key': 'khoa-1' }
  const first = packet()
  t.equal((await send('/v1/dispatches', { body: first, headers: key })).status, 202)
  const before = await footprint()
  const other = { body: packet(), headers: key }
  const check = await send('/v1/dispatches/check', other)
  t.same([check.status, check.body.code], [409, 'LT_SUB_KEY_REUSED'])
  t.same(await footprint(), before)
})

t.test('a caller that is not known is refused and leaves no row', async (t) => {
  const before = await footprint()
  for (const path of ['/v1/dispatches', '/v1/dispatches/check']) {
    const response = await fetch(world.baseUrl + path, { method: 'POST', body: new Uint8Array(packet()) })
    t.equal(response.status, 401)
    t.equal(((await response.json()) as { code: string }).code, 'LT_AUTH_REQUIRED')
  }
  t.same(await footprint(), before)
})

function draft() {
  return {
    documentId: `G12,2026/11/20,${randomBytes(6).toString('hex')}/TB-LT`,
    number: '7',
    notation: 'TB-LT',
    subject: 'Về việc lập gói tin',
    promulgationDate: '2026-11-20',
    documentType: { type: '2', detail: '7', name: 'Thông báo' },
    signer: { fullName: 'Nguyễn Văn A' },
  }
}

function composing(facts: object, files: readonly DetachedFile[]): Request {
  const header = 'Content-Disposition: form-data; name="envelope"\r\nContent-Type: application/json'
  return multipart([{ header, bytes: Buffer.from(JSON.stringify(facts)) }, ...files.map(filePart)])
}

async function compose(t: Test, facts: object, files: readonly DetachedFile[]): Promise<Buffer> {
  const before = await footprint()
  const { status, bytes } = await send('/v1/compose', composing(facts, files))
  if (status !== 200) throw new Error(bytes.toString())
  t.same(await footprint(), before, 'composing stores nothing')
  return bytes
}

interface ListedPart {
  readonly ordinal: number
  readonly role: string
  readonly inside: boolean
  readonly name?: string
  readonly sha256: string
}

/** Every part of a dispatch as its receiver gets it; the consignment is acknowledged. */
async function fetchAll(system: string, dispatch: string): Promise<{ parts: ListedPart[]; fetched: Buffer[] }> {
  const taken = await world.until(async () => {
    const { body } = await world.call(system, 'POST', '/v1/mailbox/lease', { body: { seconds: 5 } })
    return body.items.find(({ item }: { item: { dispatch: string } }) => item.dispatch === dispatch)
  })
  const { consignment } = taken.item
  const query = `?lease=${taken.lease}`
  const { parts } = (await world.call(system, 'GET', `/v1/consignments/${consignment}/parts${query}`)).body
  const fetched: Buffer[] = []
  for (const { ordinal } of parts)
    fetched.push((await world.call(system, 'GET', `/v1/consignments/${consignment}/parts/${ordinal}${query}`)).bytes)
  await world.call(system, 'POST', '/v1/mailbox/acknowledge', {
    body: { items: [{ consignment, lease: taken.lease }] },
  })
  return { parts, fetched }
}

function send(path: string, { body, headers = {} }: Request, language = 'vi'): Promise<Answer> {
  return world.call('demo-g12', 'POST', path, {
    body,
    headers: { 'content-type': 'application/edxml+xml', 'accept-language': language, ...headers },
  })
}

function checkProblem(t: Test, answer: Answer, { code, params }: Case): void {
  const entry = catalogue[code]
  const { body } = answer
  t.equal(body?.code, code, JSON.stringify(body))
  t.equal(answer.status, entry.status)
  t.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8')
  t.same(
    [body.type, body.status, body.actor, body.retry],
    [`urn:lienthong:error:${code}`, entry.status, entry.actor, entry.retry],
  )
  for (const language of ['vi', 'en']) {
    const { title, advice } = body.texts[language]
    t.ok(title.length > 10 && advice.length > 10, `title and advice in ${language}`)
    t.notMatch(title + advice, /\{\w+\}/, 'every place in the text is filled')
  }
  t.not(body.texts.vi.title, body.texts.en.title)
  t.match(body.params, params ?? {})
  if (code === 'LT_BUS_SECRECY_MARK')
    t.notMatch(JSON.stringify(body), /kế hoạch|QĐ-TM/, 'the answer repeats nothing of the text')
}

async function checkRecord(t: Test, { code }: Case, digest: Buffer | null): Promise<void> {
  const { rows } = await world.eyes.query(
    `select r.*, s.code as system, e.id as entry, e.event, e.event_time, e.dispatch_id, d.details
      from refusal r join system s on s.id = r.system_id, audit_entry e join audit_detail d on d.entry_id = e.id
      where e.event = 'SubmissionRejection' order by r.id desc, e.id desc limit 1`,
  )
  const [row] = rows
  t.same([row.system, row.code], ['demo-g12', code])
  t.equal(row.sha256?.toString('hex'), digest?.toString('hex'), 'the digest of the refused bytes')
  t.equal(row.event_time.getTime(), row.refused_at.getTime())
  t.equal(row.dispatch_id, null)
  t.match(JSON.parse(row.details), { code, sha256: digest?.toString('hex') ?? '' })
  if (code !== 'LT_BUS_SECRECY_MARK') return
  const { system_id, refused_at, sha256: hash, ...rest } = row
  t.same(
    { params: rest.params, size: rest.size },
    { params: {}, size: null },
    'of a packet with a secrecy mark: system, time, code and digest, nothing else',
  )
  t.ok(system_id && refused_at && hash)
  t.same(Object.keys(JSON.parse(row.details)).toSorted(), ['code', 'sha256', 'system'])
}

interface Footprint {
  readonly refusals: number
  readonly entries: number
  readonly rows: Record<string, number>
  readonly files: string[]
}

/** Everything that a submission could leave behind. */
async function footprint(): Promise<Footprint> {
  const tables = [
    'dispatch',
    'content',
    'receipt',
    'submission_recipient',
    'submission_key',
    'document_key',
    'reply_link',
  ]
  const counts = [...tables, 'refusal'].map((table) => `(select count(*) from ${table})::int as ${table}`)
  const { rows } = await world.eyes.query(
    `select ${counts.join()}, (select count(*) from audit_entry where event like 'Submission%')::int as entries`,
  )
  const { refusal: refusals, entries, ...rest } = rows[0]
  const files = readdirSync(world.servers.blobDir, { recursive: true, withFileTypes: true })
  return {
    refusals,
    entries,
    rows: rest,
    files: files
      .filter((each) => !each.isDirectory())
      .map(({ name }) => name)
      .toSorted(),
  }
}

async function signedBy(request: { agencyCode?: string; from?: Date; days?: number }): Promise<Buffer> {
  const issued = await issueCertificate(world.axis.issuing, { kind: 'agency', commonName: 'Bộ Tài chính', ...request })
  const chain = [issued.certificatePem, world.axis.issuing.certificatePem]
  return signPacket({ packet: world.unsigned('demo-g12', to), key: issued.key, chain, shape: 'root' })
}

function selfSigned(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'lt-self-'))
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const kind = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '30',
    '-subj',
    '/CN=Bo Tai chinh/organizationIdentifier=G12',
  ]
  const usage = [
    '-addext',
    'basicConstraints=critical,CA:FALSE',
    '-addext',
    'keyUsage=critical,digitalSignature,nonRepudiation',
  ]
  execFileSync('openssl', ['req', '-x509', ...kind, ...usage, '-keyout', key, '-out', certificate], { stdio: 'pipe' })
  const chain = [readFileSync(certificate, 'utf8')]
  const signed = signPacket({
    packet: world.unsigned('demo-g12', to),
    key: createPrivateKey(readFileSync(key)),
    chain,
    shape: 'root',
  })
  rmSync(folder, { recursive: true })
  return signed
}

/** A zip of one file. */
function zip(name: string, content: Buffer): Buffer {
  const packed = deflateRawSync(content)
  const facts = Buffer.alloc(22)
  facts.writeUInt16LE(20, 0)
  facts.writeUInt16LE(8, 4)
  facts.writeUInt32LE(crc32(content), 10)
  facts.writeUInt32LE(packed.length, 14)
  facts.writeUInt32LE(content.length, 18)
  const lengths = Buffer.alloc(4)
  lengths.writeUInt16LE(name.length, 0)
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), facts, lengths, Buffer.from(name), packed])
  const directory = Buffer.concat([
    Buffer.from('PK\x01\x02'),
    Buffer.from([20, 0]),
    facts,
    lengths,
    Buffer.alloc(14),
    Buffer.from(name),
  ])
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(1, 8)
  end.writeUInt16LE(1, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(local.length, 16)
  return Buffer.concat([local, directory, end])
}
