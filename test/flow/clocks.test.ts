import t, { type Test } from 'tap'
import { addDays, localDate } from '../../libs/model/index.ts'
import { addSystem } from '../../libs/registry/index.ts'
import { startService } from '../../libs/runtime/index.ts'
import { readEvidence } from '../../libs/signature/index.ts'
import { renewClocks } from '../../libs/store/index.ts'
import { runCli } from '../../services/cli/run-cli.ts'
import { deliveryService } from '../../services/delivery/service.ts'
import { CONTACTS, H26_PHONE, startNoticeWorld } from '../harness/notice-world.ts'
import { resumeSystem, suspendSystem } from '../harness/operators.ts'
import { type Mail, readMail } from '../harness/smtp-server.ts'
import type { World } from '../harness/world.ts'

const TODAY = localDate(new Date())
const LONG_AGO = addDays(TODAY, -20)
/** What no notice may hold: subject, names of persons, file names, places of a document. */
const CONTENT = ['Thông báo thử nghiệm kết nối', 'Nguyễn Văn A', 'Chánh Văn phòng', 'thong-bao.pdf', '%PDF']

// Longer than an urgent document may wait.
const { world, smtp, sms, environment } = await startNoticeWorld(t, { environment: { SMTP_TIMEOUT_MS: '4000' } })

interface Sent {
  readonly dispatch: string
  /** As notices name it: number/notation. */
  readonly name: string
  readonly documentId: string
  readonly consignments: Readonly<Record<string, string>>
}

async function send(recipients: readonly string[], overrides: object = {}): Promise<Sent> {
  const documentId = `G12,${TODAY.replaceAll('-', '/')},${Math.random().toString(36).slice(2)}/TB-LT`
  const number = documentId.slice(-16, -6)
  const packet = world.packet('demo-g12', recipients, { promulgationDate: TODAY, documentId, number, ...overrides })
  const { status, body } = await world.submit('demo-g12', packet)
  if (status >= 300) throw new Error(JSON.stringify(body))
  const consignments = Object.fromEntries(
    body.recipients.map((each: { agency: string; consignment: string }) => [each.agency, each.consignment]),
  )
  return { dispatch: body.dispatch, name: `${number}/TB-LT`, documentId, consignments }
}

async function entriesOf(dispatch: string): Promise<string[]> {
  const sql = `select e.event || coalesce(' ' || (d.details::jsonb ->> 'rule'), '') || coalesce(' ' || (d.details::jsonb ->> 'notice'), '') as event
    from audit_entry e join audit_detail d on d.entry_id = e.id where e.dispatch_id = $1 order by e.id`
  return (await world.eyes.query<{ event: string }>(sql, [dispatch])).rows.map(({ event }) => event)
}

/** Mails to a contact that name a document. */
function mailsAbout(to: string, name: string): ReturnType<typeof readMail>[] {
  return smtp.mails
    .filter((mail) => mail.to.includes(to))
    .map(readMail)
    .filter(({ text }) => text.includes(name))
}

const clockOf = async (consignment: string) =>
  (await world.eyes.query('select * from consignment_clock where consignment_id = $1', [consignment])).rows[0]

/** Makes the terms of consignments begin so many days earlier, and has them looked at now. */
async function turnBack(consignments: readonly string[], days: number): Promise<void> {
  for (const id of consignments) await world.until(() => clockOf(id))
  await world.eyes.query(
    `update consignment_clock set since = since - make_interval(days => $2), due_at = now(), version = version + 1,
       done = (select coalesce(jsonb_object_agg(key, (value #>> '{}')::timestamptz - make_interval(days => $2)), '{}') from jsonb_each(done))
     where consignment_id = any($1::uuid[])`,
    [consignments, days],
  )
}

async function take(system: string, end: boolean): Promise<void> {
  const { body } = await world.call(system, 'POST', '/v1/mailbox/lease', { body: { max: 100, seconds: 5 } })
  for (const { lease, item } of body.items) {
    await world.call(system, 'GET', `/v1/consignments/${item.consignment}/parts/0?lease=${lease}`)
    if (end)
      await world.call(system, 'POST', '/v1/mailbox/acknowledge', {
        body: { items: [{ consignment: item.consignment, lease }] },
      })
  }
}

/** Waits until nothing waits to be told any more. */
async function settled(in_: World = world): Promise<void> {
  await in_.until(async () => {
    const { rows } = await in_.eyes.query<{ open: number }>(
      `select count(*)::int as open from notice where state in ('WAITING', 'CLAIMED')`,
    )
    return rows[0]?.open === 0
  }, 30_000)
}

function holdsNoContent(t: Test, mails: readonly Mail[]): void {
  for (const mail of mails) {
    const { head, subject, text } = readMail(mail)
    const seen = [mail.raw.toString('utf8'), mail.raw.toString('latin1'), head, subject, text].join('\n')
    const found = CONTENT.filter((piece) =>
      [piece, Buffer.from(piece).toString('base64').slice(0, 12)].some((form) => seen.includes(form)),
    )
    t.same(found, [], `no content in "${subject}"`)
  }
}

t.test(
  'D28-06: a document sent after noon of the working day that follows its date is a fact, and its sender is told',
  async (t) => {
    const late = await send(['H53'], { promulgationDate: LONG_AGO })
    const inTime = await send(['H53'], { promulgationDate: addDays(TODAY, -5) })
    const [mail] = await world.until(async () => {
      const found = mailsAbout(CONTACTS.G12, late.name)
      return found.length > 0 && found
    })
    t.match(mail, { subject: new RegExp(`${late.name}`), text: /gửi chậm|sau hạn/ })
    t.match(mail?.text, 'Quyết định 28/2018/QĐ-TTg')
    t.match(mail?.text, /Kính gửi: Văn thư, Bộ Tài chính/)
    await world.until(() => clockOf(inTime.consignments.H53 as string))
    await settled()
    t.equal((await entriesOf(late.dispatch)).filter((event) => event === 'DispatchSentLate').length, 1)
    t.ok(
      (await entriesOf(late.dispatch)).includes('ConsignmentNotification sent-late'),
      'and that it was told is one too',
    )
    t.same(
      (await entriesOf(inTime.dispatch)).filter((event) => /Late/.test(event)),
      [],
      'days off lay between',
    )
    t.same(mailsAbout(CONTACTS.G12, inTime.name), [])
    await take('demo-h53', true)
  },
)

t.test(
  'D28-08: an urgent document that nobody takes is called out within minutes, by mail and short message',
  async (t) => {
    const calls = sms.calls.length
    const urgent = await send(['H26', 'H53'], { priority: 3 })
    await world.until(() => clockOf(urgent.consignments.H53 as string))
    await take('demo-h53', true)
    await world.until(async () => mailsAbout(CONTACTS.H26, urgent.name).length > 0 && sms.calls.length > calls)
    await settled()
    t.match(mailsAbout(CONTACTS.H26, urgent.name), [
      { subject: /KHẨN/, text: /Bộ Tài chính gửi UBND Thành phố Hà Nội/ },
    ])
    const call = JSON.parse(sms.calls.at(-1)?.body ?? '{}')
    t.match(call, { to: H26_PHONE, text: new RegExp(`^KHAN: van ban ${urgent.name} cua Bo Tai chinh`) })
    t.same(mailsAbout(CONTACTS.H53, urgent.name), [], 'who has it is left in peace')
    t.ok((await entriesOf(urgent.dispatch)).includes('DeadlinePassed urgent-waiting'))
    await take('demo-h26', true)
  },
)

t.test(
  'D30-03: what was neither taken nor reported received by the end of the working day is called out',
  async (t) => {
    const documents = await Promise.all([1, 2, 3].map(() => send(['H26', 'H53'])))
    const [open, reported] = documents as [Sent, Sent, Sent]
    for (const { consignments } of documents)
      for (const id of Object.values(consignments)) await world.until(() => clockOf(id))
    await take('demo-h53', false)
    await world.submit(
      'demo-h26',
      world.status('demo-h26', { agency: 'G12', documentId: reported.documentId, code: reported.name }, '01'),
    )
    await world.until(async () => {
      const sql = 'select from status_report where about_dispatch_id = $1'
      return (await world.eyes.query(sql, [reported.dispatch])).rows.length > 0
    })
    const at = await clockOf(open.consignments.H26 as string)
    t.equal(
      new Date(at.due_at.getTime() + 7 * 3_600_000).toISOString().slice(11, 16),
      '17:00',
      'due at the end of a working day',
    )
    t.ok(localDate(at.due_at) > TODAY, 'the next one: today is off')
    await turnBack(
      documents.flatMap(({ consignments }) => Object.values(consignments)),
      20,
    )
    await world.until(async () => (await entriesOf(open.dispatch)).includes('DeadlinePassed same-day-receipt'))
    await settled()
    const passed = async ({ dispatch }: Sent): Promise<number> =>
      (await entriesOf(dispatch)).filter((event) => event === 'DeadlinePassed same-day-receipt').length
    t.equal(await passed(open), 1, 'of two recipients the one that did nothing')
    t.equal(await passed(reported), 0, 'status 01 is a receipt')
    t.match(
      mailsAbout(CONTACTS.H26, open.name)
        .map(({ text }) => text)
        .join(),
      /chưa có báo nhận trong ngày làm việc/,
    )
    t.notMatch(
      mailsAbout(CONTACTS.H53, open.name)
        .map(({ text }) => text)
        .join(),
      /trong ngày làm việc/,
    )
    await world.eyes.query(`update consignment set lease_until = now() where state = 'HANDED_OVER'`)
    await take('demo-h53', true)
    await take('demo-h26', true)
  },
)

t.test('a receiver that is suspended neglects nothing; its time begins when it is resumed', async (t) => {
  const sent = await send(['H26'])
  const id = sent.consignments.H26 as string
  await suspendSystem(world.operator, 'demo-h26', 'thử nghiệm')
  // Longer than any registry takes to notice.
  await new Promise((resolve) => setTimeout(resolve, 3_500))
  await turnBack([id], 60)
  await world.until(async () => (await entriesOf(sent.dispatch)).includes('DeadlinePassed same-day-receipt'))
  await settled()
  t.notOk((await entriesOf(sent.dispatch)).includes('DeadlinePassed uncollected'))
  await renewClocks(world.operator, ['H26'])
  await resumeSystem(world.operator, 'demo-h26')
  await settled()
  const { rows } = await world.eyes.query(
    "select since > now() - interval '1 minute' as anew from consignment_clock where consignment_id = $1",
    [id],
  )
  t.equal(rows[0]?.anew, true)
  t.notOk((await entriesOf(sent.dispatch)).includes('DeadlinePassed uncollected'))
  await new Promise((resolve) => setTimeout(resolve, 3_500))
  await take('demo-h26', true)
})

t.test(
  'neglect: the contact is warned, later it expires with a signed receipt for the sender, who may send again',
  async (t) => {
    const sent = await send(['H26'])
    const id = sent.consignments.H26 as string
    await turnBack([id], 60)
    await world.until(async () => (await entriesOf(sent.dispatch)).includes('DeadlinePassed uncollected'))
    await settled()
    t.match(
      mailsAbout(CONTACTS.H26, sent.name)
        .map(({ text }) => text)
        .join(),
      /đã chờ \d+ ngày làm việc/,
    )
    const { rows } = await world.eyes.query('select state from consignment where id = $1', [id])
    t.equal(rows[0]?.state, 'AVAILABLE', 'sixty days old and only just warned: not ended')
    const { body } = await world.call('demo-h26', 'POST', '/v1/mailbox/lease', { body: { max: 1, seconds: 5 } })
    const [{ lease }] = body.items
    await turnBack([id], 60)
    await new Promise((resolve) => setTimeout(resolve, 400))
    t.equal(
      (await world.eyes.query('select state from consignment where id = $1', [id])).rows[0]?.state,
      'AVAILABLE',
      'leased',
    )

    await world.until(async () => {
      const { rows } = await world.eyes.query('select state from consignment where id = $1', [id])
      return rows[0]?.state === 'EXPIRED'
    }, 20_000)
    const ends = (await entriesOf(sent.dispatch)).filter((event) => event === 'AcceptanceRejectionExpiry')
    t.equal(ends.length, 1, 'one entry, in the commit of the move')
    const shown = await world.until(async () => {
      const { body } = await world.call('demo-g12', 'GET', `/v1/dispatches/${sent.dispatch}`)
      return body.state === 'CLOSED' && body
    }, 20_000)
    t.match(shown.recipients, [
      { state: 'EXPIRED', refusal: { reason: 'LT_DLV_UNCOLLECTED', text: /không lấy văn bản trong 30 ngày làm việc/ } },
    ])
    const fact = shown.receipts.find(({ event }: { event: string }) => event === 'AcceptanceRejectionExpiry')
    t.match(fact, { consignment: id })
    if (fact) {
      const receipt = await world.call('demo-g12', 'GET', fact.href)
      t.equal(receipt.status, 200)
      t.match(readEvidence(receipt.bytes), { kind: 'AcceptanceRejectionExpiry', consignmentId: id })
      t.match(receipt.bytes.toString(), /<(\w+:)?SignatureValue/, 'signed')
    }
    await settled()
    t.match(mailsAbout(CONTACTS.G12, sent.name), [{ subject: /không giao được cho UBND Thành phố Hà Nội/ }])
    const ack = await world.call('demo-h26', 'POST', '/v1/mailbox/acknowledge', {
      body: { items: [{ consignment: id, lease }] },
    })
    t.match(ack.body.items, [{ ok: false, code: 'LT_BOX_LATE' }], 'too late to take it')
    const again = await world.call('demo-g12', 'POST', `/v1/dispatches/${sent.dispatch}/consignments/${id}/resend`)
    t.equal(again.status, 201)
    const clock = await world.until(() => clockOf(again.body.consignment))
    t.same(clock.done, {}, 'and the new one has terms of its own')
    await take('demo-h26', true)
  },
)

t.test('due dates: reminded, overdue, escalated to the level above and the sender; status 06 ends it', async (t) => {
  const due = await send(['H26.01'], { dueDate: addDays(TODAY, 90) })
  const done = await send(['H26.01'], { dueDate: addDays(TODAY, 90) })
  const ids = [due, done].map(({ consignments }) => consignments['H26.01'] as string)
  for (const id of ids) await world.until(() => clockOf(id))
  await take('demo-h26', true)
  await world.submit('demo-h26', world.sign('demo-h26', statusFrom('H26.01', done, '06')))
  await world.until(async () => {
    const sql = 'select from status_report where about_dispatch_id = $1'
    return (await world.eyes.query(sql, [done.dispatch])).rows.length > 0
  })
  await world.eyes.query('update dispatch set due_date = $2 where id = any($1::uuid[])', [
    [due.dispatch, done.dispatch],
    addDays(TODAY, -30),
  ])
  await turnBack(ids, 60)
  await world.until(async () => (await entriesOf(due.dispatch)).includes('DeadlinePassed due-escalated'))
  await world.until(async () => (await clockOf(ids[1] as string)) === undefined)
  await settled()
  const rules = (events: string[]): string[] =>
    events.flatMap((event) => /^DeadlinePassed (due-soon|overdue|due-escalated)$/.exec(event)?.[1] ?? [])
  t.same(rules(await entriesOf(due.dispatch)).toSorted(), ['due-escalated', 'due-soon', 'overdue'])
  t.same(rules(await entriesOf(done.dispatch)), [], 'finished in time')
  t.match(
    mailsAbout(CONTACTS.G12, due.name)
      .map(({ text }) => text)
      .join(),
    /đã quá hạn \d+ ngày làm việc/,
    'the sender',
  )
  t.match(
    mailsAbout(CONTACTS.H26, due.name)
      .map(({ text }) => text)
      .join(),
    /đã quá hạn \d+ ngày làm việc/,
    'the level above',
  )
  t.same(mailsAbout(CONTACTS.G12, done.name), [])
})

t.test('what was fetched and never acknowledged ends under a name of its own', async (t) => {
  const sent = await send(['H26'])
  const id = sent.consignments.H26 as string
  await world.until(() => clockOf(id))
  await take('demo-h26', false)
  await world.eyes.query(`update consignment set lease_until = now() where id = $1 and handed_over_at is not null`, [
    id,
  ])
  await turnBack([id], 60)
  await world.until(async () => (await entriesOf(sent.dispatch)).includes('DeadlinePassed uncollected'))
  await turnBack([id], 60)
  const row = await world.until(async () => {
    const { rows } = await world.eyes.query(
      'select state, refusal_reason, refusal_text from consignment where id = $1',
      [id],
    )
    return rows[0]?.state === 'EXPIRED' && rows[0]
  }, 20_000)
  t.match(row, { refusal_reason: 'LT_DLV_UNACKNOWLEDGED', refusal_text: /đã lấy văn bản nhưng không báo nhận/ })
})

t.test('a system that stops calling is reported to the operators, once, and when it is back', async (t) => {
  // One that nobody calls with: what the door saw is written down seconds later.
  await addSystem(world.operator, { code: 'demo-im-lang', name: 'Hệ thống im lặng' })
  const seen = (ago: string) =>
    world.eyes.query(`update system set last_polled_at = now() - $1::interval where code = 'demo-im-lang'`, [ago])
  const told = (what: RegExp): number => smtp.mails.filter((mail) => what.test(readMail(mail).text)).length
  await seen('2 hours')
  await settled()
  t.equal(told(/demo-im-lang không gọi trục từ/), 0, 'the axis itself can be reached only since a moment ago')
  const { rowCount } = await world.eyes.query(`update door_up set since = now() - interval '3 hours'`)
  t.equal(rowCount, 1)
  await world.until(async () => told(/demo-im-lang không gọi trục từ/) > 0)
  await settled()
  t.equal(told(/đã gọi lại/), 0, 'it is not back by itself')
  await seen('0 seconds')
  await world.until(async () => told(/demo-im-lang im lặng từ .* đã gọi lại/) > 0)
  await settled()
  t.equal(told(/demo-im-lang không gọi trục từ/), 1)
  const addressees = smtp.mails.filter((mail) => /demo-im-lang/.test(readMail(mail).text)).flatMap(({ to }) => to)
  t.same([...new Set(addressees)], [CONTACTS.operators])
  const { rows } = await world.eyes.query(
    `select event from audit_entry where event in ('SystemSilent', 'SystemBack') order by id`,
  )
  t.same(
    rows.map(({ event }) => event),
    ['SystemSilent', 'SystemBack'],
  )
})

t.test(
  'two delivery processes at once: every term passes once, every notice is told once, many in one mail',
  async (t) => {
    const second = await startService(deliveryService, { ...world.servers.environment('delivery'), ...environment })
    t.teardown(() => second[Symbol.asyncDispose]())
    const documents = await Promise.all(Array.from({ length: 40 }, () => send(['H26'])))
    const before = smtp.mails.length
    await turnBack(
      documents.map(({ consignments }) => consignments.H26 as string),
      20,
    )
    await world.until(async () => {
      const all = await Promise.all(documents.map(({ dispatch }) => entriesOf(dispatch)))
      return all.every((events) => events.includes('ConsignmentNotification uncollected'))
    }, 40_000)
    await settled()
    const mails = smtp.mails.slice(before)
    const text = mails.map((mail) => readMail(mail).text).join('\n')
    for (const { name, dispatch } of documents) {
      t.equal(text.split(`${name} của Bộ Tài chính`).length - 1, 2, `${name}: same day and uncollected, once each`)
      const passed = (await entriesOf(dispatch)).filter((event) => event.startsWith('DeadlinePassed'))
      t.same(passed.toSorted(), ['DeadlinePassed same-day-receipt', 'DeadlinePassed uncollected'])
    }
    t.ok(mails.length <= 10, `80 notices in ${mails.length} mails`)
    t.match(mails.map((mail) => readMail(mail).subject).join(), /\d+ thông báo về văn bản/)
    await take('demo-h26', true)
  },
)

t.test('a mail server that is away delays, and refuses for good only what it refused', async (t) => {
  smtp.behave({ greeting: '421 away' })
  const sent = await send(['H53'], { promulgationDate: LONG_AGO })
  await world.until(async () => {
    const { rows } = await world.eyes.query('select attempts from notice where dispatch_id = $1', [sent.dispatch])
    return rows[0]?.attempts > 1
  })
  t.same(mailsAbout(CONTACTS.G12, sent.name), [])
  smtp.behave({})
  await world.until(async () => mailsAbout(CONTACTS.G12, sent.name).length > 0)
  await settled()
  t.equal(mailsAbout(CONTACTS.G12, sent.name).length, 1)
  smtp.behave({ rcpt: '550 5.1.1 nobody' })
  const refused = await send(['H53'], { promulgationDate: LONG_AGO })
  const stateOf = async () =>
    (await world.eyes.query('select state, code from notice where dispatch_id = $1', [refused.dispatch])).rows[0]
  await world.until(async () => (await stateOf())?.state === 'FAILED')
  t.match(await stateOf(), { code: 'LT_NTC_REFUSED' })
  smtp.behave({})
})

t.test('a mail server that says nothing keeps no urgent short message waiting', async (t) => {
  smtp.behave({ greeting: 'hang' })
  const late = await send(['H53'], { promulgationDate: LONG_AGO })
  const mail = async () =>
    (await world.eyes.query('select state, attempts from notice where dispatch_id = $1', [late.dispatch])).rows[0]
  await world.until(async () => (await mail())?.state === 'CLAIMED')
  const calls = sms.calls.length
  const urgent = await send(['H26'], { priority: 1 })
  await world.until(async () => sms.calls.length > calls)
  t.same(await mail(), { state: 'CLAIMED', attempts: 1 }, 'the mail is still waiting for its server')
  smtp.behave({})
  await settled()
  t.equal(sms.calls.slice(calls).filter(({ body }) => body.includes(urgent.name)).length, 1, 'once')
})

t.test("no mail and no short message holds a document's content", async (t) => {
  t.ok(smtp.mails.length > 10)
  holdsNoContent(t, smtp.mails)
  for (const { body } of sms.calls) for (const piece of CONTENT) t.notOk(body.includes(piece))
  const { rows } = await world.eyes.query('select facts::text as facts from notice')
  for (const { facts } of rows) for (const piece of CONTENT) t.notOk(facts.includes(piece))
  await t.rejects(
    world.eyes.query(`update notice set facts = '{"subject": "x"}'`),
    { code: '23514' },
    'the table itself refuses anything else',
  )
})

t.test('operators see notices and the calendar on the command line', async (t) => {
  async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    let [out, err] = ['', '']
    const stdout = { write: (text: string) => (out += text) }
    const stderr = { write: (text: string) => (err += text) }
    const url = world.servers.database.url('cli')
    const code = await runCli(['--lang', 'en', ...args], { stdout, stderr }, { DATABASE_URL: url })
    return { code, out, err }
  }
  const failed = await run('notices', '--state', 'failed', '--json')
  t.match(JSON.parse(failed.out), [{ state: 'FAILED', code: 'LT_NTC_REFUSED', recipient: CONTACTS.G12 }])
  t.match((await run('notices', '--limit', '3')).out, /TIME +ABOUT[\s\S]+SENT/)
  t.match((await run('notices', '--state', 'unsure')).out, /no notices/)
  t.equal((await run('notices', '--state', 'nosuch')).code, 64)
  const calendar = await run('calendar', '--year', '2026')
  t.match(calendar.out, /2026-02-17 +Tue +Lunar New Year +announced/)
  t.match(calendar.out, /2026-08-22 +Sat +worked/)
  t.match((await run('calendar', '--year', '2040')).out, /2040-05-01[\s\S]+only the fixed days/)
  t.match(JSON.parse((await run('calendar', '--file', environment.HOLIDAYS_FILE as string, '--json')).out), [])
})

/** A status packet of a unit that another system fronts. */
function statusFrom(agency: string, about: Sent, code: '06'): Buffer {
  const packet = world.status('demo-h26', { agency: 'G12', documentId: about.documentId, code: about.name }, code)
  return Buffer.from(
    packet
      .toString()
      .replaceAll('>H26<', `>${agency}<`)
      .replace(/<(\w+:)?Signature[\s\S]*<\/(\w+:)?Signature>/, ''),
  )
}
