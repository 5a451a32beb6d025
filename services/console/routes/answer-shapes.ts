import { BusError } from '../../../libs/errors/index.ts'
import type { FastifyRequest } from '../../../libs/http/index.ts'
import { languageOf, problemOf, refusalShape } from '../../../libs/http/index.ts'
import { INSTANT_PATTERN, type Operated, type Skip } from '../../../libs/pipeline/index.ts'
import { type Static, Type } from '../../../libs/schema/index.ts'
import type { OperationRequestRow } from '../../../libs/store/index.ts'

export const uuidShape = Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' })
export const reasonShape = Type.String({
  minLength: 1,
  maxLength: 500,
  pattern: '^[^\\u0000]*$',
  description: 'why; stands in the log and, where a consignment is closed, in the receipt of the sender',
})
export const timeShape = Type.String({
  pattern: INSTANT_PATTERN,
  format: 'date-time',
  description: 'RFC 3339; a day and time that exist',
})

/** One consignment of an action: done, or why it was left alone, with all that a problem says. */
const itemShape = Type.Object({
  consignment: uuidShape,
  done: Type.Boolean(),
  state: Type.String({ description: 'where it stands now' }),
  ...Type.Partial(refusalShape).properties,
})
export const itemsShape = Type.Object({ items: Type.Array(itemShape) })

export const requestShape = Type.Object({
  id: uuidShape,
  action: Type.String(),
  subject: Type.Unknown(),
  digest: Type.String({ description: 'names what is asked for; to be repeated by who approves' }),
  affected: Type.Integer(),
  reason: Type.String(),
  requestedBy: Type.String(),
  requestedAt: Type.String(),
  expiresAt: Type.String(),
  state: Type.String({ description: 'PENDING, EXECUTING, DONE, REJECTED or EXPIRED' }),
  decidedBy: Type.Union([Type.String(), Type.Null()]),
  decidedAt: Type.Union([Type.String(), Type.Null()]),
  decisionReason: Type.Union([Type.String(), Type.Null()]),
  result: Type.Unknown(),
})
export const filedShape = Type.Object({ request: requestShape })

/** A request as operators see it. */
export function describeRequest(row: OperationRequestRow): Static<typeof requestShape> {
  return {
    id: row.id,
    action: row.action,
    subject: row.subject,
    digest: row.digest.toString('hex'),
    affected: row.affected,
    reason: row.reason,
    requestedBy: row.requester,
    requestedAt: row.requested_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    state: row.expired ? 'EXPIRED' : row.state,
    decidedBy: row.decider,
    decidedAt: row.decided_at?.toISOString() ?? null,
    decisionReason: row.decision_reason,
    result: row.result,
  }
}

type Done = Extract<Operated, { kind: 'done' }>['result']

/** Each consignment of an action with its own answer, in the order of their ids. */
export function describeItems(
  request: Pick<FastifyRequest, 'id' | 'headers'>,
  action: string,
  result: Extract<Done, { done: unknown }>,
): Static<typeof itemShape>[] {
  return [
    ...result.done.map(({ id, to }) => ({ consignment: id, done: true, state: to })),
    ...result.skipped.map((skip) => describeSkip(request, action, skip)),
  ].sort((a, b) => (a.consignment < b.consignment ? -1 : 1))
}

function describeSkip(
  request: Pick<FastifyRequest, 'id' | 'headers'>,
  action: string,
  { id, code, state }: Skip,
): Static<typeof itemShape> {
  const error = new BusError(code, { consignmentId: id, state, action })
  const {
    type: _,
    traceId: __,
    ...refusal
  } = problemOf(error, request.id, languageOf(request.headers['accept-language'])).body
  return { consignment: id, done: false, state, ...refusal }
}
