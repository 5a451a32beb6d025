import { EVENTS } from '../../libs/model/index.ts'
import { type SealedEntry, sealEntry } from '../../libs/pipeline/index.ts'
import type { Registry } from '../../libs/registry/index.ts'
import type { ConsignmentRow, DispatchToRoute, StatusReportRow } from '../../libs/store/index.ts'

/** A push that was announced is looked after by the sweeper of delivery from then on. */
export const FIRST_SWEEP_MS = 10_000

/** What one routed dispatch adds to the tables. */
export interface RoutingRows {
  readonly consignments: readonly ConsignmentRow[]
  readonly status?: StatusReportRow
  /** Of the dispatch, in order of cause. */
  readonly entries: readonly (SealedEntry & { readonly owner: string })[]
}

/** Why a consignment is born taken back: the dispatch that asked for it, or that its receiver never saw what this one is about. */
export type Spared = ReadonlyMap<string, { readonly [name: string]: string }>

const NOBODY: Spared = new Map()

/**
 * The rows and log entries of one dispatch: one consignment per recipient that admission fixed.
 * @param spared agencies that are not to get it, with what the log shall say of it: their consignments are born RECALLED
 */
export function makeRows(
  dispatch: DispatchToRoute,
  registry: Pick<Registry, 'receivingSystem'>,
  now: Date,
  spared: Spared = NOBODY,
): RoutingRows {
  const at = now.toISOString()
  const owner = dispatch.id
  if (dispatch.traffic === 'shadow') return { consignments: [], entries: [{ owner, ...sealShadow(dispatch, now) }] }
  const consignments = dispatch.recipients.map((recipient) =>
    consign(dispatch, recipient, registry, at, spared.has(recipient.agency)),
  )
  const status = reportOf(dispatch, at)
  return {
    consignments,
    ...(status ? { status } : {}),
    entries: [
      { owner, ...sealRouting(dispatch, now) },
      ...consignments.map((row) => ({ owner, ...sealConsignment(row, now, spared.get(row.agency_code)) })),
      ...(status ? [{ owner, ...sealStatus(status, now) }] : []),
    ],
  }
}

/** How an agency gets something now. A system that went away leaves it in the mailbox: it waits for the next system. */
export function modeOf(registry: Pick<Registry, 'receivingSystem'>, agency: string): 'pull' | 'push' {
  return registry.receivingSystem(agency)?.system.delivery ?? 'pull'
}

export const firstSweepAt = (mode: 'pull' | 'push', at: string): string | null =>
  mode === 'push' ? new Date(Date.parse(at) + FIRST_SWEEP_MS).toISOString() : null

function consign(
  dispatch: DispatchToRoute,
  recipient: DispatchToRoute['recipients'][number],
  registry: Pick<Registry, 'receivingSystem'>,
  at: string,
  spared: boolean,
): ConsignmentRow {
  const mode = modeOf(registry, recipient.agency)
  return {
    id: recipient.consignment,
    dispatch_id: dispatch.id,
    agency_code: recipient.agency,
    as_written: recipient.asWritten,
    kind: dispatch.kind,
    lane: dispatch.lane,
    mode,
    state: spared ? 'RECALLED' : mode === 'push' ? 'QUEUED' : 'AVAILABLE',
    available_at: at,
    next_publish_at: spared ? null : firstSweepAt(mode, at),
    ended_at: spared ? at : null,
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
    document_code: status.about.code ?? '',
    code: status.code,
    description: status.description ?? null,
    stated_at: status.timestamp ?? null,
    reported_at: at,
  }
}

/** Whom it would have gone to; it ends here. */
function sealShadow(dispatch: DispatchToRoute, now: Date): SealedEntry {
  const details = { recipients: dispatch.recipients.map(({ agency }) => agency) }
  return sealEntry({ event: EVENTS.shadowed, dispatchId: dispatch.id, details }, now)
}

function sealRouting(dispatch: DispatchToRoute, now: Date): SealedEntry {
  const details = { recipients: dispatch.recipients.map(({ agency, consignment }) => ({ agency, consignment })) }
  return sealEntry({ event: EVENTS.routed, dispatchId: dispatch.id, details }, now)
}

function sealConsignment(row: ConsignmentRow, now: Date, spared?: { readonly [name: string]: string }): SealedEntry {
  const event = spared ? EVENTS.recalled : row.mode === 'push' ? EVENTS.pushQueued : EVENTS.available
  const details = { agency: row.agency_code, state: row.state, lane: row.lane, ...spared }
  return sealEntry({ event, dispatchId: row.dispatch_id, consignmentId: row.id, details }, now)
}

function sealStatus(row: StatusReportRow, now: Date): SealedEntry {
  const details = { reporter: row.reporter_code, about: row.subject_code, documentId: row.document_id, code: row.code }
  return sealEntry({ event: EVENTS.statusReported, dispatchId: row.dispatch_id, details }, now)
}
