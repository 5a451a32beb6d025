import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { judgeReply, parseReply } from '../../libs/vxp/read-reply.ts'
import { openState } from '../../services/bridge/bridge-state.ts'

const read = (status: number, text: string) => judgeReply(status, parseReply(status, Buffer.from(text)))
const reply = (status: string, code: string | number, text = 'x') =>
  JSON.stringify({ status, ErrorCode: code, ErrorDesc: text })

t.test('only a reply that says so in every field is a success', async (t) => {
  t.match(read(200, reply('OK', '0')), { status: 'OK' })
  t.match(read(200, reply('ok', 0)), { ErrorCode: 0 })
  const cases = [
    [200, reply('FAIL', '18', 'Không có đơn vị'), 'LT_VXP_REFUSED'],
    [200, reply('OK', '22'), 'LT_VXP_REFUSED'],
    // A wrong secret and trouble over there say nothing about the packet.
    [200, reply('FAIL', '15'), 'LT_VXP_NOT_NOW'],
    [200, reply('FAIL', '20'), 'LT_VXP_NOT_NOW'],
    [500, reply('FAIL', '18'), 'LT_VXP_NOT_NOW'],
    [503, reply('OK', '0'), 'LT_VXP_NOT_NOW'],
    [200, '<html>Bad Gateway</html>', 'LT_VXP_UNREADABLE'],
    [200, '[]', 'LT_VXP_UNREADABLE'],
    [200, '{}', 'LT_VXP_UNREADABLE'],
    [200, JSON.stringify({ status: null, ErrorCode: '0' }), 'LT_VXP_UNREADABLE'],
    [200, '\xff', 'LT_VXP_UNREADABLE'],
  ] as const
  for (const [status, text, code] of cases) t.throws(() => read(status, text), { code }, `${status} ${text}`)
})

t.test('a packet larger than may be is not kept, not even in part', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'lt-bridge-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const state = await openState(dir, { upstream: 'x' })
  async function* bytes(): AsyncGenerator<Buffer> {
    for (let i = 0; i < 3; i++) yield Buffer.alloc(10)
  }
  await t.rejects(state.keepPacket('in', 'a', bytes(), 29), { code: 'LT_DLV_ANSWER_TOO_LARGE', params: { limit: 29 } })
  t.match(await state.keepPacket('in', 'a', bytes(), 30), { size: 30 })
})
