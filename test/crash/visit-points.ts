import { setTimeout as sleep } from 'node:timers/promises'
import { putClockForward } from './come-to-rest.ts'
import type { CrashWorld } from './crash-world.ts'
import type { KillTally } from './kill-tally.ts'
import type { Point } from './points.ts'
import { countUnacknowledged } from './read-streams.ts'
import type { ServiceKeeper } from './service-keeper.ts'

const LONGEST_MS = 20_000
const TRIES = 3

export interface VisitOptions {
  readonly tally: KillTally
  readonly points: readonly Point[]
  /** Messages get lost and pushes fail: without it some points are never passed. */
  readonly faults: boolean
  /** Where documents are sent one by one (quiet): sends the next. Only then can be told which message NATS has to hold. */
  readonly sendOne?: () => Promise<void>
}

export interface Visit {
  /** Points at which nobody died. */
  readonly missed: readonly string[]
  /** What was found there, in words: work that NATS no longer held although nothing of it was committed yet. */
  readonly faults: readonly string[]
}

/**
 * Lets each service die at each of its named points, all services side by side, in the traffic that flows meanwhile. Sweepers need
 * not wait for their time.
 */
export async function visitPoints(world: CrashWorld, options: VisitOptions): Promise<Visit> {
  const { points, tally } = options
  const over = new AbortController()
  let calls = 0
  if (options.faults) world.receiver.setMood(() => (++calls % 3 === 0 ? 'broken' : 'take'))
  const clock = (async () => {
    while (!over.signal.aborted) {
      await putClockForward(world.eyes).catch(String)
      await sleep(300)
    }
  })()
  const found: string[] = []
  await Promise.all(
    [...world.keepers.values()].map(async (keeper) => {
      const own = points.filter(({ service }) => service === keeper.service)
      for (const point of own)
        for (let tries = 0; tries < TRIES && !tally.points.has(point.name); tries++)
          found.push(...(await visit(world, keeper, point, options)))
      if (own.length > 0) await keeper.kill()
    }),
  )
  over.abort()
  await clock
  return { missed: points.filter(({ name }) => !tally.points.has(name)).map(({ name }) => name), faults: found }
}

/** Each process is told its point at its start, so the one before it has to go. */
async function visit(
  world: CrashWorld,
  keeper: ServiceKeeper,
  { name, holdsMessage }: Point,
  { tally, faults, sendOne }: VisitOptions,
): Promise<string[]> {
  const watched = holdsMessage && sendOne !== undefined
  keeper.arm({ point: name, holdAfter: watched, ...(faults ? { switches: ['lab-drop'] } : {}) })
  await keeper.kill()
  await keeper.untilServing(LONGEST_MS)
  await sendOne?.()
  const end = Date.now() + LONGEST_MS
  while (Date.now() < end && !tally.points.has(name)) await sleep(30)
  if (!tally.points.has(name) || !watched) return []
  const held = await countUnacknowledged(world, keeper.service as 'routing' | 'delivery')
  keeper.release()
  return held > 0 ? [] : [`${name}: its message was acknowledged already`]
}
