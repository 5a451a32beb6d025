import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { freePort } from '../../deploy/local/free-port.ts'
import { DEMO_PROGRAMS, installPrograms } from '../../deploy/local/install-programs.ts'
import { SERVICE_ROLES } from '../../deploy/local/role.ts'
import { EVENTS } from '../../libs/model/index.ts'
import { processEnvironment, serviceEnvironment } from '../../libs/runtime/index.ts'
import { startAll } from '../../services/all/start-all.ts'
import { startServers } from '../harness/start-servers.ts'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'lt-demo-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
installPrograms(DEMO_PROGRAMS, (line) => t.comment(line))
const servers = await startServers(t)
const port = await freePort()
for (const role of SERVICE_ROLES) {
  const own = role === 'gateway' ? { LISTEN_PORT: String(port) } : {}
  const lines = Object.entries({ ...servers.environment(role), ...own }).map(([name, value]) => `${name}='${value}'`)
  writeFileSync(join(folder, `${role}.env`), lines.join('\n'))
}

/** The command as `make demo` types it, on servers of this test. */
async function demo(...args: string[]): Promise<{ lines: string[]; path: string; tookMs: number }> {
  const begun = performance.now()
  const { stdout } = await run(
    process.execPath,
    ['--import=tsx', 'services/cli/main.ts', 'demo', '--dir', join(folder, 'demo'), ...args],
    {
      env: { ...processEnvironment(), LT_ENV_DIR: folder },
      timeout: 150_000,
    },
  )
  const lines = stdout.trimEnd().split('\n')
  const path = /^demo folder: (.+)$/.exec(lines.at(-1) ?? '')?.[1] ?? ''
  return { lines, path, tookMs: performance.now() - begun }
}

async function isAccepted(path: string, receipt: string): Promise<boolean> {
  const trusted = readdirSync(join(path, 'trust')).flatMap((name) => ['--trusted-pem', join(path, 'trust', name)])
  return run('xmlsec1', ['--verify', ...trusted, receipt]).then(
    () => true,
    () => false,
  )
}

t.test('from nothing to receipts that another program verifies', async (t) => {
  const { lines, path } = await demo()
  t.match(lines[0], /Minh họa/)
  const text = lines.join('\n')
  for (const agency of ['H26', 'H53']) {
    for (const status of ['01 Đã đến', '03 Đã tiếp nhận', '06 Hoàn thành']) {
      t.equal(
        text.split(`Nhận trạng thái ${status} của ${agency} `).length - 1,
        2,
        `${status} of ${agency} about both documents`,
      )
    }
  }
  t.match(text, /có chữ ký của bên nhận/)

  const sent = readdirSync(join(path, 'sent')).sort()
  const packets = sent.filter((name) => name.endsWith('.edxml'))
  t.equal(packets.length, 2)
  t.match(
    packets.map((name) => name.split('-')[0]),
    ['detached', 'inline'],
  )
  t.equal(sent.filter((name) => name.endsWith('.pdf')).length, 1, 'the detached file lies beside its envelope')
  t.same(readdirSync(join(path, 'fetched')).sort(), ['H26', 'H53'])
  for (const agency of ['H26', 'H53']) {
    t.same(readdirSync(join(path, 'fetched', agency)).sort(), sent)
    for (const name of sent)
      t.ok(
        readFileSync(join(path, 'fetched', agency, name)).equals(readFileSync(join(path, 'sent', name))),
        `${agency}/${name}`,
      )
  }

  const receipts = readdirSync(join(path, 'receipts')).map((name) => join(path, 'receipts', name))
  const events = receipts.map((file) => /<Event>([^<]+)/.exec(readFileSync(file, 'utf8'))?.[1])
  const count = (event: string): number => events.filter((each) => each === event).length
  t.equal(count(EVENTS.submissionAccepted), 2)
  for (const event of [EVENTS.available, EVENTS.handedOver, EVENTS.acknowledged]) t.equal(count(event), 4, event)
  t.equal(text.split('xmlsec1 xác nhận chữ ký').length - 1, receipts.length, 'an independent program was asked')
  for (const receipt of receipts) t.ok(await isAccepted(path, receipt), receipt)
  const changed = join(folder, 'changed.xml')
  writeFileSync(changed, readFileSync(receipts[0] as string, 'utf8').replace('agency="G12"', 'agency="H26"'))
  t.notOk(await isAccepted(path, changed), 'a changed receipt is not accepted')
})

t.test('an axis of somebody else at our address is not taken for ours', async (t) => {
  const foreign = createServer((request, response) => {
    const token = JSON.stringify({ access_token: 'a.b.c', expires_in: 300, token_type: 'Bearer' })
    response.setHeader('content-type', 'application/json').end(request.url === '/v1/token' ? token : '{}')
  })
  await new Promise<void>((resolve) => foreign.listen(port, '127.0.0.1', resolve))
  t.teardown(() => foreign.close())
  const { lines, path } = await demo('--lang', 'en')
  t.match(lines.join('\n'), /Axis started at http:\/\/127/)
  t.notMatch(lines.join('\n'), `:${port}`)
  t.ok(path, 'and the demonstration goes on with its own')
  foreign.closeAllConnections()
})

t.test('an axis of ours that runs already is used', async (t) => {
  const environment = (role: string): Record<string, string | undefined> =>
    serviceEnvironment(role, { LT_ENV_DIR: folder, LOG_LEVEL: 'silent' })
  const running = await startAll({ environment })
  t.teardown(() => running[Symbol.asyncDispose]())
  t.match((await demo('--lang', 'en')).lines.join('\n'), `Using the axis that runs at http://127.0.0.1:${port}`)
})

t.test('a second time, in English, within 30 seconds', async (t) => {
  const { lines, tookMs } = await demo('--lang', 'en')
  t.match(lines[0], /^Demonstration/)
  t.ok(tookMs < 30_000, `${Math.round(tookMs)} ms`)
})
