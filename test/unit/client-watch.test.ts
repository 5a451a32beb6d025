import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { type AxisEvent, createClient } from '../../libs/client/index.ts'

t.test('watch: a slow reader hears of each mailbox once and of all dispatches', async (t) => {
  const text = Array.from({ length: 500 }, (_, at) => {
    const mailbox = `event: mailbox\ndata: {"agency":"H${at % 3}"}\n\n`
    return `${mailbox}event: dispatch\ndata: {"dispatches":["d-${at % 100}"]}\n\n`
  })
  let written = false
  const axis = createServer((request, response) => {
    if (request.url === '/v1/token') {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ access_token: 'x', expires_in: 300 }))
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(text.join(''), () => {
      written = true
    })
  })
  await new Promise<void>((resolve) => axis.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    axis.closeAllConnections()
    axis.close()
  })
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const baseUrl = `http://127.0.0.1:${(axis.address() as AddressInfo).port}`
  const stopping = new AbortController()
  const events: AxisEvent[] = []
  for await (const event of createClient({ baseUrl, systemCode: 's', key: privateKey }).watch(stopping.signal)) {
    events.push(event)
    // Everything comes while the first notice is still being handled.
    while (!written) await sleep(20)
    if (events.length === 1) await sleep(300)
    if (event.kind === 'dispatch') stopping.abort()
  }
  const mailboxes = events.flatMap((event) => (event.kind === 'mailbox' ? [event.agency] : []))
  t.same(mailboxes.toSorted(), ['H0', 'H1', 'H2'])
  const dispatches = events.flatMap((event) => (event.kind === 'dispatch' ? event.dispatches : []))
  t.equal(new Set(dispatches).size, 100)
  t.equal(dispatches.length, 100)
})
