import { setTimeout as sleep } from 'node:timers/promises'
import { putClockForward } from './come-to-rest.ts'
import type { CrashWorld } from './crash-world.ts'
import type { KillTally } from './kill-tally.ts'
import { POINTS, type Point } from './points.ts'
import type { ServiceKeeper } from './service-keeper.ts'

const LONGEST_MS = 20_000
const TRIES = 3

/**
 * Lets each service die at each of its named points, all services side by side, in the traffic that flows meanwhile. Messages get
 * lost and pushes fail, so that also what happens only then is passed. Answers the points at which nobody died.
 */
export async function visitPoints(world: CrashWorld, tally: KillTally, points = POINTS): Promise<string[]> {
  const over = new AbortController()
  let calls = 0
  world.receiver.setMood(() => (++calls % 3 === 0 ? 'broken' : 'take'))
  const clock = (async () => {
    while (!over.signal.aborted) {
      await putClockForward(world.eyes).catch(String)
      await sleep(300)
    }
  })()
  await Promise.all(
    [...world.keepers.values()].map(async (keeper) => {
      for (const point of points.filter(({ service }) => service === keeper.service))
        for (let tries = 0; tries < TRIES && !(await visit(keeper, point, tally)); tries++);
      keeper.arm({})
      await keeper.kill()
    }),
  )
  over.abort()
  await clock
  return points.filter(({ name }) => !tally.points.has(name)).map(({ name }) => name)
}

/** Whether the service died there. Each process is told its point at its start, so the one before it has to go. */
async function visit(keeper: ServiceKeeper, { name }: Point, tally: KillTally): Promise<boolean> {
  // Publications are lost wherever somebody is watched who sweeps.
  keeper.arm({ point: name, switches: ['lab-drop'] })
  await keeper.kill()
  const end = Date.now() + LONGEST_MS
  while (Date.now() < end && !tally.points.has(name)) await sleep(30)
  return tally.points.has(name)
}
