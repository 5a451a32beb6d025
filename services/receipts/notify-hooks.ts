import { EVENTS } from '../../libs/model/index.ts'
import { RECEIPT_EVENTS, type RenderOptions, renderReceipt } from '../../libs/pipeline/index.ts'
import type { Logger } from '../../libs/runtime/index.ts'
import {
  findReportedDispatches,
  findSenders,
  type HookNotice,
  type HookSubscriber,
  isConnectionLoss,
  type LogEntry,
  type Pool,
  queueHookNotices,
  readHookSubscribers,
  readLog,
  readLogCursor,
  readLogEnd,
} from '../../libs/store/index.ts'

const READER = 'hooks'
/** What senders are told of: what they can have a receipt for, answers of their receivers, and the end. */
const TOLD: ReadonlySet<string> = new Set([...RECEIPT_EVENTS, EVENTS.statusReported, EVENTS.closed])
const SIGNED_AT_ONCE = 4

export interface NotifyOptions {
  readonly pool: Pool
  readonly log: Logger
  readonly batchSize: number
  /** Notices kept for one system at most. */
  readonly queueLength: number
  /** Of receipts that come along; absent: none do. */
  readonly receipts?: Omit<RenderOptions, 'systemCode' | 'pool'>
}

/**
 * Reads the sequenced log from a cursor of its own and puts down what web hooks are to be told; delivery tells them. With no web hook
 * registered the cursor goes straight to the end: a new hook begins with what happens from then on. Answers the entries read and the
 * notices put down.
 */
export async function notifyHooks(options: NotifyOptions): Promise<{ readonly read: number; readonly put: number }> {
  const { pool, batchSize, queueLength: most } = options
  const [seen, subscribers] = await Promise.all([readLogCursor(pool, READER), readHookSubscribers(pool)])
  if (subscribers.length === 0) {
    const { epoch, nextIndex: index } = await readLogEnd(pool)
    if (seen.epoch !== epoch || seen.index !== index)
      await queueHookNotices(pool, { reader: READER, seen, next: { epoch, index }, notices: [], most })
    return { read: 0, put: 0 }
  }
  const entries = await readLog(pool, seen, batchSize)
  const last = entries.at(-1)
  if (!last) return { read: 0, put: 0 }
  const notices = await noticesOf(pool, entries, new Map(subscribers.map((each) => [each.id, each])))
  await signReceipts(options, notices, subscribers)
  await queueHookNotices(pool, {
    reader: READER,
    seen,
    next: { epoch: last.epoch, index: last.index + 1 },
    notices,
    most,
  })
  return { read: entries.length, put: notices.length }
}

/** Each entry that some subscriber is to be told of, in log order. */
async function noticesOf(
  pool: Pool,
  entries: readonly LogEntry[],
  subscribers: ReadonlyMap<string, HookSubscriber>,
): Promise<HookNotice[]> {
  const told = entries.filter(({ event, dispatch_id }) => TOLD.has(event) && dispatch_id !== null)
  const statuses = told.filter(({ event }) => event === EVENTS.statusReported).map(dispatchOf)
  const about = new Map(
    (statuses.length === 0 ? [] : await findReportedDispatches(pool, statuses)).map((row) => [row.dispatch_id, row]),
  )
  // A status is news for the sender of the document it is about, and not for the one who reported it.
  const subjectOf = (entry: LogEntry): string | undefined =>
    entry.event === EVENTS.statusReported ? about.get(dispatchOf(entry))?.about_dispatch_id : dispatchOf(entry)
  const subjects = [...new Set(told.map(subjectOf).filter((id) => id !== undefined))]
  const senders = new Map((await findSenders(pool, subjects)).map(({ id, system_id }) => [id, system_id]))
  return told.flatMap((entry) => {
    const dispatch_id = subjectOf(entry) ?? ''
    const system_id = senders.get(dispatch_id) ?? ''
    if (!subscribers.has(system_id)) return []
    const status = entry.event === EVENTS.statusReported ? about.get(dispatchOf(entry)) : undefined
    const { epoch, index, id: entry_id, event } = entry
    return {
      system_id,
      epoch,
      index,
      entry_id,
      event,
      event_time: entry.event_time.toISOString(),
      dispatch_id,
      consignment_id: status ? status.about_consignment_id : entry.consignment_id,
      status: status?.code ?? null,
    }
  })
}

const dispatchOf = ({ dispatch_id }: LogEntry): string => dispatch_id ?? ''

/** Receipts are signed when they are first wanted, which is now. One that cannot be made must hold up nobody: it can be asked for later. */
async function signReceipts(
  { pool, log, receipts }: NotifyOptions,
  notices: readonly HookNotice[],
  subscribers: readonly HookSubscriber[],
): Promise<void> {
  if (!receipts) return
  const wanting = new Map(subscribers.filter((each) => each.receipts).map(({ id, code }) => [id, code]))
  const wanted = notices.filter(
    ({ system_id, event }) => wanting.has(system_id) && (RECEIPT_EVENTS as readonly string[]).includes(event),
  )
  async function work(): Promise<void> {
    for (let notice = wanted.shift(); notice; notice = wanted.shift()) {
      const { dispatch_id, entry_id } = notice
      try {
        // The sender of a dispatch is the system that is told of it.
        const systemCode = (id: string): string => wanting.get(id) ?? id
        if (receipts) await renderReceipt({ ...receipts, pool, systemCode }, dispatch_id, entry_id)
      } catch (error) {
        if (isConnectionLoss(error)) throw error
        log.warn(
          { err: error, dispatchId: dispatch_id, entryId: entry_id },
          'a receipt could not be made for a web hook',
        )
      }
    }
  }
  await Promise.all(Array.from({ length: SIGNED_AT_ONCE }, work))
}
