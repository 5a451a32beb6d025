// The compatible door under its clients: node --import=tsx test/bench/poll-door.ts [build] [seconds]
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { addAgency, addSystem, front } from '../../libs/registry/index.ts'
import { openConnection, openPool } from '../../libs/store/index.ts'
import { makeSecret } from '../../services/gateway/vxp/secrets/make-secret.ts'
import { GoldenClient } from '../conformance/vxp/golden-client.ts'
import { startBenchAxis } from './bench-axis.ts'
import { commit, hardware } from './hardware.ts'
import { percentiles } from './percentiles.ts'
import { cpuMs, loadAverage, quietMachine, rssMb } from './process-cost.ts'

const [build = 'build', length = '30'] = process.argv.slice(2)
const CLIENTS = 100
const CONNECTIONS = 10
const OPEN_ITEMS = 50_000
const UNITS = 120_000
const LISTS = 500
const DIRECTORIES = 50

await using axis = await startBenchAxis({ build })
const operator = openPool(axis.cluster.url('cli'), { name: 'bench', max: 4 })
const keyDir = join(axis.folder, 'keys')
const secrets = new Map<string, string>()
const secretOf = async (code: string, id: string): Promise<void> =>
  void secrets.set(code, await makeSecret(operator, { id }, { keyDir, overlapHours: 0 }))
for (let n = 1; n <= CLIENTS; n++) {
  const code = `vxp.${n}`
  await addAgency(operator, { code: `H26.9${String(n).padStart(3, '0')}`, name: `Xã ${n}` })
  const { id } = await addSystem(operator, { code, name: code, doorConnections: 2 * CONNECTIONS })
  await front(operator, code, `H26.9${String(n).padStart(3, '0')}`, { withDescendants: true })
  await secretOf(code, id)
}
const { rows } = await operator.query<{ id: string }>(`select id from system where code = 'demo-h26'`)
await secretOf('demo-h26', rows[0]?.id as string)
await operator.end()
await sleep(5_000)

const client = (code: string): GoldenClient => new GoldenClient(axis.doorUrl, code, secrets.get(code) as string)
const ask = { servicetype: 'eDoc', messagetype: 'edoc' }

async function poll(seconds: number) {
  const lines = Array.from({ length: CLIENTS * CONNECTIONS }, (_, i) => client(`vxp.${1 + (i % CLIENTS)}`))
  const times: number[] = []
  let errors = 0
  const one = async (line: GoldenClient, at: number): Promise<void> => {
    await sleep(Math.max(0, at - performance.now()))
    try {
      const { json } = await line.list('getReceivedEdocList', ask)
      if (json.status !== 'OK') errors += 1
    } catch {
      errors += 1
    }
    times.push(performance.now() - at)
  }
  // Each line polls every second; all of them spread over it, as clients that started at any time do.
  const begun = performance.now() + 500
  const cpu = cpuMs(axis.pids.gateway as number)
  await Promise.all(
    lines.map(async (line, i) => {
      for (let second = 0; second < seconds; second++) await one(line, begun + 1_000 * (second + i / lines.length))
    }),
  )
  const spent = cpuMs(axis.pids.gateway as number) - cpu
  for (const line of lines) line.close()
  return { calls: times.length, errors, ms: percentiles(times), gateway_cpu_ms_per_call: spent / times.length }
}

async function repeat(calls: number, call: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < calls; i++) {
    const begun = performance.now()
    await call()
    times.push(performance.now() - begun)
  }
  return times
}

const memoryMb = (): number => Math.round(rssMb(axis.pids.gateway as number))

await poll(5)
if (!(await quietMachine(60_000))) console.log('the machine did not become quiet')
const load = loadAverage()
const polling = await poll(Number(length))
console.log(`${CLIENTS} clients x ${CONNECTIONS} connections, every second: ${JSON.stringify(polling)}`)

const own = await openConnection(axis.cluster.url('postgres'), 'bench')
await own.query(
  `with ids as materialized (
    select n, (lpad(to_hex((extract(epoch from now()) * 1000)::bigint - 100000 + n), 12, '0') || '7000' || '8000' || lpad(to_hex(n), 12, '0'))::uuid as id
    from generate_series(1, $1) n
  ), d as (
    insert into dispatch (id, state, lane, kind, system_id, sender_code, document_id, number, notation, subject, business_type, priority,
      form, content_hash, content_size, recipients, signature, facts, accepted_at, next_publish_at)
    select id, 'ROUTED', 'normal', 'document', (select id from system where code = 'demo-g12'), 'G12', 'd' || n, n::text, 'A', 's', 'new', 0,
      'inline', '\\x00', 1, '[]', '{}', '{}', now(), now() from ids
  )
  insert into consignment (id, dispatch_id, agency_code, as_written, kind, lane, mode, state, available_at, handed_over_at, lease_until)
  select id, id, 'H26', '{H26}', 'document', 'normal', 'pull', 'HANDED_OVER', now(), now(), now() from ids`,
  [OPEN_ITEMS],
)
await own.query('analyze consignment, dispatch')
const receiver = client('demo-h26')
await repeat(50, () => receiver.received())
const list = percentiles(await repeat(LISTS, () => receiver.received()))
console.log(`list of 500 among ${OPEN_ITEMS} open items, ms: ${JSON.stringify(list)}`)

await own.query(
  `insert into agency (code, name, name_folded, kind, confidence, source)
   select 'K' || to_char(n % 90 + 10, 'FM00') || '.' || n, 'Ủy ban nhân dân xã số ' || n, 'uy ban nhan dan xa so ' || n, 'local', 'stated', 'bench'
   from generate_series(1, $1) n`,
  [UNITS],
)
await own.end()
await sleep(10_000)
const first = percentiles(await repeat(1, () => receiver.list('getAgenciesList')))
const before = memoryMb()
const directory = percentiles(await repeat(DIRECTORIES, () => receiver.list('getAgenciesList')))
const bytes = (await receiver.list('getAgenciesList')).body.length
console.log(
  `directory of ${UNITS} units, ${bytes} bytes, ms: ${JSON.stringify(directory)}, the first ${first.p50}; gateway ${before} MiB before, ${memoryMb()} after`,
)
receiver.close()
writeFileSync(
  join(import.meta.dirname, 'results/door.json'),
  `${JSON.stringify({ hardware: hardware(), commit: commit(), load_average: load, polling, list, directory, directory_first_ms: first.p50 }, null, 2)}\n`,
)
if (polling.errors > 0) process.exitCode = 1
