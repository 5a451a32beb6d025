import { EVENTS, newConsignmentId } from '../../libs/model/index.ts'
import { type SealedEntry, sealEntry } from '../../libs/pipeline/index.ts'
import type { Registry } from '../../libs/registry/index.ts'
import { crashPoint, sabotaged } from '../../libs/runtime/index.ts'
import {
  type ConsignmentRow,
  type DispatchToRoute,
  findDispatchesToRoute,
  isConnectionLoss,
  isServerTrouble,
  routeDispatches as moveDispatches,
  type Pool,
  SQL_STATE,
  type StatusReportRow,
  sqlState,
} from '../../libs/store/index.ts'

/** A push that was announced is looked after by the sweeper of delivery from then on. */
const FIRST_SWEEP_MS = 10_000

/** A consignment that became available or queued, for the wake-ups that follow the commit. */
export interface RoutedConsignment {
  readonly id: string
  readonly agency: string
  readonly lane: 'urgent' | 'normal'
  readonly mode: 'pull' | 'push'
}

export interface RoutingOptions {
  readonly pool: Pool
  readonly registry: Pick<Registry, 'receivingSystem'>
  /** Consignments in one commit at most; a dispatch is never cut. */
  readonly consignmentsPerCommit: number
  /** Told after each commit, before the next one is begun: what became available must not wait for the rest of a large batch. */
  readonly onRouted: (consignments: readonly RoutedConsignment[]) => Promise<void>
  /** Told of a dispatch that the database refuses to route. */
  readonly onUnroutable: (dispatchId: string, error: unknown) => void
}

/**
 * Makes the consignments of accepted dispatches, one per recipient agency, and moves the dispatches to ROUTED. Recipients and
 * consignment ids were fixed by admission; nothing is refused here. Ids that are not waiting for routing are stale and passed over.
 */
export async function routeDispatches(ids: readonly string[], options: RoutingOptions): Promise<void> {
  const dispatches = await findDispatchesToRoute(options.pool, ids)
  for (const batch of cutBySize(dispatches, options.consignmentsPerCommit)) await routeOrHalve(batch, options)
}

/** A batch that fails is halved until the bad dispatch stands alone; it stays accepted, and the sweeper brings it back later. */
async function routeOrHalve(batch: readonly DispatchToRoute[], options: RoutingOptions): Promise<void> {
  let routed: readonly RoutedConsignment[]
  try {
    routed = await routeBatch(batch, options)
  } catch (error) {
    if (isConnectionLoss(error) || isServerTrouble(error)) throw error
    if (sqlState(error) === SQL_STATE.deadlockDetected) return routeOrHalve(batch, options)
    const [only] = batch
    if (batch.length === 1 && only) {
      options.onUnroutable(only.id, error)
      return
    }
    const half = batch.length >> 1
    await routeOrHalve(batch.slice(0, half), options)
    return routeOrHalve(batch.slice(half), options)
  }
  crashPoint('routing-committed')
  await options.onRouted(routed)
}

function* cutBySize(dispatches: readonly DispatchToRoute[], limit: number): Generator<DispatchToRoute[]> {
  let batch: DispatchToRoute[] = []
  let size = 0
  for (const dispatch of dispatches) {
    if (batch.length > 0 && size + dispatch.recipients.length > limit) {
      yield batch
      batch = []
      size = 0
    }
    batch.push(dispatch)
    size += dispatch.recipients.length
  }
  if (batch.length > 0) yield batch
}

async function routeBatch(
  dispatches: readonly DispatchToRoute[],
  options: RoutingOptions,
): Promise<RoutedConsignment[]> {
  const now = new Date()
  const at = now.toISOString()
  const consignments: ConsignmentRow[] = []
  const statuses: StatusReportRow[] = []
  const entries: (SealedEntry & { owner: string })[] = []
  for (const dispatch of dispatches) {
    const own = dispatch.recipients.map((recipient) => consign(dispatch, recipient, options, at))
    if (sabotaged('second-consignment')) own.push({ ...(own[0] as ConsignmentRow), id: newConsignmentId() })
    consignments.push(...own)
    entries.push({ owner: dispatch.id, ...sealRouting(dispatch, now) })
    for (const row of own) entries.push({ owner: dispatch.id, ...sealConsignment(row, now) })
    const status = reportOf(dispatch, at)
    if (status) {
      statuses.push(status)
      entries.push({ owner: dispatch.id, ...sealStatus(status, now) })
    }
  }
  const moves = dispatches.map(({ id, version }) => ({ id, version, at }))
  const moved = await moveDispatches(options.pool, { moves, consignments, statuses, entries })
  return consignments
    .filter((row) => moved.has(row.dispatch_id))
    .map((row) => ({
      id: row.id,
      agency: row.agency_code,
      lane: row.lane as 'urgent' | 'normal',
      mode: row.mode as 'pull' | 'push',
    }))
}

type Recipient = DispatchToRoute['recipients'][number]

function consign(dispatch: DispatchToRoute, recipient: Recipient, options: RoutingOptions, at: string): ConsignmentRow {
  // A system that went away since admission leaves its agency's consignments in the mailbox: they wait for the next system.
  const mode = options.registry.receivingSystem(recipient.agency)?.system.delivery ?? 'pull'
  return {
    id: recipient.consignment,
    dispatch_id: dispatch.id,
    agency_code: recipient.agency,
    as_written: recipient.asWritten,
    kind: dispatch.kind,
    lane: dispatch.lane,
    mode,
    state: mode === 'push' ? 'QUEUED' : 'AVAILABLE',
    available_at: at,
    next_publish_at: mode === 'push' ? new Date(Date.parse(at) + FIRST_SWEEP_MS).toISOString() : null,
  }
}

function reportOf(dispatch: DispatchToRoute, at: string): StatusReportRow | undefined {
  const status = dispatch.facts.status
  if (!status) return undefined
  return {
    dispatch_id: dispatch.id,
    reporter_code: dispatch.sender_code,
    subject_code: dispatch.recipients[0]?.agency ?? '',
    document_id: status.about.documentId ?? '',
    code: status.code,
    description: status.description ?? null,
    stated_at: status.timestamp ?? null,
    reported_at: at,
  }
}

function sealRouting(dispatch: DispatchToRoute, now: Date): SealedEntry {
  const details = { recipients: dispatch.recipients.map(({ agency, consignment }) => ({ agency, consignment })) }
  return sealEntry({ event: EVENTS.routed, dispatchId: dispatch.id, details }, now)
}

function sealConsignment(row: ConsignmentRow, now: Date): SealedEntry {
  const event = row.mode === 'push' ? EVENTS.pushQueued : EVENTS.available
  const details = { agency: row.agency_code, state: row.state, lane: row.lane }
  return sealEntry({ event, dispatchId: row.dispatch_id, consignmentId: row.id, details }, now)
}

function sealStatus(row: StatusReportRow, now: Date): SealedEntry {
  const details = { reporter: row.reporter_code, about: row.subject_code, documentId: row.document_id, code: row.code }
  return sealEntry({ event: EVENTS.statusReported, dispatchId: row.dispatch_id, details }, now)
}
