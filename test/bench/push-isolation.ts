// What a dead or slow endpoint costs another system, and how long an urgent document takes behind 10,000 others of the same system.
// node --import=tsx test/bench/push-isolation.ts [documents per round, default 100] [rounds, default 4]
import { setTimeout as sleep } from 'node:timers/promises'
import { uuidv7 } from '../../libs/model/index.ts'
import { openQueues } from '../../libs/queue/index.ts'
import { createLogger } from '../../libs/runtime/index.ts'
import type { Behaviour, Hit } from '../harness/push-endpoint.ts'
import { send, startPushWorld } from '../harness/push-world.ts'
import { commit, hardware } from './hardware.ts'
import { percentiles } from './percentiles.ts'
import { loadAverage } from './process-cost.ts'

const [count = '100', rounds = '4'] = process.argv.slice(2)
/** Pause between two documents: an even load well below what the machine can do. */
const PACE_MS = 60
const WAITING = 200
const QUEUED = 10_000
const ALL = ['routing', 'audit', 'receipts', 'gateway', 'delivery'] as const

const works: (() => unknown)[] = []
const { world, endpoint } = await startPushWorld(
  { teardown: (work: () => unknown) => void works.push(work) },
  {
    services: ALL,
    processes: ALL,
    environment: {
      PUSH_TIMEOUT_MS: '5000',
      PUSH_CONCURRENCY: '8',
      BREAKER_FIRST_MS: '2000',
      BREAKER_MAX_MS: '10000',
      SWEEP_IDLE_MS: '1000',
      SWEEP_AFTER_MS: '10000',
      BREAKER_LOOK_MS: '500',
      RETRY_FIRST_MS: '2000',
      RETRY_MAX_MS: '900000',
      MAX_ATTEMPTS: '300',
    },
  },
)
try {
  console.log(JSON.stringify({ ...hardware(), commit: commit() }))
  await round() // Code that runs for the first time.
  const found = { idle: [] as number[], dead: [] as number[], slow: [] as number[] }
  const behaviours: Record<keyof typeof found, Behaviour> = {
    idle: () => ({ status: 200 }),
    dead: () => 'hang',
    slow: async () => {
      await sleep(1000)
      return { status: 200 }
    },
  }
  // In turn, so that whatever else this machine does falls on all of them.
  for (let i = 0; i < Number(rounds); i++) {
    for (const name of ['idle', 'dead', 'slow'] as const) {
      endpoint.behave('demo-h53', behaviours[name])
      if (name !== 'idle') for (let n = 0; n < WAITING; n++) await send(world, ['H53'])
      // Their acceptance is no part of the question.
      await sleep(3000)
      found[name].push(...(await round()))
      endpoint.behave('demo-h53', behaviours.idle)
      await quiet()
    }
  }
  console.log(`from the submission to the endpoint, ${found.idle.length} documents each, load average ${loadAverage()}`)
  const idle = percentiles(found.idle)
  for (const [name, times] of Object.entries(found)) {
    const { p50, p95, p99 } = percentiles(times)
    console.log(
      `  other system ${name.padEnd(5)} p50 ${p50}  p95 ${p95}  p99 ${p99} ms, p99 ${(p99 / idle.p99).toFixed(2)} times idle`,
    )
  }
  await behindTenThousand()
} finally {
  for (let work = works.pop(); work; work = works.pop()) await work()
}

/** Milliseconds from the submission to the endpoint of a system that is well. */
async function round(): Promise<number[]> {
  const times: Promise<number>[] = []
  for (let i = 0; i < Number(count); i++) {
    times.push(timeOf(false))
    await sleep(PACE_MS)
  }
  return Promise.all(times)
}

async function timeOf(urgent: boolean): Promise<number> {
  const sent = performance.now()
  const { consignments } = await send(world, ['H26'], urgent)
  const [hit] = await world.until(async () => {
    const hits = endpoint.of(consignments.H26 as string)
    return hits.length > 0 && hits
  }, 60_000)
  return (hit as Hit).at - sent
}

/** Nothing waits any more. */
async function quiet(): Promise<void> {
  await world.eyes.query(
    `update consignment set next_attempt_at = case when state = 'RETRYING' and next_attempt_at is not null then now() end,
       next_publish_at = now() where state in ('QUEUED', 'RETRYING') and mode = 'push' and next_publish_at is not null`,
  )
  await world.until(async () => {
    const { rows } = await world.eyes.query(
      `select count(*)::int as count from consignment where state in ('QUEUED', 'RETRYING')`,
    )
    return rows[0].count === 0
  }, 300_000)
}

async function behindTenThousand(): Promise<void> {
  const { consignments } = await send(world, ['H26'])
  await quiet()
  endpoint.behave('demo-h26', async () => {
    await sleep(1000)
    return { status: 200 }
  })
  const ids = Array.from({ length: QUEUED + 500 }, () => uuidv7())
  await world.eyes.query(
    `insert into consignment (id, dispatch_id, agency_code, as_written, kind, lane, mode, state, available_at, next_publish_at)
     select n.id, c.dispatch_id, c.agency_code, c.as_written, c.kind, 'normal', 'push', 'QUEUED', now(), now()
     from unnest($1::uuid[]) as n(id), consignment c where c.id = $2`,
    [ids, consignments.H26],
  )
  const queues = await openQueues({
    redisUrl: world.servers.redis.url,
    name: 'bench',
    log: createLogger('bench', { level: 'silent' }),
  })
  await world.until(async () => (await queues.counts('push-demo-h26')).waiting >= QUEUED - 500, 120_000)
  const { waiting } = await queues.counts('push-demo-h26')
  endpoint.behave('demo-h26', () => ({ status: 200 }))
  await sleep(1500)
  const times: number[] = []
  for (let i = 0; i < 5; i++) times.push(await timeOf(true))
  const { waiting: left } = await queues.counts('push-demo-h26')
  console.log(
    `urgent behind ${waiting} queued of the same system (${left} of them still after the last): ${times.map((ms) => Math.round(ms)).join(', ')} ms from the submission to the endpoint`,
  )
  await queues.close()
}
