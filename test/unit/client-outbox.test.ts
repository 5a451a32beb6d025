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
