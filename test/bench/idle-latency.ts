// How long a document takes on an idle system: from the first byte sent to the receiver's notice, and to its lease.
// node --import=tsx test/bench/idle-latency.ts [build folder, default build] [documents, default 300]
import { setTimeout as sleep } from 'node:timers/promises'
import { startBenchAxis } from './bench-axis.ts'
import { HttpConnection } from './http-connection.ts'
import { listenEvents } from './listen-events.ts'
import { makePackets } from './make-packets.ts'
import { percentiles } from './percentiles.ts'
import { loadAverage } from './process-cost.ts'
import { readPackets } from './read-packets.ts'

const [build = 'build', wanted = '300'] = process.argv.slice(2)
/** Not measured: code that runs for the first time. */
const WARM = 50
/** No two documents are under way at once. */
const PAUSE_MS = 50

await using axis = await startBenchAxis({ build })
const files = await makePackets(axis, { count: Number(wanted) + WARM, bytes: 5120, key: 'rsa' })
const packets = files.flatMap(readPackets)
const [sender, ...receivers] = await Promise.all(
  axis.systems.map(async ({ systemCode, agencyCode }) => ({
    agencyCode,
    token: await axis.token(systemCode),
    connection: new HttpConnection(axis.port),
  })),
)
if (!sender) throw new Error('no demo systems')
let noticed = (): void => undefined
const streams = await Promise.all(
  receivers.map(({ token }) => listenEvents(axis.port, token, (event) => event === 'mailbox' && noticed())),
)
await sleep(500)

const before = loadAverage()
const times = { accepted: [] as number[], noticed: [] as number[], leased: [] as number[] }
for (const [n, packet] of packets.entries()) {
  const code = /<edXML:To>\s*<edXML:OrganId>([^<]+)</.exec(packet.toString())?.[1]
  const receiver = receivers.find(({ agencyCode }) => agencyCode === code)
  if (!receiver) throw new Error(`nobody receives for ${code}`)
  const notice = new Promise<number>((resolve) => {
    noticed = () => resolve(performance.now())
  })
  const start = performance.now()
  const submitted = await sender.connection.request(
    'POST',
    '/v1/dispatches',
    sender.token,
    'application/edxml+xml',
    packet,
  )
  if (submitted.status !== 202) throw new Error(`submit ${submitted.status}: ${submitted.body}`)
  const accepted = performance.now()
  const heard = await notice
  const leased = await receiver.connection.request(
    'POST',
    '/v1/mailbox/lease',
    receiver.token,
    'application/json',
    Buffer.from('{"max":10}'),
  )
  const { items } = JSON.parse(leased.body.toString()) as { items: { lease: string; item: { consignment: string } }[] }
  if (items.length !== 1) throw new Error(`a notice, and ${items.length} consignments`)
  const end = performance.now()
  if (n >= WARM) {
    times.accepted.push(accepted - start)
    times.noticed.push(heard - start)
    times.leased.push(end - start)
  }
  const body = Buffer.from(
    JSON.stringify({ items: items.map(({ lease, item }) => ({ lease, consignment: item.consignment })) }),
  )
  await receiver.connection.request('POST', '/v1/mailbox/acknowledge', receiver.token, 'application/json', body)
  await sleep(PAUSE_MS)
}
console.log(
  `${times.leased.length} documents one after the other, load average ${before} to ${loadAverage()}; milliseconds from the start of the submission`,
)
for (const [name, values] of Object.entries(times)) {
  const { p50, p95, p99 } = percentiles(values)
  console.log(`  ${name.padEnd(9)} p50 ${p50}  p95 ${p95}  p99 ${p99}`)
}
for (const { connection } of [sender, ...receivers]) connection.close()
for (const close of streams) close()
