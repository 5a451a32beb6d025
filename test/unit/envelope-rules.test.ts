import t from 'tap'
import { boundMarks } from '../../libs/envelope/bound-marks.ts'
import {
  checkBusinessRules,
  checkSchema,
  DEFAULT_SECRECY_PATTERNS,
  DEVIATION_RULES,
  type Door,
  documentTypes,
  ENVELOPE_WARNINGS,
  findSecrecyMark,
  openPacket,
  type PacketDraft,
  RULE_POLICY,
  readSecrecyPatterns,
  type SecrecyPattern,
  safeFileName,
  writePacket,
  writeSecrecyPatterns,
  writeStatusPacket,
} from '../../libs/envelope/index.ts'
import { catalogue } from '../../libs/errors/index.ts'
import type { BusinessAction, Envelope, StatusReport } from '../../libs/model/index.ts'

const NOW = new Date('2026-01-05T03:00:00Z')

const draft: PacketDraft = {
  sender: { code: 'H26.01' },
  recipients: [{ code: 'H26.02' }],
  documentId: 'H26.01,2026/01/05,12/SA-VP',
  number: '12',
  notation: 'SA-VP',
  promulgationDate: '2026-01-05',
  documentType: { type: '2', detail: '18', name: 'Công văn' },
  subject: 'V/v thử nghiệm',
  signer: { fullName: 'Nguyễn Văn A' },
  attachments: [{ contentId: 'a1', name: 'van-ban.pdf' }],
}

function envelopeOf(change: Partial<PacketDraft>): Envelope {
  using packet = openPacket(writePacket({ ...draft, ...change }))
  return packet.envelope
}

function findings(envelope: Envelope, policy: Door = 'native', now = NOW): string[] {
  return checkBusinessRules(envelope, { now, policy }).map(({ code, severity }) => `${code} ${severity}`)
}

const found = (change: Partial<PacketDraft>, policy: Door = 'native'): string[] => findings(envelopeOf(change), policy)
const action = (change: Partial<BusinessAction>): BusinessAction => ({
  type: 'new',
  paper: false,
  receivers: [],
  replaces: [],
  ...change,
})

t.test('a document that says everything has no findings', async (t) => {
  t.same(found({}), [])
  t.same(found({}, 'compatible'), [])
})

t.test('what must be there', async (t) => {
  t.same(found({ sender: { code: '' } }), ['LT_BUS_SENDER_MISSING refuse'])
  t.same(found({ recipients: [] }), ['LT_BUS_RECIPIENT_MISSING refuse'])
  t.same(found({ recipients: [{ code: 'H1' }, { code: '', name: 'x' }] }), ['LT_BUS_RECIPIENT_CODE_MISSING refuse'])
  t.same(found({ number: '' }), ['LT_BUS_NUMBER_MISSING refuse'])
  t.same(found({ notation: '' }), ['LT_BUS_NOTATION_MISSING refuse'])
  t.same(found({ subject: '' }), ['LT_BUS_SUBJECT_MISSING refuse'])
  t.same(found({ signer: {} }), ['LT_BUS_SIGNER_MISSING warn'])
  t.same(found({ attachments: [] }), ['LT_BUS_NO_ATTACHMENT warn'])
  t.same(found({ documentId: '' }), ['LT_BUS_DOCUMENT_ID_MISSING refuse'])
  t.same(found({ documentId: '' }, 'compatible'), ['LT_BUS_DOCUMENT_ID_MISSING warn'])
})

t.test('recipients', async (t) => {
  const twice = { recipients: [{ code: 'H26.02' }, { code: 'h26.02 ' }, { code: 'H26.02#x' }, { code: 'H26.03' }] }
  t.same(found(twice), ['LT_BUS_RECIPIENT_TWICE refuse'], 'told once, spellings of one code are one')
  t.same(found(twice, 'compatible'), ['LT_BUS_RECIPIENT_TWICE warn'])
  const many = envelopeOf({ recipients: ['H1', 'H2', 'H3'].map((code) => ({ code })) })
  const limited = checkBusinessRules(many, { now: NOW, policy: 'native', maxRecipients: 2 })
  t.match(limited, [{ code: 'LT_BUS_TOO_MANY_RECIPIENTS', params: { count: 3, limit: 2 }, severity: 'refuse' }])
  const files = checkBusinessRules(envelopeOf({}), { now: NOW, policy: 'compatible', maxAttachments: 0 })
  t.match(files, [{ code: 'LT_BUS_TOO_MANY_ATTACHMENTS', severity: 'refuse' }])
})

t.test('dates are judged in Viet Nam with a day of grace', async (t) => {
  const issued = (promulgationDate: string, now: string): string[] =>
    findings(envelopeOf({ promulgationDate }), 'compatible', new Date(now))
  t.same(issued('2026-01-06', '2026-01-05T10:00:00Z'), [], 'tomorrow passes')
  t.same(issued('2026-01-07', '2026-01-05T10:00:00Z'), ['LT_BUS_DATE_FUTURE refuse'], 'the day after does not')
  t.same(issued('2026-01-07', '2026-01-05T17:30:00Z'), [], 'it is the 6th in Viet Nam already')
  const { promulgationDate: _date, ...undated } = draft
  using packet = openPacket(writePacket(undated))
  t.same(findings(packet.envelope), ['LT_BUS_DATE_MISSING refuse'])
  t.same(findings(packet.envelope, 'compatible'), ['LT_BUS_DATE_MISSING warn'])
  using unreadable = openPacket(
    Buffer.from(writePacket(draft).toString().replace('2026/01/05</edXML:Prom', '2026/02/30</edXML:Prom')),
  )
  t.match(checkBusinessRules(unreadable.envelope, { now: NOW, policy: 'compatible' }), [
    { code: 'LT_BUS_DATE_UNREADABLE', params: { value: '2026/02/30' }, severity: 'refuse' },
  ])
  t.same(found({ dueDate: '2026-01-04' }), ['LT_BUS_DUE_BEFORE_ISSUE warn'])
  t.same(found({ dueDate: '2026-01-05' }), [])
})

t.test('values', async (t) => {
  t.same(found({ priority: 4 }), [])
  t.same(found({ priority: 5 }), ['LT_BUS_PRIORITY_RANGE refuse'])
  t.same(found({ documentType: { type: '71', detail: '0' } }), ['LT_BUS_DOCUMENT_TYPE_UNKNOWN warn'])
  t.same(found({ documentType: { type: '2', detail: '34' } }), ['LT_BUS_DOCUMENT_TYPE_UNKNOWN warn'])
  t.same(found({ documentType: { type: '1', detail: '13' } }), [])
  t.same(found({ documentType: {} }), [])
  t.equal(documentTypes()[1]?.details[17]?.name, 'Công văn')
})

t.test('recall, update, replace', async (t) => {
  const reason = 'Sai thể thức'
  t.same(
    found({ business: action({ type: 'recall', reason }), attachments: [] }),
    [],
    'a recall may come without files',
  )
  t.same(found({ business: action({ type: 'recall' }) }), ['LT_BUS_REASON_MISSING refuse'])
  t.same(found({ business: action({ type: 'recall' }) }, 'compatible'), ['LT_BUS_REASON_MISSING warn'])
  const nameless = found({ business: action({ type: 'recall', reason }), documentId: '' }, 'compatible')
  t.same(nameless, ['LT_BUS_DOCUMENT_ID_MISSING warn', 'LT_BUS_TARGET_MISSING refuse'])
  t.same(found({ business: action({ type: 'recall', reason, targetDocumentId: 'x' }) }), [])
  t.same(found({ business: action({ type: 'update', reason, changesReceivers: true }), attachments: [] }), [])
  t.same(found({ business: action({ type: 'update', reason, changesDocument: true }), attachments: [] }), [
    'LT_BUS_NO_ATTACHMENT warn',
  ])
  t.same(found({ business: action({ type: 'replace', reason }) }), ['LT_BUS_TARGET_MISSING refuse'])
  t.same(found({ business: action({ type: 'replace', reason, replaces: [{ documentId: '', agencies: ['H1'] }] }) }), [
    'LT_BUS_TARGET_MISSING refuse',
  ])
  t.same(
    found({ business: action({ type: 'replace', reason, replaces: [{ documentId: 'x', agencies: ['H1'] }] }) }),
    [],
  )
})

t.test('status packets', async (t) => {
  const about = { agency: 'H26.01', code: '12/SA-VP', documentId: 'x' }
  const status = (change: Partial<StatusReport>, policy: Door = 'native'): string[] => {
    const report = { code: '01' as const, about, timestamp: '2026/01/05 10:00:00', ...change }
    using packet = openPacket(writeStatusPacket({ sender: { code: 'H26.02' }, status: report }))
    return findings(packet.envelope, policy)
  }
  t.same(status({}), [])
  t.same(status({ about: { agency: 'H26.01', code: '12/SA-VP' } }), [], 'number and notation name the document too')
  t.same(status({ about: { agency: 'H26.01', code: '' } }), ['LT_BUS_STATUS_TARGET_MISSING refuse'])
  t.same(status({ about: { agency: '', code: '12/SA-VP' } }, 'compatible'), ['LT_BUS_STATUS_TARGET_MISSING refuse'])
  t.same(status({ code: '02' }), ['LT_BUS_REASON_MISSING refuse'])
  t.same(status({ code: '13' }, 'compatible'), ['LT_BUS_REASON_MISSING warn'])
  t.same(status({ code: '16', description: 'Đã xử lý' }), [])
})

t.test('deviations that a door may refuse', async (t) => {
  const warned = (code: string): Envelope => ({ ...envelopeOf({}), warnings: [{ code, params: { dialect: 'D3' } }] })
  t.same(findings(warned('ENV_DIALECT_OLD')), ['LT_ENV_DIALECT_OLD refuse'])
  t.same(findings(warned('ENV_DIALECT_OLD'), 'compatible'), ['LT_ENV_DIALECT_OLD warn'])
  t.same(findings(warned('ENV_CONTENT_ID_TWICE')), ['LT_ATT_ID_TWICE refuse'])
  t.same(findings(warned('ENV_FILLER')), [])
  t.same(findings(warned('toString')), [], 'a code nobody knows')
  for (const code of Object.keys(RULE_POLICY)) t.ok(code in catalogue, code)
  for (const code of Object.keys(DEVIATION_RULES)) t.ok(code in ENVELOPE_WARNINGS, code)
})

t.test('secrecy marks', async (t) => {
  const mark = (
    field: 'subject' | 'content' | 'notation' | 'fileName',
    text: string,
    patterns?: readonly SecrecyPattern[],
  ): boolean => {
    const envelope = { ...envelopeOf({}), ...(field === 'fileName' ? {} : { [field]: text }) }
    const names = field === 'fileName' ? [text] : []
    return findSecrecyMark(envelope, names, patterns)?.field === field
  }
  const marked = [
    '(MẬT) Báo cáo',
    'Báo cáo (mật)',
    'Báo cáo [Tối mật]',
    'MẬT: báo cáo',
    'Mật: báo cáo',
    'MẬT - Báo cáo',
    'Báo cáo – MẬT',
    'MẬT',
    'ĐỘ MẬT: MẬT',
    'Độ mật: Mật',
    'Báo cáo tuyệt mật quý I',
    'TỐI  MẬT Báo cáo',
    'Tối mật'.normalize('NFD'),
    'T\u200bối mật',
    'ＴỐＩ ＭẬＴ',
    'BAO CAO TOI MAT',
  ]
  for (const text of marked) t.ok(mark('subject', text), `a mark: ${text}`)
  const plain = [
    'Tăng cường công tác bảo mật thông tin',
    'Quy chế bảo vệ bí mật nhà nước',
    'MẬT ONG RỪNG U MINH',
    'BẢO-MẬT',
    'AN NINH - BẢO MẬT',
    'Ban Cơ yếu: MẬT MÃ',
    'Hướng dẫn xác định độ mật của tài liệu',
    'Đổi mật khẩu',
    'Mặt trận Tổ quốc',
    'Tôi mất giấy tờ',
    'Mật độ dân số',
  ]
  for (const text of plain) t.notOk(mark('subject', text), `no mark: ${text}`)
  t.ok(mark('content', 'Nội dung (tối mật)'))
  for (const name of ['Bao cao (MAT).pdf', 'TUYET_MAT_2026.pdf', 'MẬT.pdf', 'Phụ lục (Mật).docx'])
    t.ok(mark('fileName', name), name)
  for (const name of ['QUY_CHE_BAO_MAT.pdf', 'MAT_TRAN_TO_QUOC.pdf', 'mat.pdf', 'MẬT_KHẨU.pdf'])
    t.notOk(mark('fileName', name), name)
  for (const notation of ['BC-TM', 'BC/MẬT', 'BC(TM)', 'QĐ-MẬT']) t.ok(mark('notation', notation), notation)
  for (const notation of ['SA-VP', 'TTr-UBND', 'CTM-VP', 'TM']) t.notOk(mark('notation', notation), notation)
  for (const name of ['MẬT_ke hoach.docx', 'MẬT_KẾ_HOẠCH.pdf', 'KẾ_HOẠCH_MẬT.pdf', 'MẬT.ke-hoach.pdf'])
    t.ok(mark('fileName', name), name)
  for (const name of ['BÁO_CÁO_BẢO_MẬT.pdf', 'MẬT_MÃ.pdf', 'TÚI_MẬT.pdf', 'MẬT.ĐỘ.pdf', 'mật_ong.pdf'])
    t.notOk(mark('fileName', name), name)
  t.ok(mark('subject', 'MẬT. Kế hoạch'))
  for (const invisible of ['\u034f', '\u180e', '\u00ad', '\u3164', '\ufe0f', '\u{e0041}', '\u0336'])
    t.ok(mark('subject', `Báo cáo (m${invisible}ật)`), `with U+${invisible.codePointAt(0)?.toString(16)} inside`)
  t.equal(
    findSecrecyMark(envelopeOf({ attachments: [{ contentId: 'a', name: '(Mật).pdf' }] }), [])?.field,
    'fileName',
    'names of the manifest',
  )

  const own: SecrecyPattern[] = [{ fields: ['subject'], form: 'phrase', text: 'lưu hành nội bộ' }]
  t.ok(mark('subject', 'Tài liệu lưu hành nội bộ', own), 'operators set their own')
  t.notOk(mark('subject', '(MẬT)', own))
  t.notOk(
    mark('subject', 'x', [{ fields: ['subject'], form: 'phrase', text: ' - ' }]),
    'a pattern without words matches nothing',
  )

  t.same(readSecrecyPatterns(writeSecrecyPatterns(DEFAULT_SECRECY_PATTERNS)), DEFAULT_SECRECY_PATTERNS)
  for (const wrong of ['phrase:subject', 'regexp:subject:x', 'phrase:title:x', 'phrase:subject:'])
    t.throws(() => readSecrecyPatterns([wrong]), { code: 'LT_CONF_INVALID' }, wrong)

  const started = performance.now()
  for (const { text } of DEFAULT_SECRECY_PATTERNS) mark('subject', `${text} `.repeat(4000).slice(0, 20_000).concat('x'))
  const spent = performance.now() - started
  t.ok(spent < 3000, `${Math.round(spent)} ms for ${DEFAULT_SECRECY_PATTERNS.length} of the longest texts there are`)
})

t.test('no name makes the search for secrecy marks slow', async (t) => {
  const hostile = [
    `a${'\u0301\u0323'.repeat(9950)}`,
    `a${'\u0301\uff9e'.repeat(9950)}`,
    `${'\u0344\u3099'.repeat(9950)}`,
    `${'(MẬT '.repeat(3980)}`,
  ]
  for (const name of hostile) {
    const begun = performance.now()
    for (let count = 0; count < 10; count++) findSecrecyMark(envelopeOf({}), [`${name}${count}`])
    safeFileName(name)
    const spent = performance.now() - begun
    t.ok(spent < 250, `${Math.round(spent)} ms for ten names of ${name.length} characters`)
  }
  t.equal(findSecrecyMark(envelopeOf({}), [`MẬT${'\u0335\u0336'.repeat(100)}.pdf`])?.field, 'fileName')
  const many = Array.from({ length: 40 }, (_, i) => `${i} ${'a'.repeat(19_000)}`)
  t.throws(() => findSecrecyMark(envelopeOf({}), many), { code: 'LT_ENV_TOO_LARGE' }, 'names altogether are bounded')
  t.doesNotThrow(() => findSecrecyMark(envelopeOf({}), Array(1000).fill(many[0])), 'each is looked at once')
  for (let code = 0; code < 0x110000; code++) {
    const char = String.fromCodePoint(code)
    const [first] = char.normalize('NFKD')
    // U+0345 sorts behind every other mark: what comes before it after normalization is one that is sorted.
    const sorted = `\u0345${first}`.normalize('NFD') !== `\u0345${first}`
    if (sorted && boundMarks(char.repeat(100)) === char.repeat(100)) t.fail(`U+${code.toString(16)} is sorted too`)
  }
})

t.test('a status packet is searched as well', async (t) => {
  const packet = writeStatusPacket({
    sender: { code: 'H26.02' },
    status: {
      code: '02',
      about: { agency: 'H26.01', code: '12/SA-VP' },
      description: 'Trả lại',
      timestamp: '2026/01/05 10:00:00',
    },
  }).toString()
  const fieldOf = (from: string, to: string): string | undefined => {
    const changed = packet.replace(from, to)
    if (changed === packet) throw new Error(`nothing to change: ${from}`)
    using opened = openPacket(Buffer.from(changed))
    return findSecrecyMark(opened.envelope, [])?.field
  }
  t.equal(fieldOf('Trả lại', 'Trả lại (MẬT)'), 'content')
  const beside = (element: string): string | undefined => fieldOf('<edXML:StatusCode>', `${element}<edXML:StatusCode>`)
  t.equal(beside('<edXML:Subject>TỐI MẬT</edXML:Subject>'), 'subject')
  t.equal(beside('<edXML:Content>TỐI MẬT</edXML:Content>'), 'content')
  t.equal(beside('<edXML:Code><edXML:CodeNotation>BC-TM</edXML:CodeNotation></edXML:Code>'), 'notation')
  using strict = openPacket(
    Buffer.from(packet.replace('<edXML:StatusCode>', '<edXML:Subject>x</edXML:Subject><edXML:StatusCode>')),
  )
  t.match(checkSchema(strict, 'native'), [{ code: 'LT_SCHEMA_INVALID', severity: 'refuse' }])
})
