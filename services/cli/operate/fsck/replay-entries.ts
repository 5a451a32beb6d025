import { type ConsignmentState, type DispatchState, EVENTS, isEnded } from '../../../../libs/model/index.ts'
import type { CheckedEvent } from '../../../../libs/store/index.ts'

/** Where a consignment stands according to the log. */
export interface ReplayedConsignment {
  /** One of these; several where the entries leave it open. */
  states: readonly ConsignmentState[]
  attempts: number
  /** Its sender asks for it back; `undefined` where the entries leave it open. */
  recallPending: boolean | undefined
  /** The receiver agreed to give it back (status 15): then also what it has, or what ended, is taken back. */
  agreed: boolean
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
const WAITING: readonly ConsignmentState[] = ['AVAILABLE', 'QUEUED', 'RETRYING']
const AGAIN: readonly ConsignmentState[] = ['AVAILABLE', 'QUEUED', 'RETRYING', 'HANDED_OVER']

const MOVES: Readonly<Record<string, Move>> = {
  // Whatever comes back says first how: released, requeued, reassigned.
  [EVENTS.available]: { to: ['AVAILABLE'], from: ['new', 'AVAILABLE'] },
  [EVENTS.pushQueued]: { to: ['QUEUED'], from: ['new', 'QUEUED'] },
  [EVENTS.attemptBegun]: { to: ['RETRYING'], from: ['QUEUED', 'RETRYING'] },
  [EVENTS.attemptEnded]: { to: ['RETRYING'], from: ['RETRYING'] },
  [EVENTS.handedOver]: { to: ['HANDED_OVER'], from: ['AVAILABLE', 'QUEUED', 'RETRYING', 'HANDED_OVER'] },
  [EVENTS.taken]: { to: ['HANDED_OVER'], from: ['AVAILABLE'] },
  [EVENTS.acknowledged]: { to: ['ACKNOWLEDGED'], from: [...OPEN, 'DEAD'] },
  [EVENTS.refused]: { to: ['REFUSED'], from: OPEN },
  [EVENTS.deadLettered]: { to: ['DEAD'], from: OPEN },
  // Nobody came for it, or whoever came never said that it was there.
  [EVENTS.expired]: { to: ['EXPIRED'], from: ['AVAILABLE', 'HANDED_OVER'] },
  // Born so where the recall came before routing, or where its receiver never saw what this packet is about.
  [EVENTS.recalled]: { to: ['RECALLED'], from: ['new', 'AVAILABLE', 'QUEUED', 'HELD'] },
  [EVENTS.held]: { to: ['HELD'], from: WAITING },
  // Where it goes back to is said by the details, or by the entry that follows.
  [EVENTS.released]: { to: AGAIN, from: ['HELD'] },
  [EVENTS.requeued]: { to: AGAIN, from: ['DEAD', 'EXPIRED'] },
  // What was fetched and never acknowledged is pushed under the same id.
  [EVENTS.reassigned]: { to: ['AVAILABLE', 'QUEUED'], from: [...WAITING, 'HANDED_OVER'] },
}
/** What the receiver has, or had, comes back by its own word only. */
const GIVEN_BACK: readonly ConsignmentState[] = ['RETRYING', 'HANDED_OVER', 'ACKNOWLEDGED', 'DEAD', 'EXPIRED']
/** Requests that stand beside the state until they are answered; an update or a replacement changes nothing of the consignment. */
const ASKS_BACK: readonly unknown[] = ['recall', 'remove']
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
  else if (event === EVENTS.routed || event === EVENTS.shadowed || event === EVENTS.reopened) replay.state = 'ROUTED'
  else if (event === EVENTS.closed) replay.state = 'CLOSED'
  else if (event === EVENTS.contentDeleted) replay.deleted = true
  else if (event === EVENTS.contentHeld) replay.held = true
  else if (event === EVENTS.contentReleased) replay.held = false
}

function playConsignment(replay: Replay, { id, event, details }: CheckedEvent, consignment: string): void {
  const known = replay.consignments.get(consignment)
  const move = MOVES[event]
  if (known) playRequest(known, event, details)
  // The other entries of a consignment say what happened beside its state, or what is about to: re-sent, receiver added, closed.
  if (!move) return
  if (known ? !known.states.some((state) => mayMove(known, state, event, move)) : !move.from.includes('new')) {
    const from = known?.states.join('|') ?? 'new'
    replay.impossible.push({ entry: id, consignment, from, event })
  }
  replay.consignments.set(consignment, {
    states: statesAfter(move, details),
    attempts: (known?.attempts ?? 0) + (event === EVENTS.attemptBegun ? 1 : 0),
    recallPending: event === EVENTS.recalled ? false : known ? known.recallPending : false,
    agreed: known?.agreed ?? false,
  })
}

function mayMove(known: ReplayedConsignment, state: ConsignmentState, event: string, move: Move): boolean {
  return move.from.includes(state) || (event === EVENTS.recalled && known.agreed && GIVEN_BACK.includes(state))
}

/** A request for a consignment, and the receiver's answer. */
function playRequest(known: ReplayedConsignment, event: string, details: string | null): void {
  if (event === EVENTS.recallPending) known.recallPending = true
  if (event !== EVENTS.requestAgreed && event !== EVENTS.requestDeclined) return
  const said = details === null ? undefined : (JSON.parse(details) as { action?: unknown }).action
  if (said === undefined) known.recallPending = known.recallPending ? undefined : false
  else if (ASKS_BACK.includes(said)) known.recallPending = false
  if (event === EVENTS.requestAgreed && (said === undefined || ASKS_BACK.includes(said))) known.agreed = true
}

/** The details may say where it went (a reassignment: how it is delivered from now on); otherwise it is one of those the move leads to. */
function statesAfter(move: Move, details: string | null): readonly ConsignmentState[] {
  if (move.to.length === 1 || details === null) return move.to
  const { state, to } = JSON.parse(details) as { state?: unknown; to?: unknown }
  const said = to === 'push' ? 'QUEUED' : to === 'pull' ? 'AVAILABLE' : state
  const found = move.to.filter((each) => each === said)
  return found.length === 1 ? found : move.to
}

/** Whether the entries leave a consignment under way. */
export function isUnderWay({ states }: ReplayedConsignment): boolean {
  return !states.every(isEnded)
}
