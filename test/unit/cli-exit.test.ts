import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import t from 'tap'
import { processEnvironment } from '../../libs/runtime/index.ts'
import type { Call } from '../../services/cli/command.ts'
import { EXIT_CODES } from '../../services/cli/command.ts'
import { endWith } from '../../services/cli/end-with.ts'
import { operatorName } from '../../services/cli/operate/operator-name.ts'
import { Output } from '../../services/cli/output.ts'
import { newKeyPem } from '../../services/cli/pki/make-axis.ts'
import { runCli } from '../../services/cli/run-cli.ts'

const PROJECT = resolve(import.meta.dirname, '../..')
const dir = mkdtempSync(join(tmpdir(), 'lt-cli-exit-'))
t.teardown(() => rmSync(dir, { recursive: true }))
const key = join(dir, 'client.key.pem')
writeFileSync(key, newKeyPem())

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

async function run(args: readonly string[]): Promise<Ran> {
  let [out, err] = ['', '']
  const stdout = { write: (text: string) => (out += text) }
  const code = await runCli(args, { stdout, stderr: { write: (text: string) => (err += text) } }, {})
  return { code, out, err }
}

/** A process of its own, for what ends processes; `interrupt` when it has said that. */
async function runProcess(command: string, args: readonly string[], interrupt?: Promise<unknown>): Promise<Ran> {
  const child = spawn(command, args, { cwd: PROJECT, env: processEnvironment() })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => (out += chunk))
  child.stderr.on('data', (chunk) => (err += chunk))
  const patience = setTimeout(() => child.kill('SIGKILL'), 30_000)
  void interrupt?.then(() => child.kill('SIGINT'))
  const [code] = (await once(child, 'close')) as [number | null]
  clearTimeout(patience)
  return { code, out, err }
}

const cli = (...args: string[]): string[] => ['--import=tsx', 'services/cli/main.ts', ...args]

/** A server to be met instead of an axis; `asked` is kept when the first request is there. */
async function stub(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ profile: string[]; asked: Promise<unknown> }> {
  const server = createServer(answer)
  const asked = once(server, 'request')
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { profile: ['--url', url, '--system', 's', '--key', key], asked }
}

/** An axis that gives tokens and answers each path with this. */
const axis = (answers: Readonly<Record<string, (path: string) => { status?: number; body: object }>>) =>
  stub((request, response) => {
    const path = request.url ?? ''
    const known = Object.entries(answers).find(([begin]) => path.startsWith(begin))
    const { status = 200, body } = path.startsWith('/v1/token')
      ? { body: { access_token: 'x', expires_in: 300, token_type: 'Bearer' } }
      : (known?.[1](path) ?? { status: 404, body: {} })
    request.resume().on('end', () => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
  })

const leasedItem = (consignment: string): object => ({
  lease: 'l',
  leasedUntil: new Date(Date.now() + 60_000).toISOString(),
  item: {
    consignment,
    dispatch: randomUUID(),
    state: 'AVAILABLE',
    agency: 'H26',
    kind: 'document',
    sender: 'G12',
    number: '1',
    notation: 'CV',
    contentHash: 'x',
  },
})

const notFound = {
  code: 'LT_BOX_NOT_FOUND',
  actor: 'receiver',
  retry: 'never',
  texts: { vi: { title: 'Không thấy.', advice: 'Xem lại.' }, en: { title: 'Not there.', advice: 'Look again.' } },
}

t.test('Ctrl+C ends a command that hangs, at once, and never says that it was done', async (t) => {
  t.equal((await run(['pki', 'agency', join(dir, 'pki'), 'G12', 'x'])).code, EXIT_CODES.done)
  const signer = [
    '--sign-key',
    join(dir, 'pki/agencies/G12.key.pem'),
    '--sign-certificate',
    join(dir, 'pki/agencies/G12.pem'),
  ]
  const facts =
    '--from G12 --to H26 --number 1 --notation CV --date 2026-11-20 --type 2/18 --signer A --subject x'.split(' ')
  for (const command of [['token'], ['send', 'package.json', ...facts, ...signer]]) {
    const hanging = await stub(() => undefined)
    const args = cli(...command, ...hanging.profile, '--lang', 'en')
    const begun = performance.now()
    const { code, err } = await runProcess(process.execPath, args, hanging.asked)
    t.equal(code, EXIT_CODES.interrupted, `${command[0]}: ${err}`)
    t.match(err, /Stopped by Ctrl\+C/)
    t.ok(performance.now() - begun < 20_000)
  }
})

t.test('a packet can be signed and kept without an axis', async (t) => {
  const file = join(dir, 'kept', 'packet.edxml')
  const pki = join(dir, 'pki/agencies/G12')
  t.equal((await run(['pki', 'agency', join(dir, 'pki'), 'G12', 'x'])).code, EXIT_CODES.done)
  const signer = ['--sign-key', `${pki}.key.pem`, '--sign-certificate', `${pki}.pem`]
  const nobody = ['--url', 'http://127.0.0.1:1', '--system', 's', '--key', key, '--lang', 'en']
  const facts =
    '--from G12 --to H26 --number 1 --notation CV --date 2026-11-20 --type 2/18 --signer A --subject x'.split(' ')
  const args = ['send', 'package.json', '--write', file, ...facts, ...signer, ...nobody]
  t.match(await run(args), { code: EXIT_CODES.done, out: /nothing was sent/ })
  const kept = readFileSync(file, 'utf8')
  for (const part of [/<\w*:?Signature /, /AttachmentEncoded|Attachment/]) t.match(kept, part)
  t.match(await run([...args, '--form', 'detached']), { code: EXIT_CODES.usage, err: /--form.*inline/ })
})

t.test('Ctrl+C is how watching ends', async (t) => {
  const waiting = await axis({ '/v1/mailbox/lease': () => ({ body: { items: [] } }) })
  const args = cli('inbox', '--receive', join(dir, 'watched'), '--watch', ...waiting.profile)
  t.equal((await runProcess(process.execPath, args, waiting.asked)).code, EXIT_CODES.done)
})

t.test('a consignment that cannot be received is told in words, and scripts hear of it', async (t) => {
  let leases = 0
  const id = randomUUID()
  const { profile } = await axis({
    '/v1/mailbox/lease': () => ({ body: { items: leases++ % 2 === 0 ? [leasedItem(id)] : [] } }),
    '/v1/consignments/': () => ({ status: 404, body: notFound }),
  })
  const english = await run(['inbox', '--receive', join(dir, 'failing'), '--lang', 'en', ...profile])
  t.equal(english.code, EXIT_CODES.notFound)
  t.match(english.err, new RegExp(`${id} could not be received yet:\nLT_BOX_NOT_FOUND: Not there\\.\n.*Look again`))
  t.notMatch(english.out, /empty/)
  leases = 0
  const json = await run(['inbox', '--receive', join(dir, 'failing'), '--json', '--lang', 'en', ...profile])
  t.match(JSON.parse(json.err), { consignment: id, code: 'LT_BOX_NOT_FOUND', title: 'Not there.' })
  leases = 0
  const vietnamese = await run(['inbox', '--receive', join(dir, 'failing'), ...profile])
  t.match(vietnamese.err, /Chưa nhận được .*:\nLT_BOX_NOT_FOUND: Không thấy\.\n.*Xem lại/)
  t.match(await run(['inbox', '--receive', join(dir, 'failing'), '--lang', 'en', ...profile]), {
    code: EXIT_CODES.done,
    out: /The mailbox is empty/,
  })
})

t.test('what became of each consignment: words for every refusal, the exit code of what it is', async (t) => {
  const id = randomUUID()
  const answer: { item: object } = { item: {} }
  const items = (): { body: object } => ({ body: { items: [{ consignment: id, ok: false, ...answer.item }] } })
  const { profile } = await axis({ '/v1/mailbox/acknowledge': items })
  const ack = (...more: string[]): Promise<Ran> => run(['ack', id, '--lease', 'l', '--lang', 'en', ...profile, ...more])
  answer.item = { status: 404, ...notFound }
  t.match(await ack(), {
    code: EXIT_CODES.notFound,
    out: '',
    err: /not done \(LT_BOX_NOT_FOUND\)\n.*Not there[\s\S]*Look/,
  })
  answer.item = { code: 'LT_BOX_NOT_FOUND', status: 404 }
  t.match(await ack(), { code: EXIT_CODES.notFound, err: /LT_BOX_NOT_FOUND: \w[\s\S]*What to do: \w/ }, 'an older axis')
  answer.item = { code: 'LT_BOX_NEVER_HEARD_OF', status: 409 }
  t.match(await ack(), { code: EXIT_CODES.refused, err: /LT_BOX_NEVER_HEARD_OF/ }, 'a newer axis')
  t.match(JSON.parse((await ack('--json')).out), [{ consignment: id, ok: false, code: 'LT_BOX_NEVER_HEARD_OF' }])
})

t.test('a folder that cannot be written is named at once, by whichever command', async (t) => {
  const plain = join(dir, 'plain')
  writeFileSync(plain, '')
  const { profile } = await axis({ '/v1/mailbox/lease': () => ({ body: { items: [leasedItem(randomUUID())] } }) })
  for (const args of [
    ['fetch', '--dir', join(plain, 'x'), ...profile],
    ['inbox', '--receive', join(plain, 'x'), ...profile],
    ['pki', 'root', join(plain, 'x')],
  ]) {
    const { code, err } = await run([...args, '--lang', 'en'])
    t.equal(code, EXIT_CODES.config, args.join(' '))
    t.match(err, /LT_CLIENT_FOLDER_UNUSABLE: .*plain.*\n.*What to do/)
  }
  const missing = await run(['verify', join(dir, 'nosuch.xml'), '--trust', join(dir, 'nosuch.pem'), '--lang', 'en'])
  t.equal(missing.code, EXIT_CODES.config)
  if (!existsSync('/proc/self')) return t.comment('no /proc: a file system that answers ENOENT to mkdir was not tried')
  for (const what of ['root', 'axis'])
    t.match(await runProcess(process.execPath, cli('pki', what, '/proc/nope', '--lang', 'en')), {
      code: EXIT_CODES.config,
      err: /LT_CLIENT_FOLDER_UNUSABLE/,
    })
})

t.test('what has no words in the catalogue: files and folders are settings, everything else a defect', async (t) => {
  let err = ''
  const stream = { write: (text: string) => (err += text) }
  const output = new Output({ language: 'en', json: false, stdout: stream, stderr: stream })
  const system = (code: string, syscall: string): Error => Object.assign(new Error(code), { code, syscall, path: '/x' })
  t.equal(endWith(system('ENOENT', 'open'), output), EXIT_CODES.config)
  t.match(err, /LT_CLIENT_FILE_UNREADABLE: .*\/x/)
  err = ''
  for (const [code, call] of [
    ['EACCES', 'mkdir'],
    ['ENOSPC', 'write'],
    ['EROFS', 'open'],
  ] as const)
    t.equal(endWith(system(code, call), output), EXIT_CODES.config)
  t.equal(err.match(/LT_CLIENT_FOLDER_UNUSABLE/g)?.length, 3)
  err = ''
  t.equal(endWith(new TypeError('x is not a function'), output), EXIT_CODES.internal)
  t.match(err, /A defect of this program: x is not a function[\s\S]*cli-exit\.test\.ts/)
  err = ''
  const json = new Output({ language: 'en', json: true, stdout: stream, stderr: stream })
  t.equal(endWith('odd', json), EXIT_CODES.internal)
  t.match(JSON.parse(err), { defect: 'odd' })
})

t.test('installed as npm installs it, `lienthong` is a program', async (t) => {
  // Beside the project's node_modules, as build/ is.
  const build = join(PROJECT, '.local', `cli-bin-${process.pid}`)
  t.teardown(() => rmSync(build, { recursive: true, force: true }))
  mkdirSync(build, { recursive: true })
  const tsc = join(PROJECT, 'node_modules/typescript/bin/tsc')
  const built = await runProcess(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', build, '--noCheck'])
  t.equal(built.code, 0, built.out)
  cpSync(join(PROJECT, 'package.json'), join(build, 'package.json'))
  const bin = join(dir, 'lienthong')
  const main = join(build, 'services/cli/main.js')
  symlinkSync(main, bin)
  // npm makes what `bin` names executable.
  t.equal((await runProcess('chmod', ['+x', main])).code, 0)
  t.match(await runProcess(bin, ['--lang', 'en']), { code: 0, out: /Usage: lienthong/ })
  t.match(await runProcess(bin, ['nosuch']), { code: EXIT_CODES.usage })
})

t.test('an access key never takes the place of a name in the log', async (t) => {
  for (const environment of [{ LIENTHONG_BY: 'lto_1_abc' }, {}]) {
    const call = { values: environment.LIENTHONG_BY ? {} : { by: 'lto_1_abc' }, environment, output: { t: () => 'no' } }
    t.throws(() => operatorName(call as unknown as Call), { name: 'UsageError' })
  }
  const named = {
    values: {},
    environment: { LIENTHONG_OPERATOR: 'lto_1_abc', LIENTHONG_BY: ' chị Lan ' },
    output: { t: () => '' },
  }
  t.equal(operatorName(named as unknown as Call), 'chị Lan')
})
