import { randomBytes } from 'node:crypto'
import { get, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'

import { createAccessTokens } from '../../services/gateway/auth/access-token.ts'
import { addressesAt } from '../../services/gateway/auth/addresses.ts'
import { loadTokenKey } from '../../services/gateway/auth/token-key.ts'
import { resumeSystem, suspendSystem } from '../harness/operators.ts'
import { fetchToken, startWorld } from '../harness/world.ts'

const world = await startWorld(t)
const tokenOf = (system: string): Promise<string> =>
  fetchToken(world.baseUrl, world.systems[system] as NonNullable<(typeof world.systems)[string]>)

/** An open answer; nothing of it is read before it is told to. */
function open(path: string, token: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(world.baseUrl + path, { headers: { authorization: `Bearer ${token}` }, agent: false }, resolve).on(
      'error',
      reject,
    )
  })
}

/** Resolves at the end of an answer: whether it came whole. */
function ended(answer: IncomingMessage): Promise<boolean> {
  return new Promise((resolve) => {
    answer.on('error', () => undefined)
    answer.once('close', () => resolve(answer.complete))
  })
}

t.test('an event stream ends with the token it was opened with', async (t) => {
  const leftMs = 3_000
  const clock = { now: () => new Date(Date.now() - 300_000 + leftMs) }
  const tokens = createAccessTokens(loadTokenKey(world.servers.keyDir), addressesAt(world.baseUrl), clock)
  const begun = performance.now()
  const [short, long] = await Promise.all([
    open('/v1/events', await tokens.issue('demo-g12')),
    open('/v1/events', await tokenOf('demo-g12')),
  ])
  t.same([short.statusCode, long.statusCode], [200, 200])
  for (const each of [short, long]) each.resume()
  t.ok(await ended(short), 'in order, as an answer that is over')
  const tookMs = performance.now() - begun
  t.ok(tookMs < leftMs + 2_000, `after ${Math.round(tookMs)} ms`)
  t.notOk(long.closed, 'a token that is still good keeps its stream')
  long.destroy()
})

t.test('a system has so many event streams and no more, and a place that is left can be taken', async (t) => {
  const token = await tokenOf('demo-h53')
  const streams: IncomingMessage[] = []
  for (;;) {
    const answer = await open('/v1/events', token)
    if (answer.statusCode !== 200) {
      t.equal(answer.statusCode, 429)
      t.match(answer.headers['retry-after'], /^\d+$/)
      t.match(JSON.parse(Buffer.concat(await answer.toArray()).toString()), {
        code: 'LT_HTTP_TOO_MANY_STREAMS',
        retry: 'later',
        params: { limit: streams.length },
      })
      break
    }
    answer.resume()
    streams.push(answer)
    if (streams.length > 500) break
  }
  t.ok(streams.length >= 10 && streams.length <= 100, `${streams.length} streams`)
  const other = await open('/v1/events', await tokenOf('demo-h26'))
  t.equal(other.statusCode, 200, 'another system has its own')
  other.destroy()
  streams.pop()?.destroy()
  const again = await world.until(async () => {
    const answer = await open('/v1/events', token)
    if (answer.statusCode === 200) return answer
    answer.resume()
    return undefined
  })
  for (const each of [...streams, again]) each.destroy()
})

t.test('a download that is under way ends with the suspension', async (t) => {
  const bytes = Buffer.concat([Buffer.from('%PDF-1.4\n'), randomBytes(24 * 1024 * 1024)])
  const attachments = [{ contentId: 'tb-1', name: 'lon.pdf', mediaType: 'application/pdf', bytes }]
  const { status, body } = await world.submit('demo-g12', world.packet('demo-g12', ['H26'], { attachments }))
  t.equal(status, 202)
  const [leased] = await world.until(async () => {
    const answer = await world.call('demo-h26', 'POST', '/v1/mailbox/lease', { body: {} })
    return answer.body.items.length > 0 && answer.body.items
  })
  t.equal(leased.item.dispatch, body.dispatch)
  const path = `/v1/consignments/${leased.item.consignment}/parts/0?lease=${leased.lease}`
  const token = await tokenOf('demo-h26')
  const download = await open(path, token)
  t.equal(download.statusCode, 200)
  const over = ended(download)
  let got = 0
  let pauseMs = 50
  download.on('data', (chunk: Buffer) => {
    got += chunk.length
    // As slow as a bad line, never silent.
    download.pause()
    setTimeout(() => download.resume(), pauseMs)
  })
  await world.until(async () => got > 0)
  await suspendSystem(world.operator, 'demo-h26', 'thử nghiệm')
  await sleep(3_000)
  // What had left the axis by then still comes out of the line.
  pauseMs = 0
  t.notOk(await over)
  t.ok(got < bytes.length, `${got} bytes had left`)
  await resumeSystem(world.operator, 'demo-h26')
})
