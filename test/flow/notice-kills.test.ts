import t from 'tap'
import { addDays, localDate } from '../../libs/model/index.ts'
import { CONTACTS, startNoticeWorld } from '../harness/notice-world.ts'
import { readMail } from '../harness/smtp-server.ts'

// `kill -9` of the process that tells people something. Nobody is told twice; what may have been told stands there as UNSURE.
const { world, smtp } = await startNoticeWorld(t, {
  processes: ['delivery'],
  environment: { SMTP_TIMEOUT_MS: '1000', NOTICE_GATHER_MS: '0' },
})
const LONG_AGO = addDays(localDate(new Date()), -20)
let number = 1000

interface Row {
  readonly state: string
  readonly code: string | null
}

/** Sends a document that is late, so that its sender is told; answers its number. */
async function sendLate(): Promise<string> {
  const name = String(++number)
  const packet = world.packet('demo-g12', ['H53'], { promulgationDate: LONG_AGO, number: name, notation: 'KILL' })
  const { status, body } = await world.submit('demo-g12', packet)
  if (status >= 300) throw new Error(JSON.stringify(body))
  return name
}

async function noticeOf(name: string): Promise<Row | undefined> {
  const sql = `select state, code from notice where kind = 'sent-late' and facts ->> 'number' = $1`
  return (await world.eyes.query<Row>(sql, [name])).rows[0]
}

const toldOf = (name: string): number =>
  smtp.mails.filter((mail) => mail.to.includes(CONTACTS.G12) && readMail(mail).text.includes(`${name}/KILL`)).length

async function killAndRestart(): Promise<void> {
  await world.processOf('delivery').kill()
  smtp.behave({})
  await world.start('delivery')
}

t.test('killed between claim and send: it is not sent, and that it is not sure stands there', async (t) => {
  smtp.behave({ greeting: 'hang' })
  const name = await sendLate()
  await world.until(async () => (await noticeOf(name))?.state === 'CLAIMED')
  await killAndRestart()
  const after = await world.until(async () => {
    const row = await noticeOf(name)
    return row && row.state !== 'CLAIMED' && row.state !== 'WAITING' && row
  }, 30_000)
  t.same(after, { state: 'UNSURE', code: 'LT_NTC_INTERRUPTED' })
  t.equal(toldOf(name), 0)
})

t.test('killed after the mail server had it all and before it answered: it is not sent again', async (t) => {
  smtp.behave({ data: 'hang' })
  const name = await sendLate()
  await world.until(async () => toldOf(name) > 0)
  t.match(await noticeOf(name), { state: 'CLAIMED' })
  await killAndRestart()
  const after = await world.until(async () => {
    const row = await noticeOf(name)
    return row && row.state !== 'CLAIMED' && row.state !== 'WAITING' && row
  }, 30_000)
  t.equal(toldOf(name), 1, 'once')
  t.same(after, { state: 'UNSURE', code: 'LT_NTC_INTERRUPTED' })
})

t.test('a line that breaks before the answer is not taken for a reason to send again', async (t) => {
  smtp.behave({ data: 'drop' })
  const name = await sendLate()
  await world.until(async () => toldOf(name) > 0)
  smtp.behave({})
  const after = await world.until(async () => {
    const row = await noticeOf(name)
    return row && row.state !== 'CLAIMED' && row.state !== 'WAITING' && row
  }, 30_000)
  t.equal(toldOf(name), 1, 'once')
  t.match(after, { state: 'UNSURE', code: 'LT_NTC_UNSURE' })
})

t.test('killed again and again while it tells many: nobody twice, nobody forgotten', async (t) => {
  const names: string[] = []
  for (let round = 0; round < 4; round++) {
    const sending = Promise.all(Array.from({ length: 8 }, sendLate))
    await new Promise((resolve) => setTimeout(resolve, 100 + round * 150))
    await killAndRestart()
    names.push(...(await sending))
  }
  const rows = await world.until(async () => {
    const all = await Promise.all(names.map(noticeOf))
    return all.every((row) => row && !['CLAIMED', 'WAITING'].includes(row.state)) && (all as Row[])
  }, 60_000)
  for (const [i, name] of names.entries()) {
    const { state } = rows[i] as Row
    t.ok(toldOf(name) <= 1, `${name} at most once`)
    if (state === 'SENT') t.equal(toldOf(name), 1, `${name} was sent`)
    else t.equal(state, 'UNSURE', `${name} is sent or unsure`)
  }
  const unsure = rows.filter(({ state }) => state === 'UNSURE').length
  t.comment(`FIGURES notices ${names.length}, kills 4, told twice 0, unsure ${unsure}`)
  const { rows: late } = await world.eyes.query(
    `select count(*)::int as n, count(distinct dispatch_id)::int as d from audit_entry where event = 'DispatchSentLate'`,
  )
  t.equal(late[0]?.n, late[0]?.d, 'each fact once')
  t.equal(late[0]?.d, number - 1000, 'and all of them')
})
