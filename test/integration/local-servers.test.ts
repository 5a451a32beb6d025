import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { claimListenPorts } from '../../deploy/local/claim-listen-ports.ts'
import { envExample } from '../../deploy/local/env-example.ts'
import { writeEnvFiles } from '../../deploy/local/env-files.ts'
import { type Folders, foldersOf, PROJECT } from '../../deploy/local/folders.ts'
import { freePort } from '../../deploy/local/free-port.ts'
import { installPrograms } from '../../deploy/local/install-programs.ts'
import { launch } from '../../deploy/local/launch.ts'
import { withLock } from '../../deploy/local/lock.ts'
import { clusterOf, removeCluster } from '../../deploy/local/make-cluster.ts'
import { endProcess, identify, isAlive, type ProcessIdentity } from '../../deploy/local/process-identity.ts'
import { processesIn } from '../../deploy/local/processes-in.ts'
import { SERVICE_ROLES } from '../../deploy/local/role.ts'
import { runSql } from '../../deploy/local/run-sql.ts'
import { serviceSettings } from '../../deploy/local/service-settings.ts'
import { chosenServers, databaseUrl, startServers } from '../../deploy/local/start-servers.ts'
import { type LocalState, newState, readState, SERVERS } from '../../deploy/local/state.ts'
import { stopServers } from '../../deploy/local/stop-servers.ts'
import { readEnvFile } from '../../libs/runtime/index.ts'
import { openConnection } from '../../libs/store/index.ts'
import { startPrivateCluster } from '../harness/harness.ts'

const quiet = (): void => undefined

function folders(t: Test): Folders {
  const made = foldersOf(mkdtempSync(join(tmpdir(), 'lt-local-')))
  t.teardown(async () => {
    await stopServers(made)
    removeCluster(made)
    rmSync(made.base, { recursive: true, force: true })
  })
  return made
}

async function query(url: string, sql: string): Promise<unknown> {
  const connection = await openConnection(url, 'test')
  try {
    const { rows } = await connection.query({ text: sql, rowMode: 'array' })
    return rows[0]?.[0]
  } finally {
    await connection.end()
  }
}

const processes = (state: LocalState): (ProcessIdentity | undefined)[] => SERVERS.map((name) => state.processes[name])

t.test('up, again, down, up: the same servers, the same data', async (t) => {
  const at = folders(t)
  const first = await startServers(at, {}, quiet)
  t.ok(processes(first).every(isAlive), 'three servers run')
  const second = await startServers(at, {}, quiet)
  t.strictSame(processes(second), processes(first), 'a second up starts nothing')

  writeEnvFiles(first, at, {})
  for (const role of SERVICE_ROLES) {
    const file = join(at.env, `${role}.env`)
    t.equal(statSync(file).mode & 0o777, 0o600, `${role}.env is ours alone`)
    t.equal(await query(readEnvFile(file).DATABASE_URL ?? '', 'select current_user'), `lt_${role}`)
  }
  t.equal(statSync(at.state).mode & 0o777, 0o600)
  const admin = databaseUrl(first, 'postgres')
  for (const setting of ['fsync', 'full_page_writes', 'synchronous_commit', 'data_checksums']) {
    t.equal(await query(admin, `select current_setting('${setting}')`), 'on', setting)
  }
  t.equal(await query(admin, `select current_setting('listen_addresses')`), '127.0.0.1')
  await t.rejects(query(admin.replace(first.passwords.postgres, 'wrong'), 'select 1'), /password/)
  await t.rejects(query(databaseUrl(first, 'gateway'), 'create table x (i int)'), /permission denied/)
  await t.rejects(query(databaseUrl(first, 'gateway', 'postgres').replace(first.passwords.gateway, ''), 'select 1'))

  await query(databaseUrl(first, 'owner'), 'create table kept as select 42 as answer')
  t.strictSame(await stopServers(at), SERVERS)
  t.notOk(processes(first).some(isAlive), 'all of them ended')
  t.strictSame(await stopServers(at), [], 'a second down has nothing to do')
  const third = await startServers(at, {}, quiet)
  t.strictSame(third.ports, first.ports, 'the ports are kept')
  t.equal(await query(databaseUrl(third, 'owner'), 'select answer from kept'), 42)
})

t.test('a crashed run is survived', async (t) => {
  const at = folders(t)
  mkdirSync(join(clusterOf(at).home, 'data.new'), { recursive: true })
  const first = await startServers(at, {}, quiet)
  await query(databaseUrl(first, 'owner'), 'create table kept as select 42 as answer')
  for (const identity of processes(first)) if (identity) await endProcess(identity, 'SIGKILL')

  const second = await startServers(at, {}, quiet)
  t.ok(processes(second).every(isAlive), 'after kill -9 of all three')
  t.equal(await query(databaseUrl(second, 'owner'), 'select answer from kept'), 42)

  await stopServers(at)
  const pidFile = join(clusterOf(at).data, 'postmaster.pid')
  writeFileSync(pidFile, `${process.pid}\n${clusterOf(at).data}\n`)
  const third = await startServers(at, {}, quiet)
  t.ok(isAlive(third.processes.postgres), 'a pid file that points at a stranger does not stop it')
  t.ok(isAlive(identify(process.pid)), 'and the stranger lives')

  // Another process may have got a number of ours since: it is not ours to stop.
  const state = readState(at.state) as LocalState
  const nats = state.processes.nats as ProcessIdentity
  writeFileSync(
    at.state,
    JSON.stringify({ ...state, processes: { ...state.processes, nats: { pid: nats.pid, started: '1' } } }),
  )
  t.strictSame(await stopServers(at), ['postgres', 'redis'])
  t.ok(isAlive(nats))
  await endProcess(nats)

  rmSync(at.state)
  const said: string[] = []
  const fresh = await startServers(at, {}, (line) => said.push(line))
  t.match(said.join('\n'), 'removed a cluster', 'without its passwords a cluster is made anew, and that is said')
  t.not(fresh.passwords.postgres, first.passwords.postgres)
})

t.test('a run that was killed while it waited for a server leaves no second one on the same data', async (t) => {
  const at = folders(t)
  await startServers(at, {}, quiet)
  for (const server of ['nats', 'redis'] as const) {
    await stopServers(at)
    const data = join(realpathSync(at[server]), 'data')
    const running = (): number[] => processesIn(data, `${server}-server`)
    const script = `import { startServers } from '${join(PROJECT, 'deploy/local/start-servers.ts')}'
      import { foldersOf } from '${join(PROJECT, 'deploy/local/folders.ts')}'
      await startServers(foldersOf('${at.base}'), {}, () => undefined)`
    const up = spawn(process.execPath, ['--import=tsx', '--input-type=module', '-e', script], { cwd: PROJECT })
    const ended = once(up, 'exit')
    while (running().length === 0 && up.exitCode === null) await sleep(1)
    up.kill('SIGKILL')
    await ended
    t.equal(running().length, 1, `${server} outlives the run that started it`)
    const state = await startServers(at, {}, quiet)
    t.strictSame(running(), [state.processes[server]?.pid], `the next run knows the only ${server} there is`)
  }
})

t.test('what a state file does not say is not guessed: a damaged one removes nothing', async (t) => {
  const at = folders(t)
  const first = await startServers(at, {}, quiet)
  const written = readFileSync(at.state, 'utf8')
  for (const damaged of ['', written.slice(0, 40), 'null', '{"passwords":{}}']) {
    writeFileSync(at.state, damaged)
    await t.rejects(startServers(at, {}, quiet), {
      code: 'LT_CONF_INVALID',
      params: { problems: /state\.json is damaged/ },
    })
    t.throws(() => readState(at.state), { code: 'LT_CONF_INVALID' })
  }
  t.ok(existsSync(join(clusterOf(at).data, 'PG_VERSION')), 'the cluster is still there')
  rmSync(at.state)
  mkdirSync(at.state)
  t.throws(() => readState(at.state), { code: 'LT_CONF_FILE_UNREADABLE', params: { path: at.state } })
  rmSync(at.state, { recursive: true })
  writeFileSync(at.state, written)
  t.strictSame(processes(await startServers(at, {}, quiet)), processes(first), 'put back, everything goes on')
})

t.test('a listen port that another program took is given up, one of our own services is kept', async (t) => {
  const at = folders(t)
  mkdirSync(at.env, { recursive: true })
  const state = await newState()
  const foreign = createServer().listen(0, '127.0.0.1')
  await once(foreign, 'listening')
  t.teardown(() => foreign.close())
  const script = `require('net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port) })`
  const own = spawn(process.execPath, ['-e', script], { cwd: at.base, env: { LT_ENV_DIR: 'env' } })
  t.teardown(() => own.kill('SIGKILL'))
  const [line] = await once(own.stdout, 'data')
  const taken = (foreign.address() as AddressInfo).port
  state.listenPorts.gateway = Number(String(line))
  state.listenPorts.door = taken
  const { routing } = state.listenPorts
  const said: string[] = []
  await claimListenPorts(state, at, (each) => said.push(each))
  t.equal(state.listenPorts.gateway, Number(String(line)), 'our own axis holds it')
  t.equal(state.listenPorts.routing, routing, 'a free one stays')
  t.not(state.listenPorts.door, taken)
  t.match(said, [new RegExp(`port ${taken} of door is taken`)])
  t.strictSame(readState(at.state)?.listenPorts, state.listenPorts, 'and that is remembered')
})

t.test('existing servers are used, and left alone', async (t) => {
  const existing = await startPrivateCluster(t)
  const at = folders(t)
  const chosen = chosenServers({
    DATABASE_URL: existing.url('postgres').replace(/[^/]*$/, 'elsewhere'),
    NATS_URL: 'nats://10.0.0.1:4222',
    REDIS_URL: 'redis://10.0.0.1:6379',
  })
  const state = await startServers(at, chosen, quiet)
  t.strictSame(state.processes, {}, 'nothing was started')
  writeEnvFiles(state, at, chosen)
  const env = readEnvFile(join(at.env, 'audit.env'))
  t.match(env, { NATS_URL: 'nats://10.0.0.1:4222', REDIS_URL: 'redis://10.0.0.1:6379' })
  t.equal(await query(env.DATABASE_URL ?? '', `select current_user || ' ' || current_database()`), 'lt_audit elsewhere')
  t.strictSame(await stopServers(at), [])
  t.ok(existing.running)
})

t.test('a private cluster can be killed, stopped and started', async (t) => {
  const cluster = await startPrivateCluster(t)
  await query(cluster.url('owner'), 'create table kept as select 42 as answer')
  await cluster.kill()
  await t.rejects(query(cluster.url('owner'), 'select 1'))
  await cluster.start()
  t.equal(await query(cluster.url('owner'), 'select answer from kept'), 42)
  const before = cluster.pid
  await cluster.restart()
  t.not(cluster.pid, before)
  t.equal(await query(cluster.url('owner'), 'select answer from kept'), 42)
})

t.test('one at a time: the lock, and a lock whose holder died', async (t) => {
  const lock = join(t.testdir(), 'lock')
  let inside = 0
  let most = 0
  const work = async (): Promise<void> => {
    most = Math.max(most, ++inside)
    await new Promise((resolve) => setTimeout(resolve, 20))
    inside--
  }
  writeFileSync(lock, JSON.stringify({ pid: process.pid, started: 'long ago' }))
  await Promise.all([withLock(lock, work), withLock(lock, work), withLock(lock, work)])
  t.equal(most, 1)
  t.equal(existsSync(lock), false)
  await t.rejects(withLock(lock, () => Promise.reject(new Error('no'))))
  t.equal(existsSync(lock), false, 'given back after a failure too')
  for (const cutOff of ['', '{"pid":', '{}']) {
    writeFileSync(lock, cutOff)
    const hourAgo = new Date(Date.now() - 3_600_000)
    utimesSync(lock, hourAgo, hourAgo)
    t.equal(await withLock(lock, async () => 'taken'), 'taken', `a lock that says "${cutOff}" is taken over`)
  }
})

t.test('a young lock that cannot be read is waited for, a held one too, and the waiting is told', async (t) => {
  const lock = join(t.testdir(), 'lock')
  const said: string[] = []
  const tell = (line: string): void => void said.push(line)
  writeFileSync(lock, '')
  const begun = performance.now()
  t.equal(await withLock(lock, async () => 'taken', tell), 'taken')
  t.ok(performance.now() - begun > 1_500, 'its writer had its chance')
  t.match(said, [/waiting for .*lock/])
  said.length = 0
  await withLock(lock, async () => {
    const second = withLock(lock, async () => 'second', tell)
    while (said.length === 0) await sleep(20)
    t.match(said, [new RegExp(`waiting for process ${process.pid}, which holds`)])
    return { second }
  }).then(async ({ second }) => t.equal(await second, 'second'))
})

t.test('what is missing or fails is named', async (t) => {
  const missing = { code: 'LT_CONF_PROGRAM_MISSING', message: /lt-no-such-program/ }
  t.throws(() => installPrograms(['lt-no-such-program'], quiet), missing)
  const log = join(t.testdir(), 'log')
  const launched = launch({ program: 'lt-no-such-program', args: [], log, life: 'own' })
  await t.rejects(launched, { code: 'LT_CONF_SERVER_FAILED', params: { server: 'lt-no-such-program', log } })
  const nobody = `postgres://postgres:x@127.0.0.1:${await freePort()}/postgres`
  await t.rejects(runSql(nobody, 'roles.sql', {}), { code: 'LT_CONF_SERVER_FAILED' })
  const port = await freePort()
  t.equal(await freePort(port), port, 'a wanted port that is free')
})

t.test('deploy/env.example is what the services read', async (t) => {
  const written = readFileSync(join(PROJECT, 'deploy/env.example'), 'utf8')
  t.equal(written, envExample(await serviceSettings()), 'if not: make env')
})
