import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../harness/seeded-random.ts'
import type { CrashWorld } from './crash-world.ts'
import type { KillTally } from './kill-tally.ts'
import { POINTS } from './points.ts'
import type { Mood } from './push-receiver.ts'
import type { ServiceKeeper } from './service-keeper.ts'

const SWITCHES = ['lab-drop', 'lab-double', 'lab-bare'] as const
/** A service that does not come back within this time is killed in the middle of its start, */
const PATIENCE_MS = 2_500
/** unless this machine is slow: then within so many times its usual start. Else nothing would travel that could be lost. */
const PATIENCE_STARTS = 1.5

export interface StormOptions {
  readonly random: Random
  readonly tally: KillTally
  /** So many kills end it, */
  readonly kills: number
  /** or so many milliseconds. */
  readonly maxMs: number
}

/** Kills everything again and again, services and servers side by side, until there were enough kills. */
export async function raiseStorm(world: CrashWorld, options: StormOptions): Promise<void> {
  const { random, tally, kills, maxMs } = options
  const target = tally.kills + kills
  const end = Date.now() + maxMs
  const isOver = (): boolean => tally.kills >= target || Date.now() > end
  world.receiver.setMood(() => moodOf(random))
  await Promise.all([strikeServices(world, options, isOver), strikeServers(world, options, isOver)])
  world.disk?.free()
}

/** What a receiver that is called does with the next call. */
export function moodOf(random: Random): Mood {
  if (random.happens(0.75)) return 'take'
  return random.pick(['take-and-hang-up', 'take-and-hang-up', 'broken', 'busy', 'hang'] as const)
}

async function strikeServices(
  { keepers }: CrashWorld,
  { random, tally }: StormOptions,
  isOver: () => boolean,
): Promise<void> {
  const all = [...keepers.values()]
  while (!isOver()) {
    // The door is spared every other time: behind a closed one nothing travels that could be lost.
    const victims = random
      .some(all, random.whole(1, 3))
      .filter(({ service }) => service !== 'gateway' || random.happens(0.5))
    const asleep = random.happens(0.1)
    if (!asleep) await Promise.all(victims.map((keeper) => keeper.untilServing(patienceWith(keeper))))
    await sleep(random.whole(0, 900))
    await Promise.all(
      victims.map(async (keeper) => {
        const own = POINTS.filter(({ service }) => service === keeper.service)
        const armed = own.length > 0 && random.happens(0.5)
        const point = armed ? `${random.pick(own).name}:${random.whole(1, 4)}` : undefined
        const switches = random.happens(0.4) ? [random.pick(SWITCHES)] : []
        for (const name of switches) tally.note(name)
        keeper.arm({ point, switches })
        await keeper.kill()
      }),
    )
  }
}

const patienceWith = (keeper: ServiceKeeper): number => Math.max(PATIENCE_MS, PATIENCE_STARTS * keeper.usualStartMs)

async function strikeServers(world: CrashWorld, { random, tally }: StormOptions, isOver: () => boolean): Promise<void> {
  const { cluster, disk } = world
  const kill = async (name: 'nats' | 'redis'): Promise<void> => {
    const server = world.servers[name]
    tally.kill(name)
    await server.kill()
    await sleep(random.whole(0, 150))
    await server.start()
  }
  const wipe = async (name: 'nats' | 'redis'): Promise<void> => {
    tally.kill(name)
    tally.note(`${name}-wipe`)
    await world.servers[name].wipe()
  }
  const blows: readonly (() => Promise<unknown>)[] = [
    () => kill('nats'),
    () => kill('redis'),
    () => wipe('nats'),
    () => wipe('redis'),
    () => Promise.all([kill('nats'), random.happens(0.5) ? wipe('redis') : kill('redis')]),
    async () => {
      if (!cluster) return
      await cluster.kill()
      tally.kill('postgres')
      await sleep(random.whole(0, 150))
      await cluster.start()
    },
    async () => {
      if (!disk) return
      tally.note('disk-full')
      disk.fill()
      await sleep(random.whole(100, 800))
      disk.free()
    },
  ]
  // All of them in turn, in another order each time: none is left out by chance.
  for (let left: typeof blows = []; !isOver(); left = left.slice(1)) {
    if (left.length === 0) left = random.some(blows, blows.length)
    await left[0]?.()
    await sleep(random.whole(200, 1_200))
  }
}
