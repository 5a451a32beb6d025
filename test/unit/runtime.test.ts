import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { BusError, isBusError } from '../../libs/errors/index.ts'
import {
  createLogger,
  defineEvent,
  defineService,
  EXIT,
  loadConfig,
  metric,
  metricsText,
  readEnvFile,
  sabotaged,
  serviceEnvironment,
  sharedSettings,
  startService,
  systemClock,
  unknownVariables,
  variableName,
} from '../../libs/runtime/index.ts'

const schema = Type.Object({
  databaseUrl: sharedSettings.databaseUrl,
  listenPort: sharedSettings.listenPort,
  leaseTtlMs: Type.Integer({ minimum: 1000, default: 300_000, description: 'length of a lease' }),
  mode: Type.Enum(['warn', 'refuse'], { default: 'warn', description: 'what to do' }),
  strict: Type.Optional(Type.Boolean({ description: 'be strict' })),
  origins: Type.Array(Type.String({ minLength: 1 }), { default: [], description: 'allowed origins' }),
})
const good = { DATABASE_URL: 'postgres://u:p@h/d', LISTEN_PORT: '0' }

t.test('settings: names, defaults, types', async (t) => {
  t.equal(variableName('databaseUrl'), 'DATABASE_URL')
  t.strictSame(loadConfig(schema, { ...good, STRICT: 'true', ORIGINS: 'a, b', LEASE_TTL_MS: '' }), {
    databaseUrl: 'postgres://u:p@h/d',
    listenPort: 0,
    leaseTtlMs: 300_000,
    mode: 'warn',
    strict: true,
    origins: ['a', 'b'],
  })
  t.equal('strict' in loadConfig(schema, good), false, 'an optional setting that is not given is absent')
})

t.test('settings: every problem at once, with the description, without the secret', async (t) => {
  const error = t.throws(() =>
    loadConfig(schema, { DATABASE_URL: 'mysql://u:hunter2@h', LEASE_TTL_MS: '5s', MODE: 'maybe', STRICT: 'yes' }),
  )
  t.ok(isBusError(error, 'LT_CONF_INVALID'))
  const text = (error as BusError).message
  for (const part of ['DATABASE_URL', 'LISTEN_PORT is missing', 'LEASE_TTL_MS', 'length of a lease', 'MODE', 'STRICT'])
    t.match(text, part)
  t.notMatch(text, 'hunter2')
  t.throws(
    () => loadConfig(schema, { ...good, LEASE_TTL_MS: '1e9' }),
    { code: 'LT_CONF_INVALID' },
    'no coercion of odd numbers',
  )
  t.throws(() => loadConfig(schema, { ...good, LISTEN_PORT: '70000' }), { code: 'LT_CONF_INVALID' })
  t.throws(() => loadConfig(schema, { ...good, ORIGINS: 'a,,b' }), { code: 'LT_CONF_INVALID' })
})

t.test('settings: secrets from files', async (t) => {
  const dir = t.testdir()
  const file = join(dir, 'url')
  writeFileSync(file, 'postgres://u:p@h/from-file\n')
  const { DATABASE_URL, ...rest } = good
  t.equal(loadConfig(schema, { ...rest, DATABASE_URL_FILE: file }).databaseUrl, 'postgres://u:p@h/from-file')
  t.throws(() => loadConfig(schema, { ...good, DATABASE_URL_FILE: file }), { code: 'LT_CONF_INVALID' }, 'both set')
  t.throws(() => loadConfig(schema, { ...rest, DATABASE_URL_FILE: join(dir, 'none') }), { code: 'LT_CONF_INVALID' })
  t.throws(
    () => loadConfig(schema, { ...rest, LISTEN_PORT_FILE: file, LISTEN_PORT: '' }),
    /LISTEN_PORT is missing/,
    'only secrets come from files',
  )
})

t.test('settings: one file per service', async (t) => {
  const dir = t.testdir()
  writeFileSync(join(dir, 'audit.env'), 'DATABASE_URL="postgres://lt_audit:p@h/d"\n')
  t.strictSame(readEnvFile(join(dir, 'audit.env')), { DATABASE_URL: 'postgres://lt_audit:p@h/d' })
  t.match(serviceEnvironment('audit', { LT_ENV_DIR: dir, OTHER: '1' }), {
    DATABASE_URL: 'postgres://lt_audit:p@h/d',
    OTHER: '1',
  })
  t.strictSame(serviceEnvironment('audit', { OTHER: '1' }), { OTHER: '1' })
  t.throws(() => serviceEnvironment('none', { LT_ENV_DIR: dir }), { code: 'LT_CONF_FILE_UNREADABLE' })
  t.strictSame(unknownVariables(schema, { LT_DATABASE_URL: 'x', LT_ENV_DIR: dir, PATH: '' }), ['LT_DATABASE_URL'])
})

function captured(): { lines: () => Record<string, unknown>[]; stream: { write(line: string): void } } {
  const written: string[] = []
  return { lines: () => written.map((line) => JSON.parse(line)), stream: { write: (line) => void written.push(line) } }
}

t.test('log: an allow-list decides what is written', async (t) => {
  const { lines, stream } = captured()
  const log = createLogger('gateway', { stream }).child({ agencyCode: 'H26', fullName: 'Nguyễn Văn A' })
  log.info(
    {
      dispatchId: 'd1',
      natsSubject: 'lt.audit.pending',
      count: 3,
      subject: 'mật',
      content: 'mật',
      body: { a: 1 },
      url: 'nats://u:secret@h:1/x',
    },
    'accepted',
  )
  const foreign = Object.assign(new Error('refused for postgres://u:secret@h/d'), {
    code: '23505',
    detail: 'Key (subject)=(mật)',
  })
  log.error({ err: new BusError('LT_STORE_UNAVAILABLE', {}, { cause: foreign }) }, 'failed')
  const [first, second] = lines()
  t.match(first, {
    service: 'gateway',
    agencyCode: 'H26',
    dispatchId: 'd1',
    count: 3,
    natsSubject: 'lt.audit.pending',
    hidden: 'subject,content,body',
    msg: 'accepted',
  })
  t.match(second, { err: { code: 'LT_STORE_UNAVAILABLE', cause: { message: 'refused for postgres://…@h/d' } } })
  t.notMatch(JSON.stringify(lines()), /mật|Nguyễn|secret/)
})

t.test('events and metrics: one line, one count, few series', async (t) => {
  const { lines, stream } = captured()
  const accepted = defineEvent({ name: 'unit_accepted', text: 'a unit was accepted', labels: ['lane'] })
  accepted(createLogger('test', { stream }), { lane: 'urgent', dispatchId: 'd1' })
  t.match(lines()[0], { event: 'unit_accepted', lane: 'urgent', dispatchId: 'd1' })
  const wide = metric.counter({ name: 'unit_wide_total', help: 'x', labels: ['id'] })
  for (let i = 0; i < 300; i++) wide.inc({ id: `i${i}` })
  metric.gauge({ name: 'unit_open', help: 'x' }).set(7)
  metric.histogram({ name: 'unit_seconds', help: 'x', labels: ['step'] }).observe(0.2, { step: 'sign' })
  const text = await metricsText()
  t.match(text, 'unit_accepted_total{lane="urgent"} 1')
  t.match(text, 'unit_wide_total{id="other"} 100')
  t.match(text, /^unit_open 7$/m)
  t.match(text, 'unit_seconds_count{step="sign"} 1')
  t.match(text, 'process_resident_memory_bytes')
})

t.test('sabotage works in tests only', async (t) => {
  const before = { ...process.env }
  t.teardown(() =>
    Object.assign(process.env, {
      NODE_ENV: before.NODE_ENV ?? '',
      LIENTHONG_SABOTAGE: before.LIENTHONG_SABOTAGE ?? '',
    }),
  )
  process.env.LIENTHONG_SABOTAGE = 'a,b'
  process.env.NODE_ENV = 'test'
  t.equal(sabotaged('b'), true)
  t.equal(sabotaged('c'), false)
  process.env.NODE_ENV = 'production'
  t.equal(sabotaged('b'), false)
})

t.test('a service starts with its settings and stops once', async (t) => {
  const { lines, stream } = captured()
  let disposed = 0
  let signal: AbortSignal | undefined
  const service = defineService({
    name: 'sample',
    config: Type.Object({ listenPort: sharedSettings.listenPort }),
    async start(config, context) {
      signal = context.signal
      return {
        urls: { api: `http://127.0.0.1:${config.listenPort}` },
        async [Symbol.asyncDispose]() {
          t.equal(context.signal.aborted, true, 'told to stop before it is disposed')
          disposed++
        },
      }
    },
  })
  const running = await startService(
    service,
    { LISTEN_PORT: '81', LT_LISTEN_PORT: '82' },
    { log: createLogger('sample', { stream }) },
  )
  t.equal(running.urls?.api, 'http://127.0.0.1:81')
  t.equal(signal?.aborted, false)
  await Promise.all([running[Symbol.asyncDispose](), running[Symbol.asyncDispose]()])
  t.equal(disposed, 1)
  t.match(lines()[0], { level: 'warn', variable: 'LT_LISTEN_PORT' })
  await t.rejects(startService(service, {}), { code: 'LT_CONF_INVALID' })
  t.ok(systemClock.now() instanceof Date)
})

/** Runs a service in its own process; `body` is the body of its `start`. */
function spawnService(t: Test, body: string, env: Record<string, string> = {}) {
  const dir = t.testdir()
  const face = new URL('../../libs/runtime/index.ts', import.meta.url).href
  const typebox = import.meta.resolve('typebox')
  const source = `import { runService, defineService, sharedSettings } from '${face}'; import { Type } from '${typebox}'
    await runService(defineService({ name: 's', config: Type.Object({ listenPort: sharedSettings.listenPort }), async start() { ${body} } }))`
  writeFileSync(join(dir, 'main.mts'), source)
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), join(dir, 'main.mts')], {
    env: { PATH, HOME, ...env },
  })
  let out = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    out += chunk
  })
  return { child, output: () => out, ended: once(child, 'close').then(([code]) => code as number) }
}

t.test('a process: drains on SIGTERM, wrong settings end with 78, defects with 70', async (t) => {
  const serving = spawnService(
    t,
    'setInterval(() => {}, 1000); return { async [Symbol.asyncDispose]() { console.log("drained"); process.exit(0) } }',
    { LISTEN_PORT: '0' },
  )
  while (!serving.output().includes('serving')) await once(serving.child.stdout, 'data')
  serving.child.kill('SIGTERM')
  t.equal(await serving.ended, 0)
  t.match(serving.output(), 'drained')

  const misconfigured = spawnService(t, 'throw new Error("never reached")')
  t.equal(await misconfigured.ended, EXIT.config)
  t.match(misconfigured.output(), /LT_CONF_INVALID[\s\S]*LISTEN_PORT is missing/)

  const broken = spawnService(
    t,
    'setTimeout(() => { throw new Error("a defect") }, 10); return { async [Symbol.asyncDispose]() {} }',
    { LISTEN_PORT: '0' },
  )
  t.equal(await broken.ended, EXIT.internal)
})
