import type { Bus } from '../../../libs/bus/index.ts'
import { isUuid, SUBJECTS } from '../../../libs/model/index.ts'
import type { Logger } from '../../../libs/runtime/index.ts'
import { findSenders, type Pool } from '../../../libs/store/index.ts'

export interface NoticeWatch {
  /** Calls `notice` with ids of this system's dispatches whose evidence grew. Answers the function that stops it. */
  add(systemId: string, notice: (dispatchIds: readonly string[]) => void): () => void
}

/** Tells senders that wait where to look. A lost wake-up only delays: the states and receipts can be read at any time. */
export function watchNotices(bus: Bus, pool: Pool, log: Logger): NoticeWatch {
  const bySystem = new Map<string, Set<(dispatchIds: readonly string[]) => void>>()

  async function tell(ids: readonly string[]): Promise<void> {
    const senders = await findSenders(pool, ids)
    for (const [systemId, notices] of bySystem) {
      const own = senders.filter(({ system_id }) => system_id === systemId).map(({ id }) => id)
      if (own.length > 0) for (const notice of notices) notice(own)
    }
  }

  bus.subscribe(SUBJECTS.dispatchNoticed, (_subject, data) => {
    if (bySystem.size === 0) return
    tell(idsIn(data)).catch((error: unknown) => log.warn({ err: error }, 'notices could not be told'))
  })
  return {
    add(systemId, notice) {
      const own = bySystem.get(systemId) ?? new Set()
      own.add(notice)
      bySystem.set(systemId, own)
      return () => {
        own.delete(notice)
        if (own.size === 0) bySystem.delete(systemId)
      }
    },
  }
}

function idsIn(data: Uint8Array): string[] {
  try {
    const ids: unknown = JSON.parse(Buffer.from(data).toString())
    return Array.isArray(ids) ? ids.filter(isUuid) : []
  } catch {
    return []
  }
}
