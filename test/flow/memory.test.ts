import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { envelopePart, filePart, multipart, signedEnvelope } from '../harness/detached.ts'
import { watchMemory } from '../harness/memory.ts'
import { inParallel, signParcels } from '../harness/traffic.ts'
import { fetchToken, SMALL_PDF, sha256, startWorld, type World } from '../harness/world.ts'

// A machine that does other things as well needs its time.
t.setTimeout(400_000)

const MIB = 1024 * 1024
const BOUND = 64 * MIB
/** Its Base64 makes a packet of just under 50 MiB, the most an inline one may have. */
const INLINE_FILE_BYTES = 39_200_000
/** More than the bound, so that one that is held in memory cannot stay below it. */
const DETACHED_FILE_BYTES = 128 * MIB
const mib = (bytes: number): string => (bytes / MIB).toFixed(1)

function bigFile(size: number): Buffer {
  return Buffer.concat([SMALL_PDF, randomBytes(size - SMALL_PDF.length)])
}

/** Runs `work` and asserts what the gateway's resident memory does meanwhile. */
async function bounded<T>(t: Test, world: World, what: string, work: () => Promise<T>): Promise<T> {
  const watch = watchMemory(world.processOf('gateway').pid)
  const begun = performance.now()
  const result = await work()
  const ms = performance.now() - begun
  // What the collector leaves for later counts too.
  await sleep(200)
  const { peak, growth } = watch.stop()
  t.comment(
    `FIGURES ${what}: RSS ${mib(watch.before)} → peak ${mib(peak)} MiB, growth ${mib(growth)} MiB, ${ms.toFixed(0)} ms`,
  )
  t.ok(growth < BOUND, `${what}: grows by ${mib(growth)} of at most ${mib(BOUND)} MiB`)
  return result
}

interface Leased {
  readonly consignment: string
  readonly lease: string
}

async function lease(world: World, dispatch: string): Promise<Leased> {
  return await world.until(async () => {
    const { body } = await world.call('demo-h26', 'POST', '/v1/mailbox/lease', { body: { max: 500, seconds: 600 } })
    for (const { lease, item } of body.items)
      if (item.dispatch === dispatch) return { consignment: item.consignment, lease }
    return undefined
  })
}

/** Fetches a part as a slow receiver does: it takes the first bytes, and the others a second later. */
async function fetchSlowly(world: World, { consignment, lease }: Leased, ordinal: number): Promise<Buffer> {
  const token = await fetchToken(
    world.baseUrl,
    world.systems['demo-h26'] as { systemCode: string; clientKeyPem: string },
  )
  const response = await fetch(`${world.baseUrl}/v1/consignments/${consignment}/parts/${ordinal}?lease=${lease}`, {
    headers: { authorization: `Bearer ${token}` },
  })
  const chunks: Uint8Array[] = []
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    if (chunks.length === 0) await sleep(1_000)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

async function warmWorld(t: Test): Promise<World> {
  const world = await startWorld(t, { processes: ['gateway'] })
  await inParallel(signParcels(world, 60), 4, ({ system, packet }) => world.submit(system, packet))
  return world
}

t.test('the memory of the gateway does not grow with an inline attachment, signed over the whole packet', async (t) => {
  const world = await warmWorld(t)
  const file = bigFile(INLINE_FILE_BYTES)
  const packet = world.packet('demo-g12', ['H26'], {
    attachments: [{ contentId: 'lon-1', name: 'lon.pdf', mediaType: 'application/pdf', bytes: file }],
  })
  t.ok(packet.length > 49 * MIB && packet.length <= 50 * MIB, `a packet of ${mib(packet.length)} MiB`)
  const { status, body } = await bounded(t, world, `submit ${mib(packet.length)} MiB inline`, () =>
    world.submit('demo-g12', packet),
  )
  t.equal(status, 202, body.code)
  t.equal(body.signature.verdict, 'valid')
  t.equal(body.contentHash, sha256(packet).toString('hex'))
  const leased = await lease(world, body.dispatch)
  const whole = await bounded(t, world, 'fetch the packet', () => fetchSlowly(world, leased, 0))
  t.ok(whole.equals(packet), 'byte for byte')
  const decoded = await bounded(t, world, 'fetch its attachment decoded', () => fetchSlowly(world, leased, 1))
  t.ok(decoded.equals(file), 'byte for byte')
})

t.test('the memory of the gateway does not grow with a detached attachment', async (t) => {
  const world = await warmWorld(t)
  const file = {
    contentId: 'lon-2',
    name: 'lon.pdf',
    mediaType: 'application/pdf',
    bytes: bigFile(DETACHED_FILE_BYTES),
  }
  const { body: bytes, headers } = multipart([
    envelopePart(signedEnvelope(world, 'demo-g12', ['H26'], [file])),
    filePart(file),
  ])
  const { status, body } = await bounded(t, world, `submit ${mib(DETACHED_FILE_BYTES)} MiB detached`, () =>
    world.submit('demo-g12', bytes, headers),
  )
  t.equal(status, 202, body.code)
  t.equal(body.signature.verdict, 'valid')
  const fetched = await bounded(t, world, 'fetch it', async () =>
    fetchSlowly(world, await lease(world, body.dispatch), 1),
  )
  t.ok(fetched.equals(file.bytes), 'byte for byte')
})
