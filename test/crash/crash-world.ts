import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addAgency, changeSystem } from '../../libs/registry/index.ts'
import { openPool, type Pool } from '../../libs/store/index.ts'
import { type DemoSystem, seedDemo } from '../../services/cli/demo/seed.ts'
import { type AxisPki, makeAxis } from '../../services/cli/pki/make-axis.ts'
import { compileServices } from '../harness/compile-services.ts'
import { freePort, type PrivateCluster, startPrivateCluster } from '../harness/harness.ts'
import { startServers, type TestServers } from '../harness/start-servers.ts'
import type { Teardown } from '../harness/teardown.ts'
import type { WorldService } from '../harness/world.ts'
import { type ContentDisk, mountContentDisk } from './content-disk.ts'
import { type HookReceiver, startHookReceiver } from './hook-receiver.ts'
import { type NoticeReceivers, startNoticeReceivers } from './notice-receivers.ts'
import { type PushReceiver, startPushReceiver } from './push-receiver.ts'
import { type Death, ServiceKeeper } from './service-keeper.ts'

/** Times so short that what waits comes again within a short run. */
const SETTINGS = {
  MIN_FREE_BYTES: '65536',
  PUSH_ALLOWED_NETWORKS: '127.0.0.0/8',
  PUSH_TIMEOUT_MS: '1500',
  ATTEMPT_GRACE_MS: '1000',
  RETRY_FIRST_MS: '50',
  RETRY_MAX_MS: '1000',
  BREAKER_FIRST_MS: '100',
  BREAKER_MAX_MS: '2000',
  BREAKER_LOOK_MS: '100',
  READ_IDLE_MS: '100',
  // A hook that is told of a gap would be right; here nothing may be given up.
  HOOK_QUEUE_LENGTH: '1000000',
  MAX_ATTEMPTS: '10000',
  SWEEP_IDLE_MS: '150',
  SWEEP_AFTER_MS: '400',
}
const SERVICES: readonly WorldService[] = ['routing', 'audit', 'receipts', 'delivery', 'gateway']
/** Only where the run is a whole one. */
const WHOLE_SERVICES: readonly WorldService[] = [...SERVICES, 'console']
/** Systems that are called; the others fetch. */
const PUSHED = ['demo-h53']
/** Senders with a web hook, and whether their receipts come along. */
const HOOKED: readonly (readonly [systemCode: string, receipts: boolean])[] = [
  ['demo-g12', true],
  ['demo-h26', false],
]
/** Whom notices go to; agencies without a contact have that of nobody but the operators. */
const CONTACTS = {
  G12: { email: 'vanthu@g12.gov.vn', telephone: '0912 345 671' },
  H26: { email: 'vanthu@h26.gov.vn', telephone: '0912 345 672' },
  H53: { email: 'vanthu@h53.gov.vn', telephone: '0912 345 673' },
}
/** Units below H53, so that a document can have five recipients. */
const UNITS = ['H53.01', 'H53.02']

/** The whole axis as processes on servers of its own, each to be killed, with receivers whose stores are on disk. */
export interface CrashWorld {
  readonly servers: TestServers
  /** Absent in runs that leave PostgreSQL alone. */
  readonly cluster?: PrivateCluster
  readonly disk?: ContentDisk
  readonly baseUrl: string
  /** The operators' door; nobody is behind it in runs that leave it out. */
  readonly consoleUrl: string
  readonly axis: AxisPki
  readonly systems: readonly DemoSystem[]
  readonly keepers: ReadonlyMap<WorldService, ServiceKeeper>
  readonly receiver: PushReceiver
  readonly hooks: HookReceiver
  /** Systems that are told by web hook. */
  readonly hooked: readonly string[]
  readonly notices: NoticeReceivers
  /** Folder of the clients' stores and of what the services said. */
  readonly dir: string
  /** The superuser's eyes. */
  readonly eyes: Pool
}

export interface CrashWorldOptions {
  /** With a PostgreSQL of its own and a small content disk: takes some seconds more. */
  readonly whole: boolean
  readonly onDeath: (death: Death, keeper: ServiceKeeper) => void
  readonly say: (line: string) => void
}

/** Starts servers and services; resolves once all of them serve. */
export async function startCrashWorld(t: Teardown, options: CrashWorldOptions): Promise<CrashWorld> {
  const programOf = await compileServices()
  const cluster = options.whole ? await startPrivateCluster(t) : undefined
  const servers = await startServers(t, cluster)
  const disk = options.whole ? mountContentDisk(t, servers.blobDir, options.say) : undefined
  const dir = mkdtempSync(join(tmpdir(), 'lt-crash-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const logs = join(dir, 'logs')
  mkdirSync(logs)
  const axis = await makeAxis(servers.keyDir)
  const operator = openPool(servers.database.url('cli'), { name: 'operator', max: 1 })
  const systems = await seedDemo(operator, axis, servers.keyDir)
  for (const code of UNITS) await addAgency(operator, { code, name: `Đơn vị ${code}`, source: 'test' })
  mkdirSync(join(dir, 'push'))
  const receiver = await startPushReceiver(t, join(dir, 'push'))
  for (const code of PUSHED) await changeSystem(operator, code, { delivery: 'push', pushUrl: receiver.url })
  const hooks = await startHookReceiver(t)
  for (const [code, receipts] of HOOKED)
    await changeSystem(operator, code, { hookUrl: hooks.urlOf(code), hookReceipts: receipts })
  const notices = await startNoticeReceivers(t, !options.whole)
  await operator.end()
  const eyes = openPool(servers.database.url('postgres'), { name: 'eyes', max: 2 })
  t.teardown(() => eyes.end())
  for (const [code, contact] of Object.entries(CONTACTS))
    await eyes.query('update agency set contact = $2 where code = $1', [code, { ...contact, post: 'Văn thư' }])

  const [port, consolePort] = [await freePort(), await freePort()]
  const baseUrl = `http://127.0.0.1:${port}`
  const listeners: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    gateway: { LISTEN_PORT: String(port), PUBLIC_URL: baseUrl },
    console: { LISTEN_PORT: String(consolePort) },
  }
  const keepers = new Map(
    (options.whole ? WHOLE_SERVICES : SERVICES).map((service) => {
      const own = listeners[service] ?? {}
      const settings = { ...servers.environment(service), ...SETTINGS, ...notices.settings, ...own }
      return [
        service,
        new ServiceKeeper({ service, program: programOf(service), settings, logs, onDeath: options.onDeath }),
      ]
    }),
  )
  t.teardown(() => Promise.all([...keepers.values()].map((keeper) => keeper.stop())))
  for (const keeper of keepers.values()) keeper.start()
  for (const keeper of keepers.values()) {
    if (!(await keeper.untilServing(60_000))) throw new Error(`${keeper.service} does not serve; see ${logs}`)
  }
  return {
    servers,
    ...(cluster ? { cluster } : {}),
    ...(disk ? { disk } : {}),
    baseUrl,
    consoleUrl: `http://127.0.0.1:${consolePort}`,
    axis,
    systems,
    keepers,
    receiver,
    hooks,
    hooked: HOOKED.map(([code]) => code),
    notices,
    dir,
    eyes,
  }
}
