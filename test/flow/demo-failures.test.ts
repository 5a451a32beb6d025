import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { freePort } from '../../deploy/local/free-port.ts'
import { SERVICE_ROLES } from '../../deploy/local/role.ts'
import { processEnvironment } from '../../libs/runtime/index.ts'
import { openPool } from '../../libs/store/index.ts'
import { startServers } from '../harness/start-servers.ts'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'lt-failures-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
const servers = await startServers(t)
const port = await freePort()
for (const role of SERVICE_ROLES) {
  const own = role === 'gateway' ? { LISTEN_PORT: String(port) } : {}
  const lines = Object.entries({ ...servers.environment(role), ...own }).map(([name, value]) => `${name}='${value}'`)
  writeFileSync(join(folder, `${role}.env`), lines.join('\n'))
}

async function cli(...args: string[]): Promise<{ code: number; out: string; tookMs: number }> {
  const begun = performance.now()
  const options = { env: { ...processEnvironment(), LT_ENV_DIR: folder }, timeout: 150_000 }
  const ended = await run(process.execPath, ['--import=tsx', 'services/cli/main.ts', ...args], options).then(
    ({ stdout }) => ({ code: 0, out: stdout }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      out: error.stdout + error.stderr,
    }),
  )
  return { ...ended, tookMs: performance.now() - begun }
}

t.test('the story of an endpoint that fails holds', async (t) => {
  const { code, out, tookMs } = await cli('demo', '--failures')
  t.equal(code, 0, out)
  t.comment(`FIGURES the story took ${Math.round(tookMs / 1000)} s`)
  for (const told of [
    'lỗi tạm thời HTTP 500 LT_DLV_ENDPOINT_FAILED',
    'bên nhận bận HTTP 429 LT_DLV_BUSY',
    'không rõ LT_DLV_NO_ANSWER',
    'từ chối hẳn HTTP 410 LT_DLV_REFUSED',
    'ngắt mạch sau',
    'đóng mạch',
    'Xem thử, chưa gửi',
    'người vận hành demo',
    'Đã chuyển lại và giao xong',
  ])
    t.match(out, told)

  const [, consignment = ''] = /Đã chuyển lại và giao xong, vẫn mã cũ: (\S+)/.exec(out) ?? []
  const attempts = await cli('attempts', consignment, '--lang', 'en')
  t.match(attempts.out, /delivered +HTTP 204/)
  t.match(attempts.out, /refused[^\n]*HTTP 410/, 'the consignment that was refused, not another one')
  const eyes = openPool(servers.database.url('postgres'), { name: 'eyes', max: 1 })
  t.teardown(() => eyes.end())
  const { rows } = await eyes.query(
    `select d.details::json ->> 'operator' as operator, d.details::json ->> 'why' as why
      from audit_entry e join audit_detail d on d.entry_id = e.id where e.event = 'ConsignmentRequeued' and e.consignment_id = $1`,
    [consignment],
  )
  t.match(rows, [{ operator: /^demo /, why: 'hệ thống nhận đã sửa xong' }])
  const operators = await eyes.query('select from operator where revoked_at is null')
  t.equal(operators.rowCount, 0, 'the first administrator is still to be named')
  t.ok(tookMs < 60_000)
  t.equal(attempts.code, 0)
  t.equal((await cli('attempts', '01890000-0000-7000-8000-000000000000')).code, 2)
  t.match((await cli('system', 'list')).out, /demo-push/)
})

t.test('again, in English', async (t) => {
  const { code, out } = await cli('demo', '--failures', '--lang', 'en')
  t.equal(code, 0, out)
  t.match(out, /breaker opened after \d failures/)
})
