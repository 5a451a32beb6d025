import { isUuid } from '../../../libs/model/index.ts'
import type { Logger } from '../../../libs/runtime/index.ts'
import { type Pool, readMailboxFloor } from '../../../libs/store/index.ts'
import { followValue } from '../follow-value.ts'

const EVERY_MS = 60_000

/** The id below which no mailbox holds anything. */
export interface MailboxFloor {
  value(): string
  /** Something with this id is open again: an operator took it up. Anything but an id is passed over. */
  lower(id: string): void
}

/**
 * Read again every minute: years of ended consignments cost a look nothing. What an operator opens again below it is seen at once
 * where his wake-up arrives, otherwise a minute later at most.
 */
export async function followFloor(pool: Pool, log: Logger, signal: AbortSignal): Promise<MailboxFloor> {
  let lowered: { readonly floor: string; readonly to: string } | undefined
  const read = await followValue(() => readMailboxFloor(pool), {
    everyMs: EVERY_MS,
    log,
    signal,
  })
  const value = (): string => {
    const floor = read()
    // Counts until the floor is read anew: then the database knows of it.
    return lowered?.floor === floor && lowered.to < floor ? lowered.to : floor
  }
  return {
    value,
    lower(id) {
      if (isUuid(id) && id < value()) lowered = { floor: read(), to: id }
    },
  }
}
