import type { WorldService } from '../harness/world.ts'

/** A named point between two steps of a service: `crashPoint(name)` stands there in its code. */
export interface Point {
  readonly name: string
  readonly service: WorldService
  /** What has been done and what has not, when the process dies there. */
  readonly between: string
  /** The message it works on is not acknowledged yet: NATS has to hold it still. */
  readonly holdsMessage: boolean
}

/** Points of services that take messages at which the message is to be with NATS. */
const UNACKNOWLEDGED = ['routing-taken', 'routing-committed', 'routing-announced', 'delivery-queued']

/** Every named point. `layers` of this folder's test holds the list against the code; a visit run proves that each is passed. */
export const POINTS: readonly Point[] = [
  point('gateway-kept', 'content is on disk, its rows are not written'),
  point('gateway-committed', 'the acceptance is committed, routing is not told, the sender has no answer'),
  point('gateway-announced', 'routing is told, the sender has no answer'),
  point('gateway-answered', 'the sender has its answer, what follows the answer is not done'),
  point('gateway-leased', 'the lease is committed, the receiver does not know its token'),
  point('gateway-handed-over', 'the hand-over is committed, no byte of the content has left'),
  point('gateway-content-sent', 'the content has left, nothing is acknowledged'),
  point('gateway-acknowledged', 'the acknowledgement is committed, the receiver has no answer'),
  point('routing-taken', 'the message is taken, nothing is written'),
  point('routing-committed', 'consignments are committed, nobody is told, the message is not acknowledged'),
  point('routing-announced', 'receivers are told, the message is not acknowledged'),
  point('routing-swept', 'the next look is moved on, the message is not sent again'),
  point('delivery-queued', 'the push stands in the queue of its system, the message is not acknowledged'),
  point('delivery-claimed', 'the attempt is committed, the network is not touched'),
  point('delivery-posted', 'the receiver has answered, the end of the attempt is not committed'),
  point('delivery-ended', 'the end of the attempt is committed, nothing after it is done'),
  point('delivery-retrying', 'the next attempt is committed, its entry is not in the queue'),
  point('delivery-swept', 'the next look is moved on, the push is not queued again'),
  point('receipts-read', 'entries of the log are read, their dispatches are not closed'),
  point('receipts-closed', 'dispatches are closed and the cursor is moved, nobody is told'),
  point('audit-sequenced', 'entries have their indexes, nobody is told'),
]

function point(name: string, between: string): Point {
  return {
    name,
    service: name.slice(0, name.indexOf('-')) as WorldService,
    between,
    holdsMessage: UNACKNOWLEDGED.includes(name),
  }
}
