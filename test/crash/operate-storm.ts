import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { addOperator } from '../../libs/pipeline/index.ts'
import { openPool } from '../../libs/store/index.ts'
import type { Random } from '../harness/seeded-random.ts'
import type { CrashWorld } from './crash-world.ts'
import type { KillTally } from './kill-tally.ts'
import type { Traffic } from './parties.ts'

const ANSWER_MS = 3_000
const AT_ONCE = 3
const RELEASE_FOR_MS = 60_000

/** What an operator does while everything is killed: takes consignments that nobody has out of the way, and lets them go later. */
export interface StormOperator {
  /** Holds and releases until the signal ends it. */
  act(signal: AbortSignal): Promise<void>
  /** Lets everything go that is held; says what could not be. */
  releaseAll(): Promise<string[]>
  /** Consignments that reached their receiver while they were held. */
  readonly faults: readonly string[]
}

export interface OperatorOptions {
  readonly traffic: Traffic
  readonly tally: KillTally
  readonly random: Random
}

export async function openStormOperator(world: CrashWorld, options: OperatorOptions): Promise<StormOperator> {
  const { traffic, tally, random } = options
  const pool = openPool(world.servers.database.url('cli'), { name: 'operator', max: 1 })
  const { key } = await addOperator(pool, { name: 'admin', role: 'administrator' }, undefined, 'test')
  await pool.end()
  const asked = new Set<string>()
  /** Held for certain, and not begun by anybody then. */
  const held = new Set<string>()
  const faults: string[] = []

  async function call(action: 'hold' | 'release', consignments: readonly string[]): Promise<string[]> {
    const response = await fetch(`${world.consoleUrl}/operator/v1/consignments/${action}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ consignments, reason: 'thử nghiệm' }),
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    if (response.status !== 200) return []
    const { items } = (await response.json()) as { items: { consignment: string; done: boolean }[] }
    return items.filter(({ done }) => done).map(({ consignment }) => consignment)
  }

  async function hold(): Promise<void> {
    const { rows } = await world.eyes.query<{ id: string }>(
      `select id from consignment where state in ('AVAILABLE', 'QUEUED') order by id desc limit 40`,
    )
    const chosen = random.some(
      rows.map(({ id }) => id).filter((id) => !asked.has(id)),
      AT_ONCE,
    )
    if (chosen.length === 0) return
    // Whatever the answer, each is held once at most: the log has one entry of it.
    for (const id of chosen) asked.add(id)
    for (const _ of await call('hold', chosen)) tally.note('hold')
    const certain = await world.eyes.query<{ id: string }>(
      `select id from consignment where id = any($1) and state = 'HELD' and attempt = 0 and handed_over_at is null`,
      [chosen],
    )
    for (const { id } of certain.rows) held.add(id)
  }

  async function release(ids: readonly string[]): Promise<void> {
    for (const id of ids)
      if (held.delete(id) && isThere(world, traffic, id)) faults.push(`${id} reached its receiver while it was held`)
    for (const _ of ids.length > 0 ? await call('release', ids) : []) tally.note('release')
  }

  return {
    faults,
    async act(signal) {
      while (!signal.aborted) {
        await sleep(random.whole(300, 1_200))
        // A console or a database that is away: tried again with others.
        await (random.happens(0.6) ? hold() : release(random.some([...held], AT_ONCE))).catch(String)
      }
    },
    async releaseAll() {
      for (const end = Date.now() + RELEASE_FOR_MS; ; await sleep(200)) {
        const { rows } = await world.eyes.query<{ id: string }>(`select id from consignment where state = 'HELD'`)
        if (rows.length === 0) return []
        if (Date.now() > end) return rows.map(({ id }) => `${id} cannot be released`)
        await release(rows.map(({ id }) => id)).catch(String)
      }
    },
  }
}

/** Whether any byte of it was fetched, or the receiver that is called has it. */
export function isThere({ receiver }: CrashWorld, { fetches }: Traffic, consignment: string): boolean {
  return (
    existsSync(join(receiver.dir, 'received', `${consignment}.json`)) ||
    [...fetches.keys()].some((key) => key.startsWith(consignment))
  )
}
