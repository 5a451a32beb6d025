import { EVENTS } from '../../libs/model/index.ts'
import { sealEntry } from '../../libs/pipeline/index.ts'
import { crashPoint } from '../../libs/runtime/index.ts'
import { closeDispatches, type LogEntry, type Pool, readLog, readLogCursor } from '../../libs/store/index.ts'

const READER = 'receipts'

/** Events after which a consignment does not move by itself any more. */
const ENDINGS: ReadonlySet<string> = new Set([
  EVENTS.acknowledged,
  EVENTS.refused,
  EVENTS.expired,
  EVENTS.recalled,
  EVENTS.deadLettered,
  EVENTS.shadowed,
])

export interface LogStep {
  /** Entries read. */
  readonly read: number
  /** Dispatches that have something new for their senders. */
  readonly noticed: readonly string[]
}

/**
 * Reads the sequenced log from the cursor: closes dispatches whose consignments have all ended and says whose senders should
 * look. Facts are never swept; a lost wake-up only delays, since the cursor lies in the database.
 */
export async function followLog(pool: Pool, batchSize: number): Promise<LogStep> {
  const cursor = await readLogCursor(pool, READER)
  const entries = await readLog(pool, cursor, batchSize)
  const last = entries.at(-1)
  if (!last) return { read: 0, noticed: [] }
  crashPoint('receipts-read')
  const at = new Date()
  const ended = idsOf(entries.filter((entry) => ENDINGS.has(entry.event)))
  await closeDispatches(pool, {
    ids: ended,
    at: at.toISOString(),
    entries: ended.map((id) => ({
      owner: id,
      ...sealEntry({ event: EVENTS.closed, dispatchId: id, details: {} }, at),
    })),
    reader: READER,
    next: { epoch: last.epoch, index: last.index + 1 },
  })
  crashPoint('receipts-closed')
  return { read: entries.length, noticed: idsOf(entries) }
}

function idsOf(entries: readonly LogEntry[]): string[] {
  return [...new Set(entries.map((entry) => entry.dispatch_id).filter((id) => id !== null))]
}
