import { execFileSync } from 'node:child_process'
import { PROJECT } from '../../deploy/local/folders.ts'
import { processEnvironment } from '../../libs/runtime/index.ts'
import { seededRandom } from '../harness/seeded-random.ts'
import { findLogFaults } from '../harness/traffic.ts'
import { comeToRest } from './come-to-rest.ts'
import { type CrashWorld, startCrashWorld } from './crash-world.ts'
import { judge } from './judge.ts'
import { KillTally, keepResult, LONG_ROUNDS } from './kill-tally.ts'
import { openStormOperator } from './operate-storm.ts'
import { startTraffic } from './parties.ts'
import { POINTS } from './points.ts'
import type { Mood } from './push-receiver.ts'
import { moodOf, raiseStorm } from './raise-storm.ts'
import { describeConsumers } from './read-streams.ts'
import type { Death, ServiceKeeper } from './service-keeper.ts'
import { runWithTeardown } from './teardown-stack.ts'
import { visitPoints } from './visit-points.ts'

// `make test-crash`: kills everything that can be killed while documents travel, then proves from the clients' stores that none
// was lost and none doubled. ROUNDS: kills of the storm; SEED repeats its choices; RECORD=1 keeps the result. For the tests of this
// driver: POINTS (names) are the only ones that are visited, WIPE=1 wipes NATS once, SMALL=1 leaves PostgreSQL and the disk alone
// and waits for rows only, QUIET=1 sends one document for each point.
const SHORT_ROUNDS = 40

const env = processEnvironment()
const seed = Number(env.SEED ?? Date.now() % 1_000_000_000)
const rounds = Number(env.ROUNDS ?? SHORT_ROUNDS)
const visits = env.POINTS === undefined ? POINTS : POINTS.filter(({ name }) => env.POINTS?.split(',').includes(name))
const small = env.SMALL === '1'
const quiet = env.QUIET === '1'
/** NATS gives a message whose worker was killed out again after 30 s, a queue its entry within 15 s; some wait for one another. */
const restMs = small ? 15_000 : 150_000
/** Lines of one kind of fault at most: what follows from another one must not hide it. */
const SAID_OF_A_KIND = 12
/** Of what a wait still waits for. */
const SAY_EVERY_MS = 15_000
const say = (line: string): void => void process.stdout.write(`${line}\n`)

process.exitCode = await runWithTeardown(async (t) => {
  const begun = performance.now()
  const tally = new KillTally()
  const defects: string[] = []
  say(`seed ${seed}, ${rounds} rounds, ${visits.length} points`)
  const onDeath = (death: Death, keeper: ServiceKeeper): void => {
    if (death.by === 'itself') defects.push(`${keeper.service} ended by itself: ${death.said.slice(-3).join(' | ')}`)
    else if (death.by === 'failed-start')
      tally.note(`${keeper.service}-did-not-start ${/\bLT_[A-Z_]+/.exec(death.said.join(' '))?.[0] ?? 'for no reason'}`)
    else tally.kill(death.by === 'point' ? `at-point` : keeper.service)
    if (death.by === 'point') tally.points.add(death.point)
  }
  const world = await startCrashWorld(t, { whole: !small, onDeath, say })
  const hookMood = seededRandom(seed + 3)
  let calls = 0
  // The first one of all is refused in every run, however short: also when it comes only after the storm.
  const hooksAre = (mood: () => Mood): void => world.hooks.setMood(() => (calls++ === 0 ? 'broken' : mood()))
  hooksAre(() => moodOf(hookMood))
  world.notices.trouble(seededRandom(seed + 4))
  const traffic = startTraffic(world, {
    random: seededRandom(seed),
    quiet,
    ...(small ? {} : { onRecall: () => tally.note('recall') }),
  })
  t.teardown(() => traffic.stop())
  const stormBegun = performance.now()
  say(`everything serves after ${since(begun)} s`)
  const { missed, faults: early } = await visitPoints(world, {
    tally,
    points: visits,
    faults: !small,
    ...(quiet ? { sendOne: traffic.sendOne } : {}),
  })
  say(
    `${tally.points.size} named points passed in ${since(stormBegun)} s${missed.length > 0 ? `; never: ${missed.join(', ')}` : ''}`,
  )
  if (env.WIPE === '1') {
    await world.servers.nats.wipe()
    tally.note('nats-wipe')
  }
  const operator = small
    ? undefined
    : await openStormOperator(world, { traffic, tally, random: seededRandom(seed + 5) })
  const over = new AbortController()
  const acting = operator?.act(over.signal)
  await raiseStorm(world, { random: seededRandom(seed + 1), tally, kills: rounds, maxMs: rounds * 4_000 })
  over.abort()
  await acting
  const storm = since(stormBegun)
  say(`${tally.kills} kills in ${storm} s (${(tally.kills / storm).toFixed(2)}/s): ${tally}`)
  say(startTimes(world))
  say(
    `${traffic.sent} documents were accepted meanwhile; delays: ${[...traffic.delays].map(([code, count]) => `${code} ${count}`).join(', ')}`,
  )

  hooksAre(() => 'take')
  world.notices.calm()
  if (rounds > 0) await calm(world)
  const kept = (await operator?.releaseAll()) ?? []
  const empty = await traffic.drain(restMs)
  let told = 0
  const unrest = await comeToRest(world, {
    ms: restMs,
    stores: traffic.parties.map(({ dir }) => dir),
    rowsOnly: small,
    onRows: () => say(`rows and stores rest ${(since(stormBegun) - storm).toFixed(1)} s after the storm`),
    onLook(seen) {
      if (env.VERBOSE !== '1' && performance.now() - told < SAY_EVERY_MS) return
      told = performance.now()
      say(`still under way after ${(since(stormBegun) - storm).toFixed(1)} s: ${JSON.stringify(seen)}`)
    },
  })
  say(`at rest ${(since(stormBegun) - storm).toFixed(1)} s after the storm`)
  if (Object.keys(unrest).some((what) => what.startsWith('message in')))
    for (const service of ['routing', 'delivery'] as const)
      for (const line of await describeConsumers(world, service)) say(line)
  const verdict = await judge(world, traffic, seededRandom(seed + 2))
  const faults = await findLogFaults(world)
  await traffic.stop()
  const stuck = Object.values(unrest).reduce((sum, count) => sum + count, 0) + (empty ? 0 : 1)
  const allLost = [...early, ...verdict.lost, ...kept, ...(operator?.faults ?? [])]
  const never = rounds >= LONG_ROUNDS && !small ? tally.never(world.disk !== undefined) : []
  const waiting = Object.entries(unrest).map(([what, count]) => `${what}: ${count}`)
  const found: Readonly<Record<string, readonly string[]>> = {
    lost: allLost,
    doubled: verdict.doubled,
    stuck: empty ? waiting : [...waiting, 'an outbox is not empty'],
    fault: faults,
    defect: defects,
    refused: traffic.refused,
    'never happened in so long a run': never,
  }
  for (const [kind, all] of Object.entries(found)) {
    for (const what of all.slice(0, SAID_OF_A_KIND)) say(`${kind}: ${what}`)
    if (all.length > SAID_OF_A_KIND) say(`${kind}: and ${all.length - SAID_OF_A_KIND} more`)
  }
  const seconds = since(begun)
  const { documents, consignments, statuses, repeats, receipts, verified, withdrawn, hooks, notices } = verdict
  const [lost, doubled] = [allLost.length, verdict.doubled.length]
  say(
    `${documents} documents to ${consignments} recipients, ${statuses} statuses, verified ${verified} of ${receipts} receipts, ` +
      `hand-overs repeated ${repeats}, recalled in time ${withdrawn}, other faults ${faults.length}, ${seconds} s`,
  )
  say(`web hooks were told ${hooks.told} facts, ${hooks.repeats} again; notices to people: ${notices}`)
  if (env.RECORD === '1')
    keepResult({
      seed,
      commit: commit(),
      kills: tally.kills,
      documents,
      consignments,
      lost,
      doubled,
      stuck,
      repeats,
      seconds,
    })
  say(`lost ${lost} doubled ${doubled} stuck ${stuck}`)
  const other = faults.length + defects.length + traffic.refused.length + missed.length + never.length
  return lost + doubled + stuck + other === 0 ? 0 : 1
})

/** The end of the storm: everybody receives, and every service is one without switches and points. */
async function calm(world: CrashWorld): Promise<void> {
  world.receiver.setMood(() => 'take')
  world.disk?.free()
  for (const keeper of world.keepers.values()) {
    keeper.arm({})
    await keeper.kill()
  }
  for (const keeper of world.keepers.values()) await keeper.untilServing(30_000)
}

function startTimes({ keepers }: CrashWorld): string {
  const all = [...keepers.values()].map(({ service, usualStartMs: ms }) => `${service} ${Math.round(ms)} ms`)
  return `starts, median: ${all.join(', ')}`
}

function since(begun: number): number {
  return Math.round((performance.now() - begun) / 100) / 10
}

function commit(): string {
  return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { cwd: PROJECT, encoding: 'utf8' }).trim()
}
