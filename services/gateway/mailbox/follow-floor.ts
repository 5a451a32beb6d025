import type { Logger } from '../../../libs/runtime/index.ts'
import { type Pool, readMailboxFloor } from '../../../libs/store/index.ts'
import { followValue } from '../follow-value.ts'

const EVERY_MS = 60_000

/**
 * The id below which no mailbox holds anything, read again every minute: years of ended consignments cost a look nothing. What an
 * operator opens again below it is seen a minute later at most.
 */
export function followFloor(pool: Pool, log: Logger, signal: AbortSignal): Promise<() => string> {
  return followValue(() => readMailboxFloor(pool), { everyMs: EVERY_MS, log, signal })
}
