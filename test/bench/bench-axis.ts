import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findProgram } from '../../deploy/local/find-program.ts'
import { PROJECT } from '../../deploy/local/folders.ts'
import { freePort } from '../../deploy/local/free-port.ts'
import type { ServiceRole } from '../../deploy/local/role.ts'
import { openConnection, openPool } from '../../libs/store/index.ts'
import { type DemoSystem, seedDemo } from '../../services/cli/demo/seed.ts'
import { type AxisPki, makeAxis } from '../../services/cli/pki/make-axis.ts'
import { type PrivateCluster, startPrivateCluster } from '../harness/private-cluster.ts'
import { startNats, startRedis, type TestNats } from '../harness/start-broker.ts'
import type { Teardown } from '../harness/teardown.ts'
import { fetchToken } from '../harness/world.ts'

/** In the order they are started: routing makes the streams that the others use. */
const SERVICES = ['routing', 'audit', 'receipts', 'gateway'] as const
export type BenchService = (typeof SERVICES)[number]

/** A whole axis of its own: private servers, each service a process as in production, all gone when disposed. */
export interface BenchAxis extends AsyncDisposable {
  readonly folder: string
  readonly port: number
  readonly baseUrl: string
  /** Of the compatible door. */
  readonly doorUrl: string
  readonly cluster: PrivateCluster
  readonly nats: TestNats
  readonly pki: AxisPki
  readonly systems: readonly DemoSystem[]
  /** Process ids by name, servers included. */
  readonly pids: Readonly<Record<string, number>>
  token(systemCode: string): Promise<string>
}

export interface BenchOptions {
  /** Folder of the compiled program (`make build`). */
  readonly build: string
  /** Services that write a CPU profile into this folder when they end. */
  readonly profile?: { readonly services: readonly string[]; readonly folder: string }
  /** Counts what each SQL statement costs (`pg_stat_statements`); itself a few per cent. */
  readonly statements?: boolean
}

export async function startBenchAxis({ build, profile, statements = false }: BenchOptions): Promise<BenchAxis> {
  const program = (service: string): string => join(resolve(build), 'services', service, 'main.js')
  if (!existsSync(program('gateway'))) throw new Error(`nothing is built in ${build}: make build`)
  const works: (() => unknown)[] = []
  const t = { teardown: (work: () => unknown) => void works.push(work) }
  const dispose = async (): Promise<void> => {
    for (let work = works.pop(); work; work = works.pop()) await work()
  }
  try {
    return await start(program, { profile, statements }, t, dispose)
  } catch (error) {
    await dispose()
    throw error
  }
}

async function start(
  program: (service: string) => string,
  { profile, statements }: Pick<BenchOptions, 'statements'> & { profile: BenchOptions['profile'] | undefined },
  t: Teardown,
  dispose: () => Promise<void>,
): Promise<BenchAxis> {
  const folder = mkdtempSync(join(tmpdir(), 'lt-bench-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const [blobDir, keyDir] = [join(folder, 'blobs'), join(folder, 'keys')]
  for (const each of [blobDir, keyDir]) mkdirSync(each, { mode: 0o700 })
  const [cluster, nats, redis] = await Promise.all([startPrivateCluster(t), startNats(t), startRedis(t)])
  if (statements) await countStatements(cluster)
  const pki = await makeAxis(keyDir)
  const operator = openPool(cluster.url('cli'), { name: 'bench', max: 1 })
  const systems = await seedDemo(operator, pki, keyDir)
  await operator.end()

  const port = await freePort()
  const baseUrl = `http://127.0.0.1:${port}`
  const doorPort = await freePort()
  const pids: Record<string, number> = { postgres: cluster.pid, nats: nats.pid, redis: redis.pid }
  const children: ChildProcess[] = []
  t.teardown(async () => {
    await Promise.all(children.map(stop))
    for (const line of complaints(folder)) console.log(line)
  })
  for (const service of SERVICES) {
    const own =
      service === 'gateway'
        ? {
            LISTEN_PORT: String(port),
            DOOR_PORT: String(doorPort),
            PUBLIC_URL: baseUrl,
            SYSTEM_REQUESTS_PER_MINUTE: '100000000',
          }
        : {}
    const role: ServiceRole = service
    const env = {
      PATH: process.env.PATH,
      DATABASE_URL: cluster.url(role),
      NATS_URL: nats.url(role),
      REDIS_URL: redis.url,
      BLOB_DIR: blobDir,
      KEY_DIR: keyDir,
      NODE_ENV: 'production',
      ...own,
    }
    const flags = profile?.services.includes(service)
      ? ['--cpu-prof', `--cpu-prof-dir=${profile.folder}`, `--cpu-prof-name=${service}.cpuprofile`]
      : []
    const log = join(folder, `${service}.log`)
    const out = openSync(log, 'w')
    const node = [process.execPath, ...flags, '--enable-source-maps', program(service)]
    const tie = findProgram('setpriv')
    const [command = '', ...args] = tie ? [tie, '--pdeathsig', 'KILL', ...node] : node
    const child = spawn(command, args, { cwd: PROJECT, env, stdio: ['ignore', out, out] })
    children.push(child)
    pids[service] = child.pid as number
    await serving(child, log)
  }

  return {
    folder,
    port,
    baseUrl,
    doorUrl: `http://127.0.0.1:${doorPort}`,
    cluster,
    nats,
    pki,
    systems,
    pids,
    token: (code) => fetchToken(baseUrl, systems.find(({ systemCode }) => systemCode === code) as DemoSystem),
    [Symbol.asyncDispose]: dispose,
  }
}

async function countStatements(cluster: PrivateCluster): Promise<void> {
  const set = await openConnection(cluster.url('postgres'), 'bench statements')
  await set.query(`alter system set shared_preload_libraries = 'pg_stat_statements'`)
  await set.query('create extension pg_stat_statements')
  await set.end()
  await cluster.restart()
}

/** What the services warned of, a few lines each. */
function complaints(folder: string): string[] {
  return SERVICES.flatMap((service) => {
    const lines = existsSync(join(folder, `${service}.log`))
      ? readFileSync(join(folder, `${service}.log`), 'utf8').split('\n')
      : []
    return lines
      .filter((line) => line !== '' && !line.includes('"level":"info"'))
      .slice(0, 5)
      .map((line) => `${service}: ${line.slice(0, 800)}`)
  })
}

async function serving(child: ChildProcess, log: string): Promise<void> {
  while (!readFileSync(log, 'utf8').includes('"msg":"serving"')) {
    if (child.exitCode !== null) throw new Error(`a service did not start:\n${readFileSync(log, 'utf8').slice(-4000)}`)
    await sleep(25)
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
}
