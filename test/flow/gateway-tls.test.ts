import { createPrivateKey, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request as plainRequest } from 'node:http'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import t from 'tap'
import { freePort } from '../../deploy/local/free-port.ts'
import { addCertificate, revokeCertificate } from '../../libs/registry/index.ts'
import { type Running, startService } from '../../libs/runtime/index.ts'
import { consoleService } from '../../services/console/service.ts'
import { gatewayService } from '../../services/gateway/service.ts'
import { selfSigned } from '../harness/self-signed.ts'
import { startWorld } from '../harness/world.ts'

const world = await startWorld(t, { services: ['routing'] })
const folder = mkdtempSync(join(tmpdir(), 'lt-gateway-tls-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
const [listener, client, stranger] = ['localhost', 'demo-g12', 'stranger'].map((name) => selfSigned(folder, name)) as [
  ReturnType<typeof selfSigned>,
  ReturnType<typeof selfSigned>,
  ReturnType<typeof selfSigned>,
]

function start(environment: Record<string, string>): Promise<Running> {
  return startService(gatewayService, { ...world.servers.environment('gateway'), ...environment })
}

t.test('half a TLS setting, or a pair that is none, starts nothing', async (t) => {
  const { keyFile, certificateFile } = listener
  writeFileSync(join(folder, 'empty.pem'), '')
  const wrong: readonly [Record<string, string>, string][] = [
    [{ TLS_CERTIFICATE_FILE: certificateFile }, 'LT_CONF_INVALID'],
    [{ TLS_KEY_FILE: keyFile }, 'LT_CONF_INVALID'],
    [{ TLS_CERTIFICATE_FILE: certificateFile, TLS_KEY_FILE: client.keyFile }, 'LT_CONF_INVALID'],
    [{ TLS_CERTIFICATE_FILE: join(folder, 'empty.pem'), TLS_KEY_FILE: keyFile }, 'LT_CONF_INVALID'],
    [{ TLS_CERTIFICATE_FILE: join(folder, 'nowhere.pem'), TLS_KEY_FILE: keyFile }, 'LT_CONF_FILE_UNREADABLE'],
  ]
  for (const [environment, code] of wrong) {
    const started = await start(environment).then(
      async (running) => {
        await running[Symbol.asyncDispose]()
        return 'started'
      },
      (error: { code?: string }) => error.code,
    )
    t.equal(started, code, Object.keys(environment).join(' and '))
  }
})

t.test("the operators' door is open to other machines with TLS only", async (t) => {
  for (const host of ['0.0.0.0', '::', '192.0.2.7', 'example.org']) {
    const started = startService(consoleService, {
      ...world.servers.environment('console'),
      LISTEN_PORT: '0',
      LISTEN_HOST: host,
    })
    await t.rejects(started, { code: 'LT_CONF_INVALID' }, host)
  }
})

t.test('the compatible door speaks TLS and plain HTTP on one port', async (t) => {
  const { keyFile, certificateFile } = listener
  const running = await start({ TLS_CERTIFICATE_FILE: certificateFile, TLS_KEY_FILE: keyFile })
  t.teardown(() => running[Symbol.asyncDispose]())
  const { port, protocol } = new URL(running.urls?.door as string)
  t.equal(protocol, 'https:')
  const ask = (plain: boolean): Promise<{ status: number | undefined; body: string }> =>
    new Promise((resolve, reject) => {
      const options = { port, host: '127.0.0.1', method: 'POST', path: '/countReceiveEdoc', agent: false as const }
      const onAnswer = (answer: IncomingMessage): void => {
        let body = ''
        answer.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
        answer.on('end', () => resolve({ status: answer.statusCode, body }))
      }
      const sent = plain
        ? plainRequest(options, onAnswer)
        : request({ ...options, ca: listener.cert, servername: 'localhost' }, onAnswer)
      sent.on('error', reject).end()
    })
  for (const plain of [false, true, false]) t.match(await ask(plain), { status: 401, body: /LT_DOOR_UNSIGNED/ })
})

t.test("the operators' door speaks TLS too", async (t) => {
  const { keyFile, certificateFile } = listener
  const running = await startService(consoleService, {
    ...world.servers.environment('console'),
    LISTEN_PORT: '0',
    TLS_CERTIFICATE_FILE: certificateFile,
    TLS_KEY_FILE: keyFile,
  })
  t.teardown(() => running[Symbol.asyncDispose]())
  const { port } = new URL(running.urls?.console as string)
  const status = await new Promise((resolve, reject) => {
    request(
      { port, host: '127.0.0.1', path: '/operator/v1/stuck', ca: listener.cert, servername: 'localhost' },
      (answer: IncomingMessage) => {
        answer.resume()
        resolve(answer.statusCode)
      },
    )
      .on('error', reject)
      .end()
  })
  t.equal(status, 401, 'and asks for a key')
})

t.test('over TLS: a registered client certificate is the caller, and tokens speak of an https address', async (t) => {
  const port = await freePort()
  const { keyFile, certificateFile } = listener
  const { fingerprint } = await addCertificate(world.operator, {
    ownerKind: 'system',
    ownerCode: 'demo-g12',
    certificatePem: client.cert.toString(),
    purpose: 'tls',
  })
  const running = await start({
    LISTEN_PORT: String(port),
    TLS_CERTIFICATE_FILE: certificateFile,
    TLS_KEY_FILE: keyFile,
  })
  t.teardown(() => running[Symbol.asyncDispose]())

  const call = (
    path: string,
    options: { certificate?: { key: Buffer; cert: Buffer }; token?: string; form?: URLSearchParams } = {},
    // biome-ignore lint/suspicious/noExplicitAny: tests look into answers freely
  ): Promise<{ status: number | undefined; headers: Record<string, unknown>; body: any }> =>
    new Promise((resolve, reject) => {
      const agent = new Agent({ ...options.certificate, ca: listener.cert, checkServerIdentity: () => undefined })
      const headers = {
        ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
        ...(options.form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      }
      const sent = request(
        `https://127.0.0.1:${port}${path}`,
        { agent, headers, method: options.form ? 'POST' : 'GET' },
        (response) => {
          let text = ''
          response.on('data', (chunk) => {
            text += chunk
          })
          response.on('end', () => {
            agent.destroy()
            resolve({ status: response.statusCode, headers: response.headers, body: JSON.parse(text) })
          })
        },
      )
      sent.on('error', reject).end(options.form?.toString())
    })

  const stream = await new Promise<IncomingMessage>((resolve, reject) => {
    const { key, cert } = client
    const agent = new Agent({ key, cert, ca: listener.cert, checkServerIdentity: () => undefined })
    request(`https://127.0.0.1:${port}/v1/events`, { agent }, resolve).on('error', reject).end()
  })
  t.equal(stream.statusCode, 200)
  const streamEnded = new Promise<void>((resolve) => stream.resume().once('end', resolve))

  const known = await call('/v1/mailbox', { certificate: client })
  t.match(known, { status: 200, body: { items: [] }, headers: { 'strict-transport-security': /max-age/ } })
  t.match((await call('/v1/mailbox', { certificate: stranger })).body, { code: 'LT_AUTH_CERTIFICATE_UNKNOWN' })
  t.match((await call('/v1/mailbox')).body, { code: 'LT_AUTH_REQUIRED' })

  const tokenFor = async (audience: string): Promise<Awaited<ReturnType<typeof call>>> => {
    const assertion = await new SignJWT({})
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer('demo-h26')
      .setSubject('demo-h26')
      .setAudience(`${audience}/v1/token`)
      .setExpirationTime('1m')
      .setJti(randomUUID())
      .sign(createPrivateKey(world.systems['demo-h26']?.clientKeyPem as string))
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    })
    return call('/v1/token', { form })
  }
  t.match((await tokenFor(`http://127.0.0.1:${port}`)).body, { code: 'LT_AUTH_ASSERTION_CLAIM' })
  const { body } = await tokenFor(`https://127.0.0.1:${port}`)
  t.match(await call('/v1/mailbox', { token: body.access_token }), { status: 200 })

  t.notOk(stream.readableEnded)
  await revokeCertificate(world.operator, fingerprint)
  await streamEnded
  t.match((await call('/v1/mailbox', { certificate: client })).body, { code: 'LT_AUTH_CERTIFICATE_UNKNOWN' })
})
