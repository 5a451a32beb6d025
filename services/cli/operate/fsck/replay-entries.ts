import { type ConsignmentState, type DispatchState, EVENTS, isEnded } from '../../../../libs/model/index.ts'
import type { CheckedEvent } from '../../../../libs/store/index.ts'

/** Where a consignment stands according to the log. */
export interface ReplayedConsignment {
  /** One of these; several where the entries leave it open. */
  states: readonly ConsignmentState[]
  attempts: number
  recallPending: boolean
}

/** What the entries of a dispatch say about it. */
export interface Replay {
  state: DispatchState | undefined
  deleted: boolean
  held: boolean
  readonly consignments: Map<string, ReplayedConsignment>
  /** Events whose names nobody here knows: the list is open. */
  readonly unknown: { readonly id: string; readonly event: string }[]
  /** Moves that the state machine does not have. */
  readonly impossible: {
    readonly entry: string
    readonly consignment: string
    readonly from: string
    readonly event: string
  }[]
}

/** States an event leads to, and those it may come from; `new`: the first entry of a consignment. */
interface Move {
  readonly to: readonly ConsignmentState[]
  readonly from: readonly (ConsignmentState | 'new')[]
}

const OPEN: readonly ConsignmentState[] = ['AVAILABLE', 'QUEUED', 'RETRYING', 'HANDED_OVER', 'HELD']
const ENDED: readonly ConsignmentState[] = ['ACKNOWLEDGED', 'REFUSED', 'DEAD', 'EXPIRED', 'RECALLED']
const AGAIN: readonly ConsignmentState[] = ['AVAILABLE', 'QUEUED', 'RETRYING', 'HANDED_OVER']

const MOVES: Readonly<Record<string, Move>> = {
  [EVENTS.available]: { to: ['AVAILABLE'], from: ['new', ...OPEN, 'DEAD'] },
  [EVENTS.pushQueued]: { to: ['QUEUED'], from: ['new', ...OPEN, 'DEAD'] },
  [EVENTS.attemptBegun]: { to: ['RETRYING'], from: ['QUEUED', 'RETRYING'] },
  [EVENTS.attemptEnded]: { to: ['RETRYING'], from: ['RETRYING'] },
  [EVENTS.handedOver]: { to: ['HANDED_OVER'], from: ['AVAILABLE', 'QUEUED', 'RETRYING', 'HANDED_OVER'] },
  [EVENTS.acknowledged]: { to: ['ACKNOWLEDGED'], from: [...OPEN, 'DEAD'] },
  [EVENTS.refused]: { to: ['REFUSED'], from: OPEN },
  [EVENTS.deadLettered]: { to: ['DEAD'], from: OPEN },
  [EVENTS.expired]: { to: ['EXPIRED'], from: OPEN },
  [EVENTS.recalled]: { to: ['RECALLED'], from: OPEN },
  [EVENTS.held]: { to: ['HELD'], from: OPEN },
  // Where it goes back to is said by the details, or by the entry that follows.
  [EVENTS.released]: { to: AGAIN, from: ['HELD'] },
  [EVENTS.requeued]: { to: AGAIN, from: [...OPEN, 'DEAD', 'EXPIRED'] },
  [EVENTS.reassigned]: { to: ['AVAILABLE', 'QUEUED'], from: OPEN },
}
/** Of a consignment, but they do not move it. `resent` is its first entry, the one that makes it available follows. */
const STILL: ReadonlySet<string> = new Set([EVENTS.resent, EVENTS.notified, EVENTS.statusReported, EVENTS.repaired])
const KNOWN: ReadonlySet<string> = new Set(Object.values(EVENTS))

/** Plays the entries of one dispatch, which come in the order of the log. Never fails: what it does not know it reports. */
export function replayEntries(entries: readonly CheckedEvent[]): Replay {
  const replay: Replay = {
    state: undefined,
    deleted: false,
    held: false,
    consignments: new Map(),
    unknown: [],
    impossible: [],
  }
  for (const entry of entries) {
    if (!KNOWN.has(entry.event)) replay.unknown.push({ id: entry.id, event: entry.event })
    else if (entry.consignment_id === null) playDispatch(replay, entry.event)
    else playConsignment(replay, entry, entry.consignment_id)
  }
  return replay
}

function playDispatch(replay: Replay, event: string): void {
  if (event === EVENTS.submissionAccepted) replay.state = 'ACCEPTED'
  else if (event === EVENTS.routed || event === EVENTS.reopened) replay.state = 'ROUTED'
  else if (event === EVENTS.closed) replay.state = 'CLOSED'
  else if (event === EVENTS.contentDeleted) replay.deleted = true
  else if (event === EVENTS.contentHeld) replay.held = true
  else if (event === EVENTS.contentReleased) replay.held = false
}

function playConsignment(replay: Replay, { id, event, details }: CheckedEvent, consignment: string): void {
  const known = replay.consignments.get(consignment)
  const move = MOVES[event]
  if (event === EVENTS.recallPending && known) known.recallPending = true
  if (!move || STILL.has(event)) return
  if (known ? !known.states.some((state) => move.from.includes(state)) : !move.from.includes('new')) {
    const from = known?.states.join('|') ?? 'new'
    replay.impossible.push({ entry: id, consignment, from, event })
  }
  replay.consignments.set(consignment, {
    states: statesAfter(move, details),
    attempts: (known?.attempts ?? 0) + (event === EVENTS.attemptBegun ? 1 : 0),
    recallPending: known?.recallPending ?? false,
  })
}

/** The details may say where it went; otherwise it is one of those the move leads to. */
function statesAfter(move: Move, details: string | null): readonly ConsignmentState[] {
  if (move.to.length === 1 || details === null) return move.to
  const said = (JSON.parse(details) as { state?: unknown; to?: unknown }).state
  const found = [...OPEN, ...ENDED].find((state) => state === said)
  return found === undefined ? move.to : [found]
}

/** Whether the entries leave a consignment under way. */
export function isUnderWay({ states }: ReplayedConsignment): boolean {
  return !states.every(isEnded)
}
