import { once } from 'node:events'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type Bus, connectBus, type WorkMessage } from '../../libs/bus/index.ts'
import { createLogger } from '../../libs/runtime/index.ts'
import { freePort, type ServiceRole, startNats, type TestNats } from '../harness/harness.ts'

const log = createLogger('test', { level: process.env.LOG_LEVEL ?? 'silent' })
const SUBJECT = 'lt.dispatch.accepted.normal'
const LANE = { stream: 'DISPATCH', durable: 'routing-normal', filterSubject: SUBJECT, batch: 50 } as const
const text = (message: { data: Uint8Array }): string => Buffer.from(message.data).toString()
const bytes = (value: string): Uint8Array => Buffer.from(value)

async function open(t: Test, nats: TestNats, role: ServiceRole): Promise<Bus> {
  const bus = await connectBus({ url: nats.url(role), name: `test ${role}`, signal: new AbortController().signal, log })
  t.teardown(() => bus.close())
  return bus
}

/** A consumer that remembers what it got, and lets a test wait for a number of messages. */
function collect(t: Test, bus: Bus, handler?: (messages: readonly WorkMessage[]) => Promise<void>) {
  const got: string[] = []
  const stopping = new AbortController()
  const seen = new EventTarget()
  const done = bus.consumeWork({
    ...LANE,
    signal: stopping.signal,
    async handler(messages) {
      await handler?.(messages)
      got.push(...messages.map(text))
      seen.dispatchEvent(new Event('more'))
    },
  })
  const stop = async (): Promise<void> => {
    stopping.abort()
    await done
  }
  t.teardown(stop)
  const until = async (count: number): Promise<string[]> => {
    const signal = AbortSignal.timeout(30_000)
    while (got.length < count) await once(seen, 'more', { signal })
    return got
  }
  return { got, until, stop }
}

async function publishAll(bus: Bus, from: number, to: number): Promise<void> {
  await Promise.all(Array.from({ length: to - from }, (_, i) => bus.publishWork(SUBJECT, bytes(`d${from + i}`))))
}
const names = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `d${from + i}`)
/** Server reconnects are awaited by their event, never by the clock. */
const reconnected = (bus: Bus): Promise<void> => new Promise((resolve) => void bus.onReconnect(resolve))
const untilTrue = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  for (let i = 0; i < 1500 && !(await condition()); i++) await sleep(20)
}

t.test('work goes from one role to another, in order, in batches, once', async (t) => {
  const nats = await startNats(t)
  const [gateway, routing] = [await open(t, nats, 'gateway'), await open(t, nats, 'routing')]
  await routing.ensureStreams()
  await routing.ensureStreams()
  const sizes: number[] = []
  const consumer = collect(t, routing, async (messages) => void sizes.push(messages.length))
  await publishAll(gateway, 0, 500)
  t.strictSame(await consumer.until(500), names(0, 500), 'all of them in the order of their publisher')
  t.ok(sizes.length < 250, `handed over in batches (${sizes.length} calls)`)
  t.ok(
    sizes.every((size) => size <= LANE.batch),
    'never more than a batch',
  )

  await gateway.publishWork(SUBJECT, bytes('twice'), { msgId: 'id-1' })
  await gateway.publishWork(SUBJECT, bytes('twice'), { msgId: 'id-1' })
  await gateway.publishWork(SUBJECT, bytes('plain'))
  await gateway.publishWork(SUBJECT, bytes('plain'))
  t.strictSame(
    (await consumer.until(503)).slice(500),
    ['twice', 'plain', 'plain'],
    'an id is taken once; without an id nothing is dropped',
  )

  await consumer.stop()
  const second = collect(t, routing)
  await gateway.publishWork(SUBJECT, bytes('last'))
  t.strictSame(await second.until(1), ['last'], 'what was acknowledged does not come again')
})

t.test('a handler that fails gets the work again; an untaken message goes to the next consumer at once', async (t) => {
  const nats = await startNats(t)
  const routing = await open(t, nats, 'routing')
  await routing.ensureStreams()
  let failures = 0
  const failing = collect(t, routing, async () => {
    if (failures++ === 0) throw new Error('the database is away')
  })
  await publishAll(routing, 0, 3)
  t.strictSame((await failing.until(3)).toSorted(), names(0, 3))
  t.ok(failures > 1)

  let release = (): void => undefined
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const begun = new EventTarget()
  const stopping = failing.stop()
  await stopping
  const slow = collect(t, routing, async (messages) => {
    begun.dispatchEvent(new Event('begun'))
    await held
    messages[0]?.nak(0)
  })
  const started = once(begun, 'begun')
  await publishAll(routing, 3, 4)
  await started
  await publishAll(routing, 4, 40)
  const next = collect(t, await open(t, nats, 'routing'))
  const stopped = slow.stop()
  release()
  await stopped
  const all = new Set([...(await next.until(37 - slow.got.length + 1)), ...slow.got])
  t.equal(all.size, 37, 'everything was handled by one or the other')
  t.ok(next.got.includes('d3'), 'what a handler gave back came again')
})

t.test('NATS wiped in the middle: streams are made again and consumers go on by themselves', async (t) => {
  const nats = await startNats(t)
  const routing = await open(t, nats, 'routing')
  await routing.ensureStreams()
  const consumer = collect(t, routing)
  await publishAll(routing, 0, 10)
  await consumer.until(10)

  const back = reconnected(routing)
  await nats.wipe()
  await back
  await t.rejects(routing.publishWork(SUBJECT, bytes('x')), { code: 'LT_DLV_BUS_UNAVAILABLE' }, 'no stream takes it')
  await routing.ensureStreams()
  await publishAll(routing, 10, 20)
  t.strictSame(await consumer.until(20), names(0, 20))
})

t.test('consumers may come before the stream', async (t) => {
  const nats = await startNats(t)
  const routing = await open(t, nats, 'routing')
  const consumer = collect(t, routing)
  await t.rejects(routing.publishWork(SUBJECT, bytes('x')), { code: 'LT_DLV_BUS_UNAVAILABLE' })
  await routing.ensureStreams()
  await publishAll(routing, 0, 1)
  t.strictSame(await consumer.until(1), ['d0'])
})

t.test('NATS killed and started again', async (t) => {
  const nats = await startNats(t)
  const [routing, gateway] = [await open(t, nats, 'routing'), await open(t, nats, 'gateway')]
  await routing.ensureStreams()
  const consumer = collect(t, routing)
  const wakeUps: string[] = []
  const stopListening = gateway.subscribe('lt.consignment.available.H26.>', (subject) => wakeUps.push(subject))
  await publishAll(gateway, 0, 5)
  await consumer.until(5)

  await nats.kill()
  await untilTrue(() => !gateway.connected && !routing.connected)
  t.equal(gateway.publish('lt.audit.pending'), false, 'a wake-up that cannot be sent says so')
  await t.rejects(
    gateway.publishWork(SUBJECT, bytes('x')),
    { code: 'LT_DLV_BUS_UNAVAILABLE' },
    'refused at once, not kept in memory',
  )
  await t.rejects(routing.ensureStreams(), { code: 'LT_DLV_BUS_UNAVAILABLE' })

  const back = Promise.all([reconnected(gateway), reconnected(routing)])
  await nats.start()
  await back
  await publishAll(gateway, 5, 10)
  t.strictSame(await consumer.until(10), names(0, 10), 'the stream survived on disk')
  t.equal(routing.publish('lt.consignment.available.H26.01'), true)
  await untilTrue(() => wakeUps.length > 0)
  t.strictSame(wakeUps, ['lt.consignment.available.H26.01'], 'subscriptions survive too')
  stopListening()
  routing.publish('lt.consignment.available.H26.02')
  routing.publish('lt.audit.pending')
  await publishAll(gateway, 10, 11)
  await consumer.until(11)
  t.equal(wakeUps.length, 1, 'no more after the listener stopped')
})

t.test('a service starts without NATS and finds it later', async (t) => {
  const port = await freePort()
  const nowhere = await connectBus({
    url: `nats://gateway:x@127.0.0.1:${port}`,
    name: 'early',
    signal: new AbortController().signal,
    log,
  })
  t.equal(nowhere.connected, false)
  t.equal(nowhere.publish('lt.audit.pending'), false)
  await nowhere.close()

  const nats = await startNats(t)
  await nats.stop()
  const gateway = await open(t, nats, 'gateway')
  t.equal(gateway.connected, false)
  const woken = new Promise<string>(
    (resolve) => void gateway.subscribe('lt.registry.changed', (_, data) => resolve(text({ data }))),
  )
  const back = reconnected(gateway)
  await nats.start()
  await back
  t.equal((await open(t, nats, 'console')).publish('lt.registry.changed', '42'), true)
  t.equal(await woken, '42')
})

t.test('what waits is counted by subject', async (t) => {
  const nats = await startNats(t)
  const routing = await open(t, nats, 'routing')
  t.same([...(await routing.ensureStreams())], [])
  for (let n = 0; n < 3; n++) await routing.publishWork('lt.dispatch.accepted.normal', bytes(String(n)))
  await routing.publishWork('lt.dispatch.accepted.urgent', bytes('u'))
  t.same(
    new Map(await routing.ensureStreams()),
    new Map([
      ['lt.dispatch.accepted.normal', 3],
      ['lt.dispatch.accepted.urgent', 1],
    ]),
  )
})

t.test('what a server that was killed forgot to remove does not stay, and later work goes on', async (t) => {
  const nats = await startNats(t)
  const routing = await open(t, nats, 'routing')
  await routing.ensureStreams()
  await publishAll(routing, 0, 3)
  const messages = join(nats.dataDir, 'jetstream/LT/streams/DISPATCH/msgs')
  const aside = `${messages}.aside`
  const restart = async (meanwhile: () => void): Promise<void> => {
    await nats.kill()
    meanwhile()
    const back = reconnected(routing)
    await nats.start()
    await back
  }
  await restart(() => cpSync(messages, aside, { recursive: true }))
  const consumer = collect(t, routing)
  await consumer.until(3)
  await untilTrue(async () => (await routing.ensureStreams()).size === 0)
  // The server writes down what a consumer acknowledged a moment later.
  await sleep(1000)
  // The acknowledgements were on disk, the removals were not.
  await restart(() => {
    rmSync(messages, { recursive: true })
    cpSync(aside, messages, { recursive: true })
  })
  await sleep(300)
  await routing.ensureStreams()
  t.same(await routing.ensureStreams(), new Map(), 'nothing lies there that nobody gets')
  await publishAll(routing, 3, 6)
  t.same(await consumer.until(6), names(0, 6), 'nothing twice')
  // A stream that came back older than what was handed out of it: its next messages have numbers that lie below.
  await publishAll(routing, 6, 40)
  await consumer.until(40)
  await sleep(1000)
  await restart(() => {
    rmSync(messages, { recursive: true })
    cpSync(aside, messages, { recursive: true })
  })
  await publishAll(routing, 40, 43)
  await routing.ensureStreams()
  await untilTrue(() => names(40, 43).every((name) => consumer.got.includes(name)))
  t.ok(
    names(40, 43).every((name) => consumer.got.includes(name)),
    'what comes next is handed out',
  )
})

t.test('each role has its own rights and no others', async (t) => {
  const nats = await startNats(t)
  const [gateway, routing, delivery, receipts, audit] = await Promise.all(
    (['gateway', 'routing', 'delivery', 'receipts', 'audit'] as const).map((role) => open(t, nats, role)),
  )
  await routing?.ensureStreams()
  await t.rejects(
    gateway?.ensureStreams() as Promise<unknown>,
    { code: 'LT_DLV_BUS_UNAVAILABLE' },
    'only routing makes streams',
  )
  await t.rejects(receipts?.publishWork(SUBJECT, bytes('x')) as Promise<void>, { code: 'LT_DLV_BUS_UNAVAILABLE' })
  await t.rejects(gateway?.publishWork('lt.consignment.push.normal.H26', bytes('x')) as Promise<void>, {
    code: 'LT_DLV_BUS_UNAVAILABLE',
  })
  await delivery?.publishWork('lt.consignment.push.normal.H26', bytes('x'))

  const heard: string[] = []
  audit?.subscribe('lt.audit.pending', () => heard.push('audit'))
  receipts?.subscribe('lt.audit.pending', () => heard.push('receipts'))
  gateway?.subscribe('_INBOX_routing.>', () => heard.push('gateway'))
  await sleep(100)
  gateway?.publish('lt.audit.pending')
  await untilTrue(() => heard.length > 0)
  await routing?.ensureStreams()
  t.strictSame(heard, ['audit'], 'nobody reads what is not meant for it')
})

t.test('a bus whose server is frozen still closes in time', async (t) => {
  const nats = await startNats(t)
  const gateway = await open(t, nats, 'gateway')
  nats.freeze()
  const begun = performance.now()
  await gateway.close()
  t.ok(performance.now() - begun < 5000)
  nats.resume()
})

t.test('a handler that is slow is no reason to start over', async (t) => {
  const nats = await startNats(t)
  const lines: string[] = []
  const stopping = new AbortController()
  const own = createLogger('test', { level: 'info', stream: { write: (line: string) => void lines.push(line) } })
  const routing = await connectBus({ url: nats.url('routing'), name: 'slow', signal: stopping.signal, log: own })
  t.teardown(() => routing.close())
  await routing.ensureStreams()
  await publishAll(routing, 0, 3)
  const got: string[] = []
  const enough = new Promise<void>((resolve) => {
    void routing.consumeWork({
      ...LANE,
      batch: 1,
      signal: stopping.signal,
      async handler(messages) {
        // Longer than a request stays open: the next message lies here meanwhile.
        if (got.length === 0) await sleep(6_500)
        got.push(...messages.map(text))
        if (got.length === 3) resolve()
      },
    })
  })
  await enough
  t.strictSame(got.toSorted(), names(0, 3))
  t.notMatch(lines.join(''), /starts over/)
  stopping.abort()
})
