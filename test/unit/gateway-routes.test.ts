import { once } from 'node:events'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import type { BusError } from '../../libs/errors/index.ts'
import { buildHttpServer } from '../../libs/http/index.ts'
import { createLogger } from '../../libs/runtime/index.ts'
import { CALLER, type Caller, type Credential } from '../../services/gateway/auth/caller.ts'
import type { Gateway } from '../../services/gateway/gateway.ts'
import { endWhenShutOut } from '../../services/gateway/routes/end-when-shut-out.ts'
import { createStreamPlaces } from '../../services/gateway/routes/stream-places.ts'
import { registerWatchEvents } from '../../services/gateway/routes/watch-events.ts'

const log = createLogger('routes-test', { level: 'silent' })
const CALLING = { systemId: 's', systemCode: 'hub', traffic: 'real' } as unknown as Caller

t.test('a place is left when its stream has ended, and when it could not be opened', async (t) => {
  const places = createStreamPlaces(1)
  let end = (): void => undefined
  const open = (): { closed: Promise<void> } => ({ closed: new Promise((resolve) => (end = resolve)) })
  t.throws(
    () =>
      places.hold('a', () => {
        throw new Error('no')
      }),
    { message: 'no' },
  )
  places.hold('a', open)
  t.throws(() => places.hold('a', open), { code: 'LT_HTTP_TOO_MANY_STREAMS' })
  end()
  await turn()
  places.hold('a', open)
})

t.test('an event stream whose caller left before it was opened keeps nothing', { timeout: 10_000 }, async (t) => {
  let [watchers, seen] = [0, 0]
  const add = (): (() => void) => {
    watchers += 1
    return () => (watchers -= 1)
  }
  const gateway = {
    log,
    pool: { query: () => Promise.reject(new Error('none')) },
    registry: { agenciesOf: () => ['H26'], system: () => ({}), certificate: () => undefined },
    mailboxFloor: () => undefined,
    seen: { note: () => undefined, notePoll: () => (seen += 1) },
    mailboxes: { add },
    notices: { add },
  } as unknown as Gateway
  const credential = { via: 'token', expiresAt: Number.POSITIVE_INFINITY }
  const server = await buildHttpServer({
    name: 'routes',
    log,
    bodyLimit: 1_000,
    requestTimeoutMs: 10_000,
    headersTimeoutMs: 10_000,
    maxHeaderBytes: 16_384,
  })
  server.decorateRequest(CALLER, null)
  let leave: (() => void) | undefined
  let opened = 0
  server.addHook('onRequest', async (request) => {
    request.setDecorator(CALLER, { ...CALLING, credential })
    if (!leave) return
    // What proves the caller takes its time.
    leave()
    await once(request.raw.socket, 'close')
    await turn()
    opened += 1
  })
  registerWatchEvents(server, gateway)
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => server.close())
  for (let count = 1; count <= 64; count++) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    leave = () => void socket.destroy()
    socket.write('GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n')
    while (opened < count) await sleep(2)
  }
  await sleep(20)
  t.equal(watchers, 0)
  leave = undefined
  const answer = await fetch(`${url}/v1/events`)
  t.equal(answer.status, 200, 'and no place')
  t.equal(watchers, 2)
  seen = 0
  while (seen < 1) await sleep(50)
  t.equal(watchers, 2, 'who only listens is seen again and again')
  await answer.body?.cancel()
})

t.test('a download ends with suspension or revocation, not with the token', { timeout: 10_000 }, async (t) => {
  const day = 86_400_000
  const row = {
    purpose: 'tls',
    ownerKind: 'system',
    ownerCode: 'hub',
    validFrom: new Date(Date.now() - day),
    validTo: new Date(Date.now() + day),
    revokedAt: null as Date | null,
  }
  const system = { code: 'hub', suspendedAt: null as Date | null }
  const directory = { system: () => system, certificate: () => row } as unknown as Gateway['registry']
  // What looks at downloads keeps no process alive.
  const alive = setInterval(() => undefined, 1_000)
  t.teardown(() => clearInterval(alive))
  const download = (credential: Credential): { stream: Readable; ended: Promise<string | undefined> } => {
    const stream = new Readable({ read: () => undefined })
    const ended = new Promise<string | undefined>((resolve) => {
      stream.on('error', (error: BusError) => resolve(error.code))
      stream.on('close', () => resolve(undefined))
    })
    endWhenShutOut(stream, directory, { ...CALLING, credential })
    return { stream, ended }
  }
  const byCertificate = download({ via: 'mtls', fingerprint: 'f' })
  const byToken = download({ via: 'token', expiresAt: Date.now() - 1_000 })
  await sleep(700)
  t.notOk(byCertificate.stream.destroyed)
  row.revokedAt = new Date()
  t.equal(await byCertificate.ended, 'LT_AUTH_CERTIFICATE_UNKNOWN')
  t.notOk(byToken.stream.destroyed, 'a token counts when the download begins')
  system.suspendedAt = new Date()
  t.equal(await byToken.ended, 'LT_AUTH_SUSPENDED')
  const whole = download({ via: 'token', expiresAt: 0 })
  whole.stream.destroy()
  t.equal(await whole.ended, undefined)
})
