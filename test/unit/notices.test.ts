import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { contactAddress } from '../../libs/registry/index.ts'
import { loadConfig } from '../../libs/runtime/index.ts'
import { createRoot, issueCertificate } from '../../libs/signature/index.ts'
import { deliveryConfig } from '../../services/delivery/config.ts'
import { composeMail, composeShort, type Message } from '../../services/delivery/notices/compose-message.ts'
import { draftNotices, type NoticeSettings } from '../../services/delivery/notices/draft-notices.ts'
import { createContactFinder } from '../../services/delivery/notices/find-contact.ts'
import { type MailOptions, openMailChannel } from '../../services/delivery/notices/mail-channel.ts'
import { openChannels } from '../../services/delivery/notices/open-channels.ts'
import { openSmsChannel, type SmsOptions } from '../../services/delivery/notices/sms-channel.ts'
import { checkTemplates, FACT_NAMES, loadTemplates, NOTICE_KINDS } from '../../services/delivery/notices/templates.ts'
import { startSmsGateway } from '../harness/sms-gateway.ts'
import { readMail, startSmtp } from '../harness/smtp-server.ts'

const templates = await loadTemplates()

t.test('what of a contact can be used', async (t) => {
  const mails: [string, string | undefined][] = [
    [' vanthu@hanoi.gov.vn ', 'vanthu@hanoi.gov.vn'],
    ['a.b+c@x-y.gov.vn', 'a.b+c@x-y.gov.vn'],
    ['a@b.vn; c@d.vn', undefined],
    ['Văn thư <a@b.vn>', undefined],
    ['a@b.vn\r\nBcc: c@d.vn', undefined],
    ['a@localhost', undefined],
    ['"a b"@b.vn', undefined],
    [`${'a'.repeat(65)}@b.vn`, undefined],
    ['', undefined],
  ]
  for (const [email, mail] of mails) t.equal(contactAddress({ email }).mail, mail, email)
  const phones: [string, string | undefined][] = [
    ['0912 345 678', '+84912345678'],
    ['(+84) 38.123.4567', '+84381234567'],
    ['84-77-1234567', '+84771234567'],
    ['024 3825 3536', undefined],
    ['+84 24 3825 3536', undefined],
    ['+85620512345', '+85620512345'],
    ['0912345678; 0987654321', undefined],
  ]
  for (const [telephone, phone] of phones) t.equal(contactAddress({ telephone }).phone, phone, telephone)
  t.same(contactAddress({ post: ' Văn thư ', address: 'Hà Nội' }), { post: 'Văn thư' })
})

t.test(
  'whom to tell: the agency, the system that receives for it, the operators; on escalation the level above',
  async (t) => {
    const contacts: Record<string, object> = { H26: { email: 'h26@x.vn' }, 'H53.01': { telephone: '0912345678' } }
    const asked: string[] = []
    const finder = createContactFinder(
      {
        agency: (code) => ({ name: `Đơn vị ${code}` }) as never,
        ancestors: (code) => [...(code.startsWith('H26.') ? [{ code: 'H26' }] : [])] as never,
        details: async (code) => {
          asked.push(code)
          return { contact: contacts[code] ?? {} } as never
        },
        receivingSystem: (code) =>
          (code.startsWith('H53') ? { system: { contact: { email: 'hub@x.vn' } } } : undefined) as never,
      },
      'ops@x.vn',
    )
    t.same(await finder.ofAgency('H26'), { mail: 'h26@x.vn', agencyName: 'Đơn vị H26' })
    t.same(await finder.ofAgency('H26'), { mail: 'h26@x.vn', agencyName: 'Đơn vị H26' })
    t.same(asked, ['H26'], 'each is asked for once')
    t.same(await finder.ofAgency('H53'), { mail: 'hub@x.vn', agencyName: 'Đơn vị H53' })
    t.same(await finder.ofAgency('H53.01'), { phone: '+84912345678', agencyName: 'Đơn vị H53.01' })
    t.same(await finder.ofAgency('G12'), { mail: 'ops@x.vn', agencyName: 'Đơn vị G12' })
    t.same(await finder.aboveAgency('H26.01'), { mail: 'h26@x.vn', agencyName: 'Đơn vị H26' })
    t.same(await finder.aboveAgency('H53'), { mail: 'ops@x.vn' })
  },
)

const SETTINGS: NoticeSettings = {
  smtpUrl: 'smtp://x',
  smsUrl: 'http://x',
  smsKinds: ['urgent-waiting'],
  noticeLanguage: 'vi',
  noticeGatherMs: 60_000,
}

t.test('notices: one per channel, with a key of their own, and nothing but short facts', async (t) => {
  const contact = { mail: 'A@x.vn', phone: '+84912345678', agencyName: 'Sở X', post: 'Văn thư' }
  const tidings = {
    owner: 'o',
    kind: 'urgent-waiting',
    contact,
    about: 'c:1',
    facts: { number: '1', notation: 'x\r\nBcc: y' },
  } as const
  const rows = draftNotices(tidings, SETTINGS)
  t.match(rows, [
    { channel: 'mail', recipient: 'A@x.vn', dedupe_key: 'urgent-waiting:c:1:mail:a@x.vn', gather_ms: 0, code: null },
    { channel: 'sms', recipient: '+84912345678', dedupe_key: 'urgent-waiting:c:1:sms:+84912345678', gather_ms: 0 },
  ])
  t.same(rows[0]?.facts, { number: '1', notation: 'x Bcc: y', agency: 'Sở X', post: 'Văn thư' })
  t.equal(draftNotices({ ...tidings, facts: { notation: 'x'.repeat(9000) } }, SETTINGS)[0]?.facts.notation?.length, 120)
  t.match(draftNotices({ ...tidings, kind: 'overdue' }, SETTINGS), [{ channel: 'mail', gather_ms: 60_000 }])
  t.match(draftNotices({ ...tidings, contact: { agencyName: 'Sở X' } }, SETTINGS), [
    { channel: 'mail', recipient: '', code: 'LT_NTC_NO_CONTACT' },
  ])
  t.same(draftNotices(tidings, { smsKinds: [], noticeLanguage: 'vi', noticeGatherMs: 0 }), [], 'no channel, no notice')
})

t.test('texts: both languages, allowed placeholders only, and the table allows the same', async (t) => {
  const text = readFileSync('schemas/data/notice-templates.json', 'utf8')
  t.doesNotThrow(() => checkTemplates(JSON.parse(text)))
  const changed = (change: (value: { kinds: Record<string, { vi: Record<string, string> }> }) => void): unknown => {
    const value = JSON.parse(text)
    change(value)
    return value
  }
  const bad = [
    changed(({ kinds }) => delete kinds.overdue),
    changed(({ kinds }) => Object.assign(kinds.overdue?.vi ?? {}, { text: 'về {subject}' })),
    changed(({ kinds }) => Object.assign(kinds.expired?.vi ?? {}, { sms: '' })),
    null,
  ]
  for (const value of bad) t.throws(() => checkTemplates(value), { code: 'LT_CONF_INVALID' })
  t.throws(() => checkTemplates(bad[1]), /expired|overdue\.vi\.text: \{subject\}/)
  const folder = t.testdir()
  await t.rejects(loadTemplates(join(folder, 'nosuch')), { code: 'LT_CONF_FILE_UNREADABLE' })
  writeFileSync(join(folder, 'own.json'), text.replace('{receiver}', '{content}'))
  await t.rejects(loadTemplates(join(folder, 'own.json')), { code: 'LT_CONF_INVALID' })
  const migration = readFileSync('libs/store/migrations/0009-clocks.sql', 'utf8')
  const [, list = ''] = /facts - array\[([^\]]+)\]/.exec(migration) ?? []
  t.same([...list.matchAll(/'(\w+)'/g)].map(([, name]) => name).sort(), [...FACT_NAMES].sort())
  for (const kind of NOTICE_KINDS)
    for (const language of ['vi', 'en'] as const) {
      const facts = Object.fromEntries(FACT_NAMES.map((name) => [name, `<${name}>`]))
      const notice = { claim_id: 'c', kind, recipient: 'a@x.vn', language, facts, made_at: new Date() }
      const { subject, text } = composeMail([notice], templates)
      t.notMatch(subject + text + composeShort([notice], templates).text, /[{}]/, `${kind} ${language}`)
      t.ok(subject.length < 200 && composeShort([notice], templates).text.length < 300)
    }
})

t.test('a digest tells two hundred and counts the rest', async (t) => {
  const notices = Array.from({ length: 203 }, (_, i) => ({
    claim_id: 'c',
    kind: 'uncollected',
    recipient: 'a@x.vn',
    language: 'vi' as const,
    facts: { agency: 'Sở X', number: String(i), notation: 'QĐ' },
    made_at: new Date(1000 - i),
  }))
  const { subject, text } = composeMail(notices, templates)
  t.match(subject, '203 thông báo')
  t.equal(text.match(/^- /gm)?.length, 200)
  t.match(text, /và 3 thông báo khác/)
  t.ok(text.indexOf('202/QĐ') < text.indexOf('201/QĐ'), 'oldest first')
  t.match(composeShort(notices, templates).text, /^Truc lien thong: co 203 thong bao/, 'one short message, no accents')
  const operators = { ...notices[0], kind: 'system-silent', facts: { system: 's' } } as unknown as (typeof notices)[0]
  t.match(composeMail([operators], templates).text, /^Kính gửi: Người vận hành/)
})

const MESSAGE: Message = {
  id: '01890000-0000-7000-8000-000000000001',
  recipient: 'vanthu@hanoi.gov.vn',
  subject: 'Văn bản 12/QĐ-UBND chưa được tiếp nhận',
  text: 'Kính gửi: Văn thư\n.một dòng bắt đầu bằng dấu chấm\n',
}

t.test('mail: sent once, and every way of failing is known for what it is', async (t) => {
  const server = await startSmtp(t)
  const options: MailOptions = { url: new URL(server.url), tls: 'off', from: 'truc@axis.gov.vn', timeoutMs: 400 }
  const channel = openMailChannel(options)
  t.same(await channel.send(MESSAGE), { state: 'SENT' })
  const [mail] = server.mails
  t.match(mail, { from: 'truc@axis.gov.vn', to: ['vanthu@hanoi.gov.vn'], secure: false })
  const seen = readMail(mail as NonNullable<typeof mail>)
  t.equal(seen.subject, MESSAGE.subject)
  t.equal(seen.text.replaceAll('\r\n', '\n').trimEnd(), MESSAGE.text.trimEnd(), 'dots survive')
  t.match(seen.head, `Message-ID: <${MESSAGE.id}@axis.gov.vn>`, 'the same message always has the same id')
  t.match(seen.head, 'Auto-Submitted: auto-generated')

  const cases: [Parameters<typeof server.behave>[0], string, number][] = [
    [{ greeting: '421 busy' }, 'WAITING LT_NTC_UNREACHABLE', 0],
    [{ greeting: 'drop' }, 'WAITING LT_NTC_UNREACHABLE', 0],
    [{ greeting: 'hang' }, 'WAITING LT_NTC_UNREACHABLE', 0],
    [{ rcpt: '450 4.2.1 later' }, 'WAITING LT_NTC_UNREACHABLE', 0],
    [{ rcpt: '550 5.1.1 nobody here' }, 'FAILED LT_NTC_REFUSED', 0],
    [{ rcpt: 'drop' }, 'WAITING LT_NTC_UNREACHABLE', 0],
    [{ data: '452 4.3.1 full' }, 'WAITING LT_NTC_UNREACHABLE', 1],
    [{ data: '554 5.6.0 not wanted' }, 'FAILED LT_NTC_REFUSED', 1],
    [{ data: 'drop' }, 'UNSURE LT_NTC_UNSURE', 1],
    [{ data: 'hang' }, 'UNSURE LT_NTC_UNSURE', 1],
  ]
  for (const [behaviour, expected, arrived] of cases) {
    server.behave(behaviour)
    const before = server.mails.length
    const outcome = await channel.send(MESSAGE)
    t.equal(outcome.state === 'SENT' ? 'SENT' : `${outcome.state} ${outcome.code}`, expected, JSON.stringify(behaviour))
    t.equal(server.mails.length - before, arrived)
  }
  const closed = createServer()
  await once(closed.listen(0, '127.0.0.1'), 'listening')
  const { port } = closed.address() as AddressInfo
  await new Promise((resolve) => closed.close(resolve))
  t.match(await openMailChannel({ ...options, url: new URL(`smtp://127.0.0.1:${port}`) }).send(MESSAGE), {
    state: 'WAITING',
  })
  t.match(
    await channel.send({ ...MESSAGE, recipient: 'a@x.vn>\r\nRCPT TO:<b@x.vn' }),
    { state: 'WAITING' },
    'an address that is none goes nowhere',
  )
  await channel.close()
})

t.test('mail over TLS with a login; without TLS only where an operator says so', async (t) => {
  const root = await createRoot({ commonName: 'root' })
  const { certificatePem, privateKeyPem } = await issueCertificate(root, {
    kind: 'tls',
    commonName: 'mail',
    names: ['127.0.0.1'],
  })
  const server = await startSmtp(t, {
    tls: { key: privateKeyPem, cert: certificatePem },
    auth: { user: 'trục', pass: 'p@ss:1' },
  })
  const url = new URL(server.url)
  url.username = encodeURIComponent('trục')
  url.password = encodeURIComponent('p@ss:1')
  const options: MailOptions = { url, tls: 'required', from: 'a@x.vn', timeoutMs: 1000 }
  const ca = Buffer.from(root.certificatePem)
  t.same(await openMailChannel({ ...options, ca }).send(MESSAGE), { state: 'SENT' })
  t.match(server.mails, [{ secure: true, user: 'trục' }])
  t.match(await openMailChannel(options).send(MESSAGE), { state: 'WAITING' }, 'a certificate nobody vouches for')
  url.password = 'wrong'
  t.match(
    await openMailChannel({ ...options, ca }).send(MESSAGE),
    { state: 'WAITING', reason: '535' },
    'settings, not the notice',
  )
  const bare = await startSmtp(t)
  t.match(
    await openMailChannel({ ...options, url: new URL(bare.url) }).send(MESSAGE),
    { state: 'WAITING' },
    'no STARTTLS',
  )
  t.equal(server.mails.length + bare.mails.length, 1)
  t.same(await openMailChannel({ ...options, tls: 'opportunistic', url: new URL(bare.url) }).send(MESSAGE), {
    state: 'SENT',
  })
})

t.test('short messages through a gateway of any shape', async (t) => {
  const gateway = await startSmsGateway(t)
  const options: SmsOptions = {
    url: new URL(gateway.url),
    format: 'json',
    body: '{"to":"{phone}","message":{"text":"{text}"},"ref":"{id}","unicode":0}',
    secret: 's3cret',
    authorization: 'Bearer {secret}',
    allowedNetworks: ['127.0.0.0/8'],
    timeoutMs: 400,
  }
  const message = { ...MESSAGE, recipient: '+84912345678', text: 'a "quoted" {phone}\\ text' }
  const channel = openSmsChannel(options)
  t.teardown(() => channel.close())
  t.same(await channel.send(message), { state: 'SENT' })
  t.match(gateway.calls, [{ type: 'application/json', authorization: 'Bearer s3cret' }])
  t.same(JSON.parse(gateway.calls[0]?.body ?? ''), {
    to: '+84912345678',
    message: { text: 'a "quoted" {phone}\\ text' },
    ref: MESSAGE.id,
    unicode: 0,
  })
  const form = openSmsChannel({ ...options, format: 'form', body: 'u=axis&p={secret}&to={phone}&msg={text}' })
  t.teardown(() => form.close())
  t.same(await form.send({ ...message, text: 'a&to=b' }), { state: 'SENT' })
  t.equal(gateway.calls[1]?.body, 'u=axis&p=s3cret&to=%2B84912345678&msg=a%26to%3Db')

  const cases: [number | 'hang', string][] = [
    [400, 'FAILED'],
    [401, 'WAITING'],
    [429, 'WAITING'],
    [503, 'WAITING'],
    [500, 'UNSURE'],
    [504, 'UNSURE'],
    ['hang', 'UNSURE'],
  ]
  for (const [status, state] of cases) {
    gateway.answer(status)
    t.match(await channel.send(message), { state }, String(status))
  }
  gateway.answer(200, '{"code":"-1"}')
  const strict = openSmsChannel({ ...options, okPattern: '"code":"0"' })
  t.teardown(() => strict.close())
  t.match(await strict.send(message), { state: 'FAILED', code: 'LT_NTC_REFUSED' }, 'a gateway that says no with 200')
  const calls = gateway.calls.length
  const outside = openSmsChannel({ ...options, allowedNetworks: [] })
  t.teardown(() => outside.close())
  t.match(
    await outside.send(message),
    { state: 'WAITING', reason: 'LT_DLV_NOT_HTTPS' },
    'not into private networks by itself',
  )
  t.equal(gateway.calls.length, calls)
  t.throws(() => openSmsChannel({ ...options, body: '{' }), { code: 'LT_CONF_INVALID' })
  t.throws(() => openSmsChannel({ ...options, okPattern: '(' }), { code: 'LT_CONF_INVALID' })
})

t.test('settings', async (t) => {
  const env = {
    DATABASE_URL: 'postgres://x',
    NATS_URL: 'nats://x',
    REDIS_URL: 'redis://x',
    BLOB_DIR: 'b',
    KEY_DIR: 'k',
  }
  const config = (more: Record<string, string>) => loadConfig(deliveryConfig, { ...env, ...more })
  t.same([...(await openChannels(config({}))).keys()], [], 'nothing is set up unless told')
  const set = config({
    SMTP_URL: 'smtp://mail.x.vn',
    NOTICE_FROM: 'a@x.vn',
    SMS_URL: 'https://sms.x.vn/send',
    SMS_SECRET: 's',
  })
  const channels = await openChannels(set)
  t.same([...channels.keys()], ['mail', 'sms'])
  await channels.get('sms')?.close()
  await t.rejects(openChannels(config({ SMTP_URL: 'smtp://mail.x.vn' })), /NOTICE_FROM/)
  await t.rejects(openChannels(config({ SMTP_URL: 'smtp://[', NOTICE_FROM: 'a@x.vn' })), { code: 'LT_CONF_INVALID' })
  await t.rejects(openChannels(config({ SMTP_URL: 'smtp://m', NOTICE_FROM: 'a@x.vn', SMTP_CA_FILE: '/nosuch' })), {
    code: 'LT_CONF_FILE_UNREADABLE',
  })
  for (const bad of [
    { SMTP_URL: 'http://x' },
    { SMTP_TLS: 'maybe' },
    { WORKDAY_ENDS_AT: '25:00' },
    { NEGLECT_WARN_DAYS: '-1' },
  ])
    t.throws(() => config(bad), { code: 'LT_CONF_INVALID' }, JSON.stringify(bad))
})
