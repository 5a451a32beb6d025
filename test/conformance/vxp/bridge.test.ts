import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { addAgency } from '../../../libs/registry/index.ts'
import { processEnvironment } from '../../../libs/runtime/index.ts'
import { openUpstream } from '../../../libs/vxp/index.ts'
import { openState } from '../../../services/bridge/bridge-state.ts'
import { unlessTaken } from '../../../services/cli/demo/seed.ts'
import { runCli } from '../../../services/cli/run-cli.ts'
import { addOperators } from '../../harness/operators.ts'
import type { Teardown } from '../../harness/teardown.ts'
import { inParallel } from '../../harness/traffic.ts'
import { fetchToken, sha256 } from '../../harness/world.ts'
import { openTraffic, type Traffic } from './bridge-traffic.ts'
import { type BridgeProcess, bridgeOf, bridgeSettings, type Side, startSide } from './bridge-world.ts'
import { openForgetfulAxis } from './forgetful-axis.ts'

const DOCUMENTS = Number(processEnvironment().DOCUMENTS ?? 16)
/** A machine that does other things as well needs its time. */
const PATIENCE_MS = 60_000 + DOCUMENTS * 300

t.setTimeout(PATIENCE_MS + 240_000)

/** A: ministry G12 and Hà Nội H26. B: Tây Ninh H53 with its unit H53.01. */
async function startSides(t: Teardown): Promise<readonly [Side, Side]> {
  return Promise.all([startSide(t, 'axis-b', ['H53']), startSide(t, 'axis-a', ['G12', 'H26', 'H26.01'])])
}

/** By turns: to the other side alone; to both, the own unit under its old code; to two of the other side. */
function sendSome(
  traffic: Traffic,
  [a, b]: readonly [Side, Side],
  count: number,
  before: (i: number) => Promise<void>,
): Promise<void> {
  return inParallel(
    Array.from({ length: count }, (_, i) => i),
    4,
    async (i) => {
      await before(i)
      const fromA = (system: string, to: string[], receivers = to): Promise<void> =>
        traffic.send(a.world, system, a.world.packet(system, to), receivers)
      const fromB = (to: string[], receivers = to): Promise<void> =>
        traffic.send(b.world, 'demo-h53', b.world.packet('demo-h53', to), receivers)
      if (i % 4 === 0) await fromA('demo-g12', ['H53', 'H26'])
      else if (i % 4 === 1) await fromB(['G12', '000.00.01.H53'], ['G12', 'H53.01'])
      else if (i % 4 === 2) await fromA('demo-h26', ['000.00.00.H53'], ['H53'])
      else await fromB(['G12', 'H26'])
    },
  )
}

t.test('two installations, bridged, either side killed meanwhile: nothing lost, nothing twice', async (t) => {
  const sides = await startSides(t)
  const [a, b] = sides
  const toB = bridgeOf(t, a, { url: b.doorUrl, systemId: b.upstream, secret: b.secret })
  await toB.start()
  const traffic = openTraffic()
  t.teardown(() => traffic.stop())
  traffic.receive(a.world, ['demo-g12', 'demo-h26'])
  traffic.receive(b.world, ['demo-h53'])
  const begun = performance.now()
  let kills = 0
  let over = false
  const killing = (async () => {
    for (const victim of victims(sides, toB)) {
      await sleep(300)
      await victim.kill()
      kills += 1
      await sleep(300)
      await victim.start()
      if (over) return
    }
  })()
  const perKill = Math.ceil(DOCUMENTS / 5)
  await sendSome(traffic, sides, DOCUMENTS, async (i) => {
    await a.world.until(async () => kills >= Math.floor(i / perKill), PATIENCE_MS)
  })
  over = true
  await killing
  await a.world.until(async () => traffic.missing() === 0, PATIENCE_MS).catch(() => undefined)
  const seconds = (performance.now() - begun) / 1000
  // What would come twice comes in the next rounds.
  await sleep(2_000)
  t.same(traffic.faults(), [])
  const { documents, statuses, repeats } = traffic.counts
  t.ok(statuses > documents, 'every receiver answered')
  t.comment(
    `FIGURES ${documents} documents and ${statuses} statuses between two installations in ${seconds.toFixed(1)} s, ` +
      `${kills} kills, handed over again ${repeats}`,
  )
  const { rows } = await a.world.eyes.query(
    `select count(*)::int as n from consignment c join dispatch d on d.id = c.dispatch_id where d.sender_code = 'H53' and c.agency_code like 'H53%'`,
  )
  t.equal(rows[0].n, 0, 'what came from the other side has nobody there as a receiver here')

  t.test('two bridges that face each other', async (t) => {
    const toA = bridgeOf(t, b, { url: a.doorUrl, systemId: a.upstream, secret: a.secret })
    await toA.start()
    await sendSome(traffic, sides, 12, async () => undefined)
    await a.world.until(async () => traffic.missing() === 0, PATIENCE_MS).catch(() => undefined)
    await sleep(2_000)
    t.same(traffic.faults(), [])
  })

  t.test('what came from the other axis never goes back, and only its system may choose recipients', async (t) => {
    const submit = (world: Side['world'], token: string, query: string, packet: Buffer): Promise<Response> =>
      fetch(`${world.baseUrl}/v1/dispatches${query}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/edxml+xml' },
        body: packet as Uint8Array<ArrayBuffer>,
      })
    const token = await fetchToken(a.world.baseUrl, {
      systemCode: a.upstream,
      clientKeyPem: readFileSync(a.keyFile, 'utf8'),
    })
    for (const to of ['H53.01', '000.00.01.H53']) {
      const packet = b.world.packet('demo-h53', [to, 'G12'])
      for (const query of ['', `?recipients=${to}`, `?recipients=G12,${to}`]) {
        const answer = await submit(a.world, token, query, packet)
        t.match([answer.status, await answer.json()], [422, { code: 'LT_SUB_LOOP' }], `${to} ${query}`)
      }
    }
    const own = await a.world.call('demo-g12', 'POST', '/v1/dispatches?recipients=H26', {
      body: a.world.packet('demo-g12', ['H26']),
      headers: { 'content-type': 'application/edxml+xml' },
    })
    t.match([own.status, own.body.code], [403, 'LT_SUB_SUBSET_REFUSED'])
  })

  t.test('the directory of the other axis: all that nobody of ours receives for, or nothing', async (t) => {
    await unlessTaken(
      addAgency(b.world.operator, { code: 'H53.77', name: 'Sở Khoa học tỉnh Tây Ninh', source: 'test' }),
    )
    const { admin } = await addOperators(a.world)
    const said: string[] = []
    const stream = { write: (text: string) => said.push(text) } as never
    const environment = {
      ...bridgeSettings(a, { url: b.doorUrl, systemId: b.upstream, secret: b.secret }),
      DATABASE_URL: a.world.servers.database.url('cli'),
      LIENTHONG_OPERATOR: admin,
    }
    const run = (more: Record<string, string> = {}): Promise<number> =>
      runCli(['bridge', 'directory', '--json'], { stdout: stream, stderr: stream }, { ...environment, ...more })
    await a.world.until(async () => {
      said.length = 0
      return (await run()) === 0 && (JSON.parse(said.join('')).added === 1 || undefined)
    })
    const { leftOut } = JSON.parse(said.join(''))
    t.same(leftOut.map(({ code, system }: Record<string, string>) => `${code} ${system}`).sort(), [
      'G12 demo-g12',
      'H26 demo-h26',
      'H26.01 demo-h26',
    ])
    const { rows } = await a.world.eyes.query(`select system_code from front where agency_code = 'H53.77'`)
    t.same(rows, [{ system_code: a.upstream }])
    said.length = 0
    t.not(await run({ UPSTREAM_SECRET: 'wrong' }), 0)
    t.match(said.join(''), 'LT_VXP_NOT_NOW')
  })

  t.test('what another axis answers has its code', async (t) => {
    const { url, systemId, secret } = { url: b.doorUrl, systemId: b.upstream, secret: b.secret }
    const bounds = {
      allowedNetworks: ['127.0.0.0/8'],
      connectTimeoutMs: 5_000,
      timeoutMs: 10_000,
      maxPacketBytes: 1_000,
    }
    const door = openUpstream({ url, systemId, secret, ...bounds })
    const native = openUpstream({ url: b.world.baseUrl, systemId, secret, ...bounds })
    t.teardown(() => Promise.all([door.close(), native.close()]))
    await t.rejects(door.updateStatus('01a21843-80fb-7134-a0a6-e7cac85dbfc3', 'done'), { code: 'LT_VXP_REFUSED' })
    await t.rejects(native.received({ kind: 'document', page: 1 }), { code: 'LT_VXP_UNREADABLE' })
    const state = await openState(t.testdir(), {})
    const long = Readable.from([Buffer.alloc(20)])
    await t.rejects(state.keepPacket('in', 'x', long, 10), { code: 'LT_DLV_ANSWER_TOO_LARGE' })
  })

  t.test('an axis that recognises no repeats gets everything once, and hears of every refusal', async (t) => {
    await toB.kill()
    const other = await openForgetfulAxis()
    t.teardown(() => other.close())
    const bridge = bridgeOf(t, a, { url: other.url, systemId: 'lien-thong', secret: 'secret' }, 'forgetful')
    other.breakAfterTaking = 3
    const packets = Array.from({ length: 6 }, () => a.world.packet('demo-g12', ['H53', 'H53.01', 'H26']))
    for (const packet of packets) t.equal((await a.world.submit('demo-g12', packet)).status, 202)
    const [good, foreign] = [b.world.packet('demo-h53', ['G12', 'H53.01']), b.world.packet('demo-g12', ['H26'])]
    other.waiting.set('good-1', { packet: good, from: 'H53', to: 'G12', kind: 'edoc' })
    other.waiting.set('loop-1', { packet: good, from: 'H53', to: 'H53.01', kind: 'edoc' })
    other.waiting.set('foreign-1', { packet: foreign, from: 'G12', to: 'H26', kind: 'edoc' })
    // Killed between two steps, again and again.
    for (const point of ['bridge-fetched', 'bridge-accepted', 'bridge-told', 'bridge-sent', 'bridge-ended']) {
      await bridge.start({ LIENTHONG_CRASH_AT: point }).catch(() => undefined)
      await bridge.gone(3_000)
    }
    await bridge.start()
    const ended = async (): Promise<number> =>
      (
        await a.world.eyes.query(
          `select count(*)::int as n from consignment c join dispatch d on d.id = c.dispatch_id
            where c.agency_code like 'H53%' and c.state = 'ACKNOWLEDGED' and d.content_hash = any($1)`,
          [packets.map((packet) => sha256(packet))],
        )
      ).rows[0].n
    await a.world.until(async () => (await ended()) === 12 && other.waiting.size === 0, 30_000).catch(() => undefined)
    t.equal(await ended(), 12, 'all of them are acknowledged')
    t.equal(new Set(other.taken.map(({ hash }) => hash)).size, other.taken.length, 'nothing twice, statuses included')
    const documents = other.taken.filter(({ to }) => to.length > 0)
    t.same(
      documents.map(({ hash }) => hash).sort(),
      packets.map((packet) => sha256(packet).toString('hex')).sort(),
      'each was taken once',
    )
    t.same(new Set(documents.map(({ to }) => [...to].sort().join())), new Set(['H53,H53.01']), 'for theirs alone')
    t.ok(other.told.includes('done good-1'))
    t.ok(other.told.some((line) => /^fail loop-1 LT_SUB_LOOP: [ -~]+$/.test(line)))
    t.ok(other.told.some((line) => /^fail foreign-1 LT_AUTH_FOREIGN_AGENCY: [ -~]+$/.test(line)))
    await a.world.until(async () => traffic.copies('G12', good) === 1, 15_000)
  })
})

interface Victim {
  kill(): Promise<void>
  start(): Promise<void>
}

/** Who is killed, one after the other, for as long as documents are on their way. */
function* victims([a, b]: readonly [Side, Side], bridge: BridgeProcess): Generator<Victim> {
  const gateway = ({ world }: Side): Victim => ({
    kill: () => world.processOf('gateway').kill(),
    start: () => world.start('gateway'),
  })
  const rounds = Math.max(1, Math.floor(DOCUMENTS / 200))
  for (let round = 0; round < rounds; round++) {
    yield bridge
    yield gateway(a)
    yield bridge
    yield gateway(b)
  }
}
