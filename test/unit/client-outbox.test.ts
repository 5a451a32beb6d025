import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { ClientError, openOutbox } from '../../libs/client/index.ts'

const dir = mkdtempSync(join(tmpdir(), 'lt-outbox-'))
t.teardown(() => rmSync(dir, { recursive: true, force: true }))

const TEXT = { title: 'Lỗi.', advice: 'Thử lại.' }

t.test(
  'outbox: a document the axis fails on is set aside and those behind it go on; an outage sets nothing aside',
  async (t) => {
    const fault = (status: number): ClientError =>
      new ClientError({
        code: 'LT_HTTP_INTERNAL',
        status,
        retry: 'later',
        actor: 'axis',
        texts: { vi: TEXT, en: TEXT },
      })
    const tries: string[] = []
    const poison = '<poison/>'
    let away = false
    const outbox = openOutbox(
      {
        submit: async ({ packet }) => {
          const text = readFileSync(packet as string, 'utf8')
          tries.push(text)
          if (away) throw fault(502)
          if (text === poison) throw fault(500)
          return { receipt: { id: 'r', xml: '<Evidence/>' } } as never
        },
      },
      { dir },
    )
    const names = [
      await outbox.add({ packet: Buffer.from(poison) }),
      await outbox.add({ packet: Buffer.from('<one/>') }),
    ]
    const results = await outbox.flush()
    t.same(
      results.map(({ item, outcome }) => [item, outcome]),
      [
        [names[1], 'sent'],
        [names[0], 'failed'],
      ],
    )
    t.match(JSON.parse(readFileSync(join(dir, 'failed', names[0] ?? '', 'refusal.json'), 'utf8')), { status: 500 })
    t.ok(tries.length < 10, `after ${tries.length} tries`)

    away = true
    tries.length = 0
    for (const text of ['<two/>', '<three/>']) await outbox.add({ packet: Buffer.from(text) })
    const flushed = outbox.flush()
    while (!tries.includes('<three/>')) await sleep(20)
    away = false
    t.match(await flushed, [{ outcome: 'sent' }, { outcome: 'sent' }])
  },
)

/** An answer of somebody before the axis that is no problem of ours. */
function pageOf(status: number): ClientError {
  const fault = { code: 'LT_CLIENT_ANSWER_UNREADABLE', status, retry: 'never', actor: 'axis' } as const
  return new ClientError({ ...fault, texts: { vi: TEXT, en: TEXT } })
}

t.test('outbox: pages of a proxy set nothing aside while nothing gets through', { timeout: 60_000 }, async (t) => {
  let away = true
  let tries = 0
  const outbox = openOutbox(
    {
      submit: async () => {
        tries += 1
        if (away) throw pageOf([404, 403, 405][tries % 3] as number)
        return { receipt: { id: 'r', xml: '<Evidence/>' } } as never
      },
    },
    { dir: join(dir, 'pages') },
  )
  for (let count = 0; count < 3; count++) await outbox.add({ packet: Buffer.from(`<d n="${count}"/>`) })
  const flushed = outbox.flush()
  while (tries < 6) await sleep(20)
  t.equal(await outbox.count(), 3)
  away = false
  t.match(await flushed, [{ outcome: 'sent' }, { outcome: 'sent' }, { outcome: 'sent' }])
})

t.test('outbox: a document that only a proxy does not take steps aside', { timeout: 60_000 }, async (t) => {
  const outbox = openOutbox(
    {
      submit: async ({ packet }) => {
        if (readFileSync(packet as string, 'utf8') === '<large/>') throw pageOf(413)
        return { receipt: { id: 'r', xml: '<Evidence/>' } } as never
      },
    },
    { dir: join(dir, 'large') },
  )
  const large = await outbox.add({ packet: Buffer.from('<large/>') })
  const small = [
    await outbox.add({ packet: Buffer.from('<small n="1"/>') }),
    await outbox.add({ packet: Buffer.from('<small n="2"/>') }),
  ]
  const results = await outbox.flush()
  t.same(
    results.map(({ item, outcome }) => [item, outcome]),
    [
      [small[0], 'sent'],
      [large, 'failed'],
      [small[1], 'sent'],
    ],
  )
  t.match(JSON.parse(readFileSync(join(dir, 'large', 'failed', large, 'refusal.json'), 'utf8')), { status: 413 })
})
