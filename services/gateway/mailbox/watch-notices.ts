import type { Bus } from '../../../libs/bus/index.ts'
import { groupBy, isUuid, SUBJECTS } from '../../../libs/model/index.ts'
import type { Logger } from '../../../libs/runtime/index.ts'
import { findSenders, type Pool } from '../../../libs/store/index.ts'

export interface NoticeWatch {
  /** Calls `notice` with ids of this system's dispatches whose evidence grew. Answers the function that stops it. */
  add(systemId: string, notice: (dispatchIds: readonly string[]) => void): () => void
}

/** Dispatches that may wait to be told of; above it notices are lost, which only delays. */
const MAX_HEARD = 50_000

/** Tells senders that wait where to look. A lost wake-up only delays: the states and receipts can be read at any time. */
export function watchNotices(bus: Bus, pool: Pool, log: Logger): NoticeWatch {
  const bySystem = new Map<string, Set<(dispatchIds: readonly string[]) => void>>()

  /** Ids that were heard of and not told yet; asked about together, one statement at a time. */
  let heard = new Set<string>()
  let telling = false

  async function tell(): Promise<void> {
    telling = true
    try {
      while (heard.size > 0) {
        const ids = [...heard]
        heard = new Set()
        const bySender = groupBy(await findSenders(pool, ids), (row) => row.system_id)
        for (const [systemId, rows] of bySender) {
          for (const notice of bySystem.get(systemId) ?? []) notice(rows.map(({ id }) => id))
        }
      }
    } catch (error) {
      log.warn({ err: error }, 'notices could not be told')
    } finally {
      telling = false
    }
  }

  bus.subscribe(SUBJECTS.dispatchNoticed, (_subject, data) => {
    if (bySystem.size === 0) return
    for (const id of idsIn(data)) if (heard.size < MAX_HEARD) heard.add(id)
    if (!telling) void tell()
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
