import { createHash, createPrivateKey, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { freePort } from '../../deploy/local/free-port.ts'
import { type PacketDraft, wireTimestamp, writePacket, writeStatusPacket } from '../../libs/envelope/index.ts'
import type { StatusCode } from '../../libs/model/index.ts'
import { type Running, type ServiceDefinition, startService } from '../../libs/runtime/index.ts'
import { signPacket } from '../../libs/signature/index.ts'
import { openPool, type Pool } from '../../libs/store/index.ts'
import { auditService } from '../../services/audit/service.ts'
import { type DemoSystem, seedDemo } from '../../services/cli/demo/seed.ts'
import { type AxisPki, makeAxis } from '../../services/cli/pki/make-axis.ts'
import { consoleService } from '../../services/console/service.ts'
import { deliveryService } from '../../services/delivery/service.ts'
import { gatewayService } from '../../services/gateway/service.ts'
import { receiptsService } from '../../services/receipts/service.ts'
import { routingService } from '../../services/routing/service.ts'
import { type ServiceProcess, startServiceProcess } from './service-process.ts'
import { startServers, type TestServers } from './start-servers.ts'
import type { Teardown } from './teardown.ts'

const SERVICES = {
  gateway: gatewayService,
  routing: routingService,
  audit: auditService,
  receipts: receiptsService,
  delivery: deliveryService,
  console: consoleService,
} as const
export type WorldService = keyof typeof SERVICES

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // Tests look into answers freely; a missing member fails their assertion.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly body: any
  readonly bytes: Buffer
}

export interface World {
  readonly servers: TestServers
  readonly baseUrl: string
  readonly axis: AxisPki
  /** `demo-g12` fronts G12, `demo-h26` fronts H26 and H26.01, `demo-h53` fronts H53. */
  readonly systems: Readonly<Record<string, DemoSystem>>
  /** Rights of `lt_cli`. */
  readonly operator: Pool
  /** The superuser's eyes, for looking at rows. */
  readonly eyes: Pool
  start(service: WorldService): Promise<void>
  stop(service: WorldService): Promise<void>
  /** Address of a service's listener, of one that runs in this process. */
  urlOf(service: WorldService, listener: string): string
  /** The process of a service that was started as one (`processes`). */
  processOf(service: WorldService): ServiceProcess
  call(system: string, method: string, path: string, options?: CallOptions): Promise<Answer>
  submit(system: string, packet: Uint8Array, headers?: Record<string, string>): Promise<Answer>
  /** A signed packet of the system's agency. */
  packet(system: string, recipients: readonly string[], overrides?: Partial<PacketDraft>): Buffer
  unsigned(system: string, recipients: readonly string[], overrides?: Partial<PacketDraft>): Buffer
  sign(
    system: string,
    packet: Uint8Array,
    shape?: 'root' | 'envelope-manifest',
    attachments?: { contentId: string; sha256: Uint8Array }[],
  ): Buffer
  status(system: string, about: { agency: string; documentId: string; code: string }, code: StatusCode): Buffer
  /** Calls `look` until it answers something, at most `ms`. */
  until<T>(look: () => Promise<T | undefined | false>, ms?: number): Promise<T>
}

export interface CallOptions {
  readonly body?: Uint8Array | object
  readonly headers?: Record<string, string>
}

export interface WorldOptions {
  /** What is started at once, in this order; those of a pull axis unless told. */
  readonly services?: readonly WorldService[]
  /** Services that run as processes of their own, to be killed; the others run in this one. */
  readonly processes?: readonly WorldService[]
  readonly environment?: Record<string, string>
  /** Another PostgreSQL than the shared one. */
  readonly cluster?: Pick<TestServers['database'], 'url'>
}

/** The whole axis on real servers, with the demo agencies, for one test file. */
export async function startWorld(t: Teardown, options: WorldOptions = {}): Promise<World> {
  const servers = await startServers(t, options.cluster)
  const axis = await makeAxis(servers.keyDir)
  const operator = openPool(servers.database.url('cli'), { name: 'operator', max: 2 })
  const eyes = openPool(servers.database.url('postgres'), { name: 'eyes', max: 2 })
  const systems = Object.fromEntries(
    (await seedDemo(operator, axis, servers.keyDir)).map((system) => [system.systemCode, system]),
  )
  const port = await freePort()
  const baseUrl = `http://127.0.0.1:${port}`
  const running = new Map<WorldService, Running | ServiceProcess>()
  const tokens = new Map<string, Promise<string>>()

  async function start(name: WorldService): Promise<void> {
    const own = name === 'gateway' ? { LISTEN_PORT: String(port), PUBLIC_URL: baseUrl } : {}
    const env = { ...servers.environment(name), ...own, ...options.environment }
    const apart = options.processes?.includes(name)
    running.set(
      name,
      await (apart
        ? startServiceProcess(name, env)
        : startService(SERVICES[name] as unknown as ServiceDefinition, env)),
    )
  }
  async function stop(name: WorldService): Promise<void> {
    const service = running.get(name)
    running.delete(name)
    await service?.[Symbol.asyncDispose]()
  }
  t.teardown(async () => {
    await Promise.all([...running.keys()].map(stop))
    await Promise.all([operator.end(), eyes.end()])
  })
  // Routing makes the streams that the others publish to.
  const [first, ...others] = options.services ?? (['routing', 'audit', 'receipts', 'gateway'] as const)
  if (first) await start(first)
  await Promise.all(others.map(start))

  const world: World = {
    servers,
    baseUrl,
    axis,
    systems,
    operator,
    eyes,
    start,
    stop,
    urlOf(name, listener) {
      const service = running.get(name)
      const url = service && 'urls' in service ? service.urls?.[listener] : undefined
      if (url === undefined) throw new Error(`${name} has no listener ${listener}`)
      return url
    },
    processOf(name) {
      const found = running.get(name)
      if (!found || !('pid' in found)) throw new Error(`${name} is no process of its own`)
      return found
    },
    async call(system, method, path, { body, headers = {} } = {}) {
      tokens.set(system, tokens.get(system) ?? fetchToken(baseUrl, own(system)))
      tokens.get(system)?.catch(() => tokens.delete(system))
      const json = body !== undefined && !(body instanceof Uint8Array)
      const response = await fetch(baseUrl + path, {
        method,
        headers: {
          authorization: `Bearer ${await tokens.get(system)}`,
          ...(json ? { 'content-type': 'application/json' } : {}),
          ...headers,
        },
        ...(body === undefined ? {} : { body: json ? JSON.stringify(body) : (body as Uint8Array<ArrayBuffer>) }),
      })
      const bytes = Buffer.from(await response.arrayBuffer())
      const isJson = /json/.test(response.headers.get('content-type') ?? '')
      return {
        status: response.status,
        headers: response.headers,
        bytes,
        body: isJson ? JSON.parse(bytes.toString()) : undefined,
      }
    },
    submit: (system, packet, headers = {}) =>
      world.call(system, 'POST', '/v1/dispatches', {
        body: packet,
        headers: { 'content-type': 'application/edxml+xml', ...headers },
      }),
    unsigned: (system, recipients, overrides = {}) =>
      writePacket({ ...draftOf(own(system), recipients), ...overrides }),
    packet: (system, recipients, overrides = {}) => world.sign(system, world.unsigned(system, recipients, overrides)),
    sign(system, packet, shape = 'root', attachments) {
      const { signer } = own(system)
      const key = createPrivateKey(signer.privateKeyPem)
      return signPacket({ packet, key, chain: signer.chain, shape, ...(attachments ? { attachments } : {}) })
    },
    status(system, { agency, documentId, code: about }, code) {
      const { agencyCode, agencyName } = own(system)
      const packet = writeStatusPacket({
        sender: { code: agencyCode, name: agencyName },
        status: {
          code,
          about: { agency, documentId, code: about, promulgationDate: '2026-11-20' },
          timestamp: wireTimestamp(new Date()),
          description: 'thử nghiệm',
        },
      })
      return world.sign(system, packet)
    },
    async until(look, ms = 15_000) {
      const end = Date.now() + ms
      for (;;) {
        const found = await look()
        if (found) return found
        if (Date.now() > end) throw new Error(`nothing came of it within ${ms} ms: ${String(look)}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
  }
  function own(system: string): DemoSystem {
    const found = systems[system]
    if (!found) throw new Error(`the world has no system ${system}`)
    return found
  }
  return world
}

export async function fetchToken(
  baseUrl: string,
  system: Pick<DemoSystem, 'systemCode' | 'clientKeyPem'>,
): Promise<string> {
  const { body } = await askForToken(baseUrl, system)
  if (!body.access_token) throw new Error(`no token: ${JSON.stringify(body)}`)
  return body.access_token
}

/** What the token endpoint answers to a fresh assertion of that system. */
export async function askForToken(
  baseUrl: string,
  system: Pick<DemoSystem, 'systemCode' | 'clientKeyPem'>,
): Promise<Answer> {
  const assertion = await new SignJWT({})
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer(system.systemCode)
    .setSubject(system.systemCode)
    .setAudience(`${baseUrl}/v1/token`)
    .setIssuedAt()
    .setExpirationTime('2m')
    .setJti(randomUUID())
    .sign(createPrivateKey(system.clientKeyPem))
  const response = await fetch(`${baseUrl}/v1/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    }),
  })
  const bytes = Buffer.from(await response.arrayBuffer())
  return { status: response.status, headers: response.headers, bytes, body: JSON.parse(bytes.toString()) }
}

/** A small file that every reader takes for a PDF. */
export const SMALL_PDF = Buffer.from('%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n')

export function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}

let numbers = 0

function draftOf(system: DemoSystem, recipients: readonly string[]): PacketDraft {
  const number = String(++numbers)
  const documentId = `${system.agencyCode},2026/11/20,${number}-${randomUUID().slice(0, 8)}/TB-LT`
  return {
    sender: { code: system.agencyCode, name: system.agencyName },
    recipients: recipients.map((code) => ({ code, name: `Đơn vị ${code}` })),
    documentId,
    number,
    notation: 'TB-LT',
    subject: 'Thông báo thử nghiệm kết nối trục liên thông',
    promulgationDate: '2026-11-20',
    documentType: { type: '2', detail: '7', name: 'Thông báo' },
    signer: { fullName: 'Nguyễn Văn A', position: 'Chánh Văn phòng' },
    place: 'Hà Nội',
    attachments: [{ contentId: 'tb-1', name: 'thong-bao.pdf', mediaType: 'application/pdf', bytes: SMALL_PDF }],
  }
}
