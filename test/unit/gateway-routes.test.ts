import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { buildHttpServer } from '../../libs/http/index.ts'
import { createLogger } from '../../libs/runtime/index.ts'
import { CALLER } from '../../services/gateway/auth/caller.ts'
import type { Gateway } from '../../services/gateway/gateway.ts'
import { createStreamPlaces } from '../../services/gateway/routes/stream-places.ts'
import { registerWatchEvents } from '../../services/gateway/routes/watch-events.ts'

const log = createLogger('routes-test', { level: 'silent' })

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
  let watchers = 0
  const add = (): (() => void) => {
    watchers += 1
    return () => (watchers -= 1)
  }
  const gateway = {
    log,
    pool: { query: () => Promise.reject(new Error('none')) },
    registry: { agenciesOf: () => ['H26'], system: () => ({}), certificate: () => undefined },
    mailboxFloor: () => undefined,
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
    request.setDecorator(CALLER, { systemId: 's', systemCode: 'hub', credential })
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
  await answer.body?.cancel()
})
