import type { Bus } from '../bus/index.ts'
import { BusError } from '../errors/index.ts'
import { sabotaged } from '../runtime/index.ts'
import { checkDurability, clockSkewMs, type Queryable } from '../store/index.ts'

const MAX_STALE_MS = 10_000
const MAX_SKEW_MS = 1_000
const MAX_BEHIND_MS = 10_000

/** @throws BusError LT_STORE_UNAVAILABLE when the database does not answer, LT_STORE_CLOCK_SKEW when its clock is more than 1 s from ours */
export async function checkClock(database: Queryable): Promise<void> {
  if (Math.abs(await clockSkewMs(database)) > MAX_SKEW_MS && !sabotaged('unchecked-clock'))
    throw new BusError('LT_STORE_CLOCK_SKEW')
}

/**
 * What a service that writes needs of its database: a clock like ours, and settings that keep an answered commit.
 * @throws BusError LT_STORE_UNAVAILABLE, LT_STORE_CLOCK_SKEW, LT_STORE_UNSAFE_SETTING
 */
export async function checkDatabase(database: Queryable): Promise<void> {
  await checkClock(database)
  await checkDurability(database)
}

/** @throws BusError LT_STORE_UNAVAILABLE when the registry in memory may be more than 10 s old */
export async function checkFresh(registry: { readonly staleMs: number }): Promise<void> {
  if (registry.staleMs > MAX_STALE_MS) throw new BusError('LT_STORE_UNAVAILABLE')
}

/** @throws BusError LT_DLV_BUS_UNAVAILABLE while there is no connection to NATS */
export async function checkBus(bus: Pick<Bus, 'connected'>): Promise<void> {
  if (!bus.connected) throw new BusError('LT_DLV_BUS_UNAVAILABLE', { reason: 'not connected' })
}

/** How a worker keeps up with what queues for it. */
export interface Progress {
  /** A step found so much; less than a full batch means that it has caught up. */
  note(found: number): void
  /** @throws BusError LT_LOG_BEHIND when it has not caught up for 10 s */
  check(): Promise<void>
}

/** Follows a worker that takes batches of `batchSize`. It counts as behind while its batches are full and while its steps fail. */
export function followProgress(batchSize: number, now: () => number = () => performance.now()): Progress {
  let caughtUpAt = now()
  return {
    note(found) {
      if (found < batchSize) caughtUpAt = now()
    },
    async check() {
      const behind = now() - caughtUpAt
      if (behind > MAX_BEHIND_MS) throw new BusError('LT_LOG_BEHIND', { seconds: Math.floor(behind / 1000) })
    },
  }
}
