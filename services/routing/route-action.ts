import {
  type BusinessRequest,
  EVENTS,
  type EventName,
  groupBy,
  newConsignmentId,
  type ResolvedAction,
  withdraws,
} from '../../libs/model/index.ts'
import { type SealedEntry, sealEntry } from '../../libs/pipeline/index.ts'
import { sabotaged } from '../../libs/runtime/index.ts'
import {
  type AddedConsignment,
  applyRequests,
  type DispatchToRoute,
  findTakenBack,
  idFloor,
  inTransaction,
  type LockedConsignment,
  type LockedDispatch,
  lockConsignments,
  lockTargets,
  type PoolClient,
  type RecallMarks,
  type RequestRow,
  routeDispatches,
} from '../../libs/store/index.ts'
import { decideWithdrawal } from './decide-withdrawal.ts'
import { firstSweepAt, makeRows, modeOf, type Spared } from './make-rows.ts'
import type { RoutedConsignment, RoutingOptions } from './route-dispatches.ts'
import { settleAnswer } from './settle-answer.ts'

/** A target that has to be routed before a receiver can be added to it. */
export class TargetNotRouted extends Error {
  readonly dispatchId: string
  constructor(dispatchId: string) {
    super(`dispatch ${dispatchId} is not routed yet`)
    this.dispatchId = dispatchId
  }
}

/** Why a recall is not told to somebody; stands in the log. */
const NEVER_SEEN = 'the document never reached this receiver'
const NO_ACTION = { requests: [], added: [], about: [] } as const

/**
 * Routes one dispatch that acts on others, or that a recall marked, in one transaction. First every dispatch concerned is locked and
 * marked; then, with a snapshot younger than these locks, what became of their consignments is read and decided. So a fetch, a lease,
 * an attempt, a re-send or the routing of the document itself comes wholly before or wholly after.
 * @returns what became available; nothing when the dispatch was routed by somebody else meanwhile
 * @throws TargetNotRouted
 */
export async function routeAction(dispatch: DispatchToRoute, options: RoutingOptions): Promise<RoutedConsignment[]> {
  const asked = dispatch.facts.action ?? NO_ACTION
  return inTransaction(options.pool, async (client) => {
    const now = new Date()
    const at = now.toISOString()
    const ids = [...asked.requests, ...asked.added].map((each) => each.dispatch)
    const locked = await lockTargets(client, [dispatch.id, ...ids], marksOf(dispatch, asked.requests), at)
    const own = locked.find(({ id }) => id === dispatch.id)
    if (own?.state !== 'ACCEPTED' || own.version !== dispatch.version) return []
    const action = standingOf(asked, own)
    const targets = new Map(locked.map((row) => [row.id, row]))
    const unrouted = action.added.find((each) => targets.get(each.dispatch)?.state === 'ACCEPTED')
    if (unrouted) throw new TargetNotRouted(unrouted.dispatch)

    const effects = await decideAll(client, dispatch, action.requests, targets, now)
    const widened = [...new Set(action.added.map((each) => each.dispatch))]
    const takenBack = await findTakenBack(client, widened, idFloor(widened))
    const added = action.added
      .filter((each) => !takenBack.has(each.dispatch))
      .flatMap((each) => addReceiver(each, targets, options, at))
    const rows = makeRows(dispatch, options.registry, now, sparedOf(dispatch, own, effects))
    const moved = await routeDispatches(client, {
      moves: [{ id: dispatch.id, version: dispatch.version, at, marked: true }],
      consignments: rows.consignments,
      statuses: rows.status ? [rows.status] : [],
      entries: rows.entries,
    })
    if (!moved.has(dispatch.id)) throw new Error('a dispatch moved although its row was locked')
    const { requests, changes } = effects
    if (requests.length > 0 || added.length > 0) {
      const entries = [...effects.entries, ...added.flatMap((row) => sealAdded(row, dispatch, targets, now))]
      const batch = { request: dispatch.id, at, requests, changes, added, entries }
      const changed = await applyRequests(client, batch)
      if (changed < changes.length) throw new Error('a consignment moved although its row was locked')
    }
    await settleAnswer(client, dispatch, now)
    const born = rows.consignments.filter(({ state }) => state !== 'RECALLED')
    return [...born, ...added].map(({ id, agency_code, lane, mode }) => ({
      id,
      agency: agency_code,
      lane: lane as RoutedConsignment['lane'],
      mode: mode as RoutedConsignment['mode'],
    }))
  })
}

/** Whom the dispatch is taken from, on the row of the dispatch itself: routing reads it there if it has not been routed. */
function marksOf(dispatch: DispatchToRoute, requests: readonly BusinessRequest[]): RecallMarks {
  const withdrawn = sabotaged('recall-without-mark') ? [] : requests.filter(({ action }) => withdraws(action))
  const targets = groupBy(withdrawn, (request) => request.dispatch)
  return {
    by: dispatch.id,
    targets: [...targets].map(([id, own]) => ({ id, agencies: own.flatMap(({ agencies }) => agencies) })),
  }
}

/** What is still asked: of whom a dispatch was itself taken back before it was routed, it asks nothing; taken back whole, of nobody. */
function standingOf(asked: ResolvedAction, own: LockedDispatch): ResolvedAction {
  const marks = own.recall_marks
  if (marks === null) return asked
  if (own.recipients.every(({ agency }) => marks[agency] !== undefined)) return NO_ACTION
  const requests = asked.requests
    .map((request) => ({ ...request, agencies: request.agencies.filter((agency) => marks[agency] === undefined) }))
    .filter(({ agencies }) => agencies.length > 0)
  return { ...asked, requests, added: asked.added.filter(({ agency }) => marks[agency] === undefined) }
}

interface Effects {
  readonly requests: RequestRow[]
  readonly changes: { readonly id: string; readonly version: number; readonly taken: boolean }[]
  readonly entries: (SealedEntry & { readonly owner: string })[]
  /** Agencies the requests name, with whether any of them has, or may have, seen the document. */
  readonly seen: Map<string, boolean>
}

async function decideAll(
  client: PoolClient,
  dispatch: DispatchToRoute,
  requests: readonly BusinessRequest[],
  targets: ReadonlyMap<string, LockedDispatch>,
  now: Date,
): Promise<Effects> {
  const effects: Effects = { requests: [], changes: [], entries: [], seen: new Map() }
  if (requests.length === 0) return effects
  const dispatches = [...new Set(requests.map((request) => request.dispatch))]
  const agencies = [...new Set(requests.flatMap((request) => request.agencies))]
  const rows = await lockConsignments(client, { dispatches, agencies, floor: idFloor(dispatches) })
  for (const request of requests) {
    const target = targets.get(request.dispatch)
    if (!target) {
      // Put away with its month: it had ended at every receiver, who may have it.
      for (const agency of request.agencies) effects.seen.set(agency, true)
      continue
    }
    for (const agency of request.agencies) {
      const own = rows.filter((row) => row.dispatch_id === target.id && row.agency_code === agency)
      if (target.state === 'ACCEPTED') decideUnborn(effects, request, target, agency)
      for (const row of own) decideOne(effects, dispatch, request, row, now)
    }
  }
  return effects
}

/** Not routed yet: routing finds the mark and makes the consignment taken back. An update leaves it to come first. */
function decideUnborn(effects: Effects, request: BusinessRequest, target: LockedDispatch, agency: string): void {
  const consignment = target.recipients.find((recipient) => recipient.agency === agency)?.consignment
  if (consignment === undefined) return
  const outcome = withdraws(request.action) ? 'withdrawn' : 'pending'
  effects.requests.push({ ...rowOf(request, agency), consignment_id: consignment, outcome })
  effects.seen.set(agency, (effects.seen.get(agency) ?? false) || outcome === 'pending')
}

function decideOne(
  effects: Effects,
  dispatch: DispatchToRoute,
  request: BusinessRequest,
  row: LockedConsignment,
  now: Date,
): void {
  const { outcome, seen } = decideWithdrawal(request.action, row)
  effects.requests.push({ ...rowOf(request, row.agency_code), consignment_id: row.id, outcome })
  effects.seen.set(row.agency_code, (effects.seen.get(row.agency_code) ?? false) || seen)
  if (outcome === 'void') return
  const recalls = request.action === 'recall' || request.action === 'remove'
  const taken = outcome === 'withdrawn'
  if (taken || recalls) effects.changes.push({ id: row.id, version: row.version, taken })
  const event: EventName =
    outcome === 'withdrawn' ? EVENTS.recalled : recalls ? EVENTS.recallPending : EVENTS.changePending
  const details = { agency: row.agency_code, action: request.action, by: dispatch.id, from: row.state }
  const draft = { event, dispatchId: row.dispatch_id, consignmentId: row.id, details }
  effects.entries.push({ owner: dispatch.id, ...sealEntry(draft, now) })
}

const rowOf = ({ action, dispatch }: BusinessRequest, agency: string) => ({
  action,
  target_dispatch_id: dispatch,
  agency_code: agency,
})

/**
 * Who does not get this dispatch: those from whom it was itself recalled, and, of a recall, take-back or removal, receivers who never
 * got the document. A replacement is a document of its own and goes to all.
 */
function sparedOf(dispatch: DispatchToRoute, own: LockedDispatch, { seen }: Effects): Spared {
  const spared = new Map<string, { readonly [name: string]: string }>()
  for (const [agency, by] of Object.entries(own.recall_marks ?? {})) spared.set(agency, { by })
  const tells = dispatch.business_type === 'replace'
  const resolved = (dispatch.facts.action?.requests.length ?? 0) > 0
  const recalls = dispatch.business_type === 'recall' && resolved
  const added = new Set(dispatch.facts.action?.added.map(({ agency }) => agency))
  for (const { agency } of dispatch.recipients) {
    const saw = seen.get(agency) ?? !recalls
    if (!tells && !saw && !added.has(agency)) spared.set(agency, { because: NEVER_SEEN })
  }
  return spared
}

function addReceiver(
  wanted: { readonly dispatch: string; readonly agency: string; readonly asWritten: string },
  targets: ReadonlyMap<string, LockedDispatch>,
  { registry }: RoutingOptions,
  at: string,
): AddedConsignment[] {
  const target = targets.get(wanted.dispatch)
  // Added by another update meanwhile, or deleted: the receiver's own packet still tells of it.
  if (target?.content_state !== 'KEPT' || target.recipients.some(({ agency }) => agency === wanted.agency)) return []
  const mode = modeOf(registry, wanted.agency)
  return [
    {
      id: newConsignmentId(Date.parse(at)),
      dispatch_id: target.id,
      agency_code: wanted.agency,
      as_written: [wanted.asWritten],
      kind: target.kind,
      lane: target.lane,
      mode,
      state: mode === 'push' ? 'QUEUED' : 'AVAILABLE',
      next_publish_at: firstSweepAt(mode, at),
      system_id: target.system_id,
      content_hash: target.content_hash.toString('hex'),
    },
  ]
}

function sealAdded(
  row: AddedConsignment,
  dispatch: DispatchToRoute,
  targets: ReadonlyMap<string, LockedDispatch>,
  now: Date,
): (SealedEntry & { owner: string })[] {
  const about = { dispatchId: row.dispatch_id, consignmentId: row.id }
  const reopened = targets.get(row.dispatch_id)?.state === 'CLOSED'
  return [
    ...(reopened
      ? [{ event: EVENTS.reopened, dispatchId: row.dispatch_id, details: { by: dispatch.id } } as const]
      : []),
    { ...about, event: EVENTS.receiverAdded, details: { agency: row.agency_code, by: dispatch.id } },
    {
      ...about,
      event: row.mode === 'push' ? EVENTS.pushQueued : EVENTS.available,
      details: { agency: row.agency_code, state: row.state, lane: row.lane },
    },
  ].map((draft) => ({ owner: dispatch.id, ...sealEntry(draft, now) }))
}
