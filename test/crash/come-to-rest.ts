import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openQueues, type Queues } from '../../libs/queue/index.ts'
import { createLogger } from '../../libs/runtime/index.ts'
import type { Pool } from '../../libs/store/index.ts'
import type { CrashWorld } from './crash-world.ts'
import { foldersIn } from './read-stores.ts'
import { countMessages } from './read-streams.ts'

/** What does not rest, by kind; empty when everything has ended. */
export type Unrest = Readonly<Record<string, number>>

const IN_ROWS = `
  select 'dispatch ' || state as what, count(*)::int as count from dispatch where state <> 'CLOSED' group by 1
  union all select 'consignment ' || state, count(*)::int from consignment
    where state in ('AVAILABLE', 'QUEUED', 'RETRYING', 'HANDED_OVER', 'HELD') group by 1
  union all select 'open attempt', count(*)::int from delivery_attempt where ended_at is null having count(*) > 0
  union all select 'entry without index', count(*)::int from audit_pending having count(*) > 0
  union all select 'notice ' || state, count(*)::int from notice where state in ('WAITING', 'CLAIMED') group by 1
  union all select 'fact for the hook of ' || s.code, count(*)::int from hook_notice n join system s on s.id = n.system_id group by 1
  union all select 'entry not read by ' || r.reader, count(*)::int
    from (select reader, epoch, index from log_cursor union all select 'clocks', epoch, index from clock_cursor) r
    join log_leaf l on (l.epoch, l.index) >= (r.epoch, r.index) group by 1
  union all select 'term that has passed', count(*)::int from consignment_clock where due_at < now() - interval '1 second' having count(*) > 0`

/**
 * Instead of waiting up to five minutes for the next look of the sweepers: it comes within two seconds. Nothing else is touched, so that
 * a row the sweepers do not find stays where it is. Not sooner: each look queues whatever waits once more, and a queue full of entries
 * that are stale keeps those that are not waiting.
 */
export async function putClockForward(eyes: Pool): Promise<void> {
  const [soon, later] = [
    `now() + interval '1500 milliseconds'`,
    `next_publish_at > now() + interval '1500 milliseconds'`,
  ]
  await eyes.query(`update dispatch set next_publish_at = ${soon} where state = 'ACCEPTED' and ${later}`)
  await eyes.query(
    `update consignment set next_publish_at = ${soon} where state in ('QUEUED', 'RETRYING') and ${later}`,
  )
}

export interface RestOptions {
  readonly ms: number
  /** Folders of the clients: what an inbox has taken and not finished is under way too. */
  readonly stores: readonly string[]
  /** What NATS and Redis still hold is not waited for: a message whose worker died comes again after 30 s only, and is stale. */
  readonly rowsOnly: boolean
  /** Told once, when only brokers still hold something: entries whose worker was killed, which they give out again by their own clocks. */
  readonly onRows: () => void
  /** Told what still is under way, at every look. */
  readonly onLook?: (unrest: Unrest) => void
}

/** Waits until nothing is under way any more, in rows, in NATS and in Redis, at most `ms`; answers what still is. */
export async function comeToRest(
  world: CrashWorld,
  { ms, stores, rowsOnly, onRows, onLook }: RestOptions,
): Promise<Unrest> {
  const log = createLogger('rest', { level: 'silent' })
  const queues = await openQueues({ redisUrl: world.servers.redis.url, name: 'rest', log })
  try {
    const end = Date.now() + ms
    let [forward, rowsAtRest] = [true, false]
    for (;;) {
      const unrest = await look(world, stores, rowsOnly ? undefined : queues).catch((error: unknown) => ({
        [String(error)]: 1,
      }))
      if (Object.keys(unrest).length === 0 || Date.now() > end) return unrest
      onLook?.(unrest)
      if (!rowsAtRest && Object.keys(unrest).every(isOfBroker)) {
        rowsAtRest = true
        onRows()
      }
      if (forward) await putClockForward(world.eyes)
      forward = !forward
      await sleep(300)
    }
  } finally {
    await queues.close()
  }
}

const isOfBroker = (what: string): boolean => what.startsWith('message in ') || what.includes(' entry in the queue of ')

async function look(world: CrashWorld, stores: readonly string[], queues: Queues | undefined): Promise<Unrest> {
  const unrest: Record<string, number> = {}
  const { rows } = await world.eyes.query<{ what: string; count: number }>(IN_ROWS)
  for (const { what, count } of rows) unrest[what] = count
  for (const store of stores) {
    const open = foldersIn(join(store, 'inbox/open')).length
    if (open > 0) unrest[`unfinished in ${store}`] = open
  }
  if (!queues) return unrest
  for (const [stream, count] of Object.entries(await countMessages(world)))
    if (count > 0) unrest[`message in ${stream}`] = count
  for (const { systemCode } of world.systems) {
    for (const [kind, count] of Object.entries(await queues.counts(`push-${systemCode}`)))
      if (count > 0) unrest[`${kind} entry in the queue of ${systemCode}`] = count
  }
  return unrest
}
