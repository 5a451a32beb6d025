import { newConsignmentId } from '../../libs/model/index.ts'
import type { SealedEntry } from '../../libs/pipeline/index.ts'
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
import { makeRows } from './make-rows.ts'
import { routeAction, TargetNotRouted } from './route-action.ts'

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
  const plain = dispatches.filter((dispatch) => !needsLocks(dispatch))
  for (const batch of cutBySize(plain, options.consignmentsPerCommit)) await routeOrHalve(batch, options)
  // In the order of acceptance: what was asked first is carried out first.
  const acting = dispatches.filter(needsLocks).toSorted((a, b) => (a.id < b.id ? -1 : 1))
  for (const dispatch of acting) await routeCarefully(dispatch, options)
}

/** Whether a dispatch acts on others, or was marked by one that does. All others go by the batch. */
function needsLocks({ marked, traffic, facts: { action, status } }: DispatchToRoute): boolean {
  if (traffic === 'shadow') return false
  if (marked) return true
  if (!action) return false
  const answers = status?.code === '15' || status?.code === '16'
  return action.requests.length > 0 || action.added.length > 0 || (answers && action.about.length > 0)
}

const TRIES = 4

async function routeCarefully(dispatch: DispatchToRoute, options: RoutingOptions): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      const routed = await routeAction(dispatch, options)
      await options.onRouted(routed)
      return
    } catch (error) {
      if (isConnectionLoss(error) || isServerTrouble(error)) throw error
      if (tries < TRIES && error instanceof TargetNotRouted) await routeDispatches([error.dispatchId], options)
      else if (tries === TRIES || sqlState(error) !== SQL_STATE.deadlockDetected) {
        options.onUnroutable(dispatch.id, error)
        return
      }
    }
  }
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
    const rows = makeRows(dispatch, options.registry, now)
    consignments.push(...rows.consignments)
    entries.push(...rows.entries)
    if (rows.status) statuses.push(rows.status)
    if (sabotaged('second-consignment') && rows.consignments.length > 0)
      consignments.push({ ...(rows.consignments[0] as ConsignmentRow), id: newConsignmentId() })
  }
  const moves = dispatches.map(({ id, version }) => ({ id, version, at }))
  const moved = await moveDispatches(options.pool, { moves, consignments, statuses, entries })
  await routeMarked(dispatches, moved, options)
  return consignments
    .filter((row) => moved.has(row.dispatch_id))
    .map((row) => ({
      id: row.id,
      agency: row.agency_code,
      lane: row.lane as 'urgent' | 'normal',
      mode: row.mode as 'pull' | 'push',
    }))
}

/** A recall may have marked a dispatch after it was read: its own compare-and-set left it alone, and it is read again. */
async function routeMarked(
  dispatches: readonly DispatchToRoute[],
  moved: ReadonlySet<string>,
  options: RoutingOptions,
): Promise<void> {
  const left = dispatches.filter(({ id }) => !moved.has(id)).map(({ id }) => id)
  if (left.length === 0) return
  for (const dispatch of await findDispatchesToRoute(options.pool, left)) {
    if (dispatch.marked) await routeCarefully(dispatch, options)
  }
}
