// The load run: `make bench`, or node --import=tsx test/bench/hammer.ts --help
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { issueCertificate } from '../../libs/signature/index.ts'
import { startBenchAxis } from './bench-axis.ts'
import { type Floors, measureFloors } from './floors.ts'
import { commit, hardware } from './hardware.ts'
import { type KeyKind, makePackets } from './make-packets.ts'
import { loadAverage, quietMachine } from './process-cost.ts'
import { readPackets } from './read-packets.ts'
import { reportStatements } from './report-statements.ts'
import { LoadRun, type MeasuredPhase } from './run-load.ts'

const HELP = `Load run: signed packets, one recipient each, accepted, routed, fetched, acknowledged, receipted.
  --build DIR      compiled program (default build)
  --seconds N      length of each measured window (default 10)
  --key rsa|ec     signature of the packets: RSA-2048 or ECDSA P-256 (default rsa)
  --bytes N        size of a signed packet (default 5120)
  --packets N      packets signed beforehand (default 30000)
  --connections N  senders in the closed loop (default 64)
  --warm N         seconds before the first window (default 5)
  --quiet N        waits up to N seconds for a quiet machine before each measurement (default 0)
  --statements     prints what the dearest SQL statements cost
  --profile A,B    CPU profiles of these services, into the folder of --out
  --out FILE       results (default test/bench/results/latest.json)`

const { values: options } = parseArgs({
  options: {
    build: { type: 'string', default: 'build' },
    seconds: { type: 'string', default: '10' },
    key: { type: 'string', default: 'rsa' },
    bytes: { type: 'string', default: '5120' },
    packets: { type: 'string', default: '30000' },
    connections: { type: 'string', default: '64' },
    warm: { type: 'string', default: '5' },
    quiet: { type: 'string', default: '0' },
    profile: { type: 'string' },
    statements: { type: 'boolean', default: false },
    out: { type: 'string', default: join(import.meta.dirname, 'results/latest.json') },
    help: { type: 'boolean', default: false },
  },
})
if (options.help) {
  console.log(HELP)
  process.exit(0)
}
const key: KeyKind = options.key === 'ec' ? 'ec' : 'rsa'
const bytes = Number(options.bytes)
const windowMs = Number(options.seconds) * 1000
const connections = Number(options.connections)

await using axis = await startBenchAxis({
  build: options.build,
  statements: options.statements,
  ...(options.profile ? { profile: { services: options.profile.split(','), folder: dirname(options.out) } } : {}),
})
console.log(
  `servers and services run; signing ${options.packets} packets (${key === 'rsa' ? 'RSA-2048' : 'ECDSA P-256'})`,
)
const files = await makePackets(axis, { count: Number(options.packets), bytes, key })
const sample = readPackets(files[0] as string).slice(0, 500)
const signer = await issueCertificate(axis.pki.issuing, { kind: 'agency', commonName: 'floor', algorithm: key })
const patienceMs = Number(options.quiet) * 1000
if (patienceMs > 0 && !(await quietMachine(patienceMs))) console.log('the machine did not become quiet')
const quietLoad = loadAverage()
const floors = await measureFloors(axis.cluster, sample, signer)
console.log(
  `floors: hash+verify per CPU second ${floors.hash_and_verify_per_cpu_s}, per second commits ${floors.commits_per_s}, publishes ${floors.publishes_per_s}`,
)

using load = await LoadRun.start(axis, files, connections)
const closed = await load.phase({ name: 'closed loop', warmMs: Number(options.warm) * 1000, ms: windowMs, connections })
report(closed)
if (options.statements) await reportStatements(axis.cluster, closed.total.receipted)
const rate = Math.max(1, Math.floor(closed.receipted / closed.seconds / 2))
if (patienceMs > 0) await quietMachine(patienceMs)
const open = await load.phase({ name: `open loop, ${rate}/s`, warmMs: 1000, ms: windowMs, rate })
report(open)

const packetBytes = Math.round(sample.reduce((sum, packet) => sum + packet.length, 0) / sample.length)
const result = {
  measured_at: new Date().toISOString(),
  hardware: hardware(),
  commit: commit(),
  load_average: { before: quietLoad, after: loadAverage() },
  floors,
  workloads: [
    describe(`${packetBytes} B signed (${key}), 1 recipient, closed loop of ${connections}`, closed, floors),
    describe(`the same, open loop at half the rate`, open, floors),
  ],
}
mkdirSync(dirname(options.out), { recursive: true })
writeFileSync(options.out, `${JSON.stringify(result, null, 2)}\n`)
console.log(`written to ${options.out}`)
const lost = [closed, open].some(({ total, failures }) => total.accepted !== total.receipted || failures.length > 0)
if (lost) process.exitCode = 1

function describe(name: string, phase: MeasuredPhase, floor: Floors) {
  const receipted = phase.receipted / phase.seconds
  const perDocument = Object.fromEntries(
    Object.entries(phase.cpuMs).map(([process_, ms]) => [process_, round(ms / Math.max(1, phase.receipted), 3)]),
  )
  const { elsewhere: _, ...own } = perDocument
  const grown = Object.fromEntries(
    Object.entries(phase.rss).map(([process_, { begin, peak }]) => [process_, Math.round(peak - begin)]),
  )
  return {
    name,
    accepted_per_s: round(phase.accepted / phase.seconds, 1),
    receipted_per_s: round(receipted, 1),
    p50_ms: phase.acceptMs.p50,
    p95_ms: phase.acceptMs.p95,
    p99_ms: phase.acceptMs.p99,
    receipted_p50_ms: phase.receiptMs.p50,
    receipted_p99_ms: phase.receiptMs.p99,
    cpu_ms_per_doc: {
      total: round(
        Object.values(own).reduce((sum, ms) => sum + ms, 0),
        3,
      ),
      ...perDocument,
    },
    rss_peak_mb: Object.fromEntries(
      Object.entries(phase.rss).map(([process_, { peak }]) => [process_, Math.round(peak)]),
    ),
    rss_growth_mb: grown,
    load_average: phase.loadAverage,
    ratio_to_floor: {
      hash_and_verify: round(receipted / floor.hash_and_verify_per_cpu_s, 4),
      commits: round(receipted / floor.commits_per_s, 4),
      publishes: round(receipted / floor.publishes_per_s, 4),
    },
  }
}

function report(phase: MeasuredPhase): void {
  const { seconds, accepted, receipted, acceptMs, receiptMs, total } = phase
  console.log(`\n${phase.name}, ${seconds} s, load average ${phase.loadAverage}`)
  console.log(
    `  accepted  ${round(accepted / seconds, 1)}/s   p50 ${acceptMs.p50}  p95 ${acceptMs.p95}  p99 ${acceptMs.p99} ms from scheduled arrival`,
  )
  console.log(
    `  receipted ${round(receipted / seconds, 1)}/s   p50 ${receiptMs.p50}  p95 ${receiptMs.p95}  p99 ${receiptMs.p99} ms`,
  )
  console.log(
    `  in all ${total.accepted} accepted, ${total.receipted} receipted${phase.exhausted ? '; packets ran out' : ''}`,
  )
  const costs = Object.entries(phase.cpuMs).map(([name, ms]) => `${name} ${round(ms / Math.max(1, receipted), 3)}`)
  console.log(`  CPU ms per document: ${costs.join('  ')}`)
  console.log(
    `  memory MB: ${Object.entries(phase.rss)
      .map(([name, { begin, peak }]) => `${name} ${Math.round(begin)} to ${Math.round(peak)}`)
      .join('  ')}`,
  )
  for (const failure of phase.failures) console.log(`  FAILED ${failure}`)
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
