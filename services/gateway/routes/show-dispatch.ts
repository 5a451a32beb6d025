import { BusError } from '../../../libs/errors/index.ts'
import type { HttpServer } from '../../../libs/http/index.ts'
import { type Static, Type } from '../../../libs/schema/index.ts'
import {
  type DispatchView,
  findDispatch,
  listAsked,
  listBusinessRequests,
  listConsignments,
  listStatusReports,
  listThread,
  type RequestView,
  type StatusView,
} from '../../../libs/store/index.ts'
import { callerOf } from '../auth/caller.ts'
import type { Gateway } from '../gateway.ts'
import { codeShape, idParams, signatureShape, timeShape, uuidShape, warningShape } from './answer-shapes.ts'
import {
  businessShape,
  describeBusiness,
  describeRequest,
  describeStatus,
  requestShape,
  statusShape,
} from './describe-business.ts'
import { readReceipts, receiptShape } from './receipt-page.ts'

const answer = Type.Object({
  dispatch: uuidShape,
  state: Type.String(),
  kind: Type.String(),
  lane: Type.String(),
  sender: codeShape,
  documentId: Type.String(),
  number: Type.String(),
  notation: Type.String(),
  subject: Type.String(),
  business: Type.String(),
  form: Type.String(),
  contentHash: Type.String(),
  contentSize: Type.Integer(),
  acceptedAt: timeShape,
  closedAt: Type.Optional(timeShape),
  signature: signatureShape,
  warnings: Type.Array(warningShape),
  recipients: Type.Array(
    Type.Object({
      consignment: uuidShape,
      agency: codeShape,
      asWritten: Type.Array(Type.String()),
      state: Type.String({ description: 'ACCEPTED until routed, then the state of the consignment' }),
      previous: Type.Optional(uuidShape),
      availableAt: Type.Optional(timeShape),
      handedOverAt: Type.Optional(timeShape),
      endedAt: Type.Optional(timeShape),
      refusal: Type.Optional(Type.Object({ reason: Type.String(), text: Type.Optional(Type.String()) })),
      business: Type.Optional(businessShape),
      statuses: Type.Array(statusShape),
    }),
  ),
  unmatchedStatuses: Type.Array(statusShape),
  asks: Type.Array(requestShape, {
    description: 'what this dispatch asks of documents sent before, and what came of it',
  }),
  receipts: Type.Array(receiptShape, { description: 'the first 500' }),
  receiptsAfter: Type.Optional(
    Type.String({ description: 'there are more receipts: `after` of /v1/dispatches/{id}/receipts' }),
  ),
  thread: Type.Array(
    Type.Object({
      dispatch: uuidShape,
      direction: Type.String({ description: 'answers: this dispatch answers it; answered-by: it answers this one' }),
      sender: codeShape,
      documentId: Type.String(),
      number: Type.String(),
      notation: Type.String(),
      subject: Type.String(),
    }),
  ),
})
type Answer = Static<typeof answer>

/** GET /v1/dispatches/:id: the whole state of one's own dispatch, per recipient, with statuses, the first receipts and thread. */
export function registerShowDispatch(server: HttpServer, gateway: Gateway): void {
  server.get(
    '/v1/dispatches/:id',
    {
      schema: {
        operationId: 'showDispatch',
        summary: 'State of a dispatch',
        params: idParams,
        response: { 200: answer },
      },
    },
    async (request) => {
      const dispatch = await findOwnDispatch(gateway, callerOf(request).systemId, request.params.id)
      const [consignments, statuses, requests, asked, { items, next }, thread] = await Promise.all([
        listConsignments(gateway.pool, dispatch.id),
        listStatusReports(gateway.pool, dispatch.id),
        listBusinessRequests(gateway.pool, dispatch.id),
        listAsked(gateway.pool, dispatch.id),
        readReceipts(gateway, dispatch.id),
        listThread(gateway.pool, dispatch, gateway.registry.agenciesOf(callerOf(request).systemCode)),
      ])
      return {
        ...describeDispatch(dispatch),
        recipients: describeRecipients(dispatch, consignments, statuses, requests),
        unmatchedStatuses: statuses
          .filter((row) => row.about_consignment_id === null)
          .map((row) => describeStatus(row)),
        asks: asked.map(describeRequest),
        receipts: items,
        ...(next === undefined ? {} : { receiptsAfter: next }),
        thread: thread.map((row) => ({
          dispatch: row.dispatch_id,
          direction: row.direction,
          sender: row.sender_code,
          documentId: row.document_id,
          number: row.number,
          notation: row.notation,
          subject: row.subject,
        })),
      }
    },
  )
}

/** A dispatch of this system. Another system's is as unknown as one that does not exist. @throws BusError LT_SUB_NOT_FOUND */
export async function findOwnDispatch(gateway: Gateway, systemId: string, id: string): Promise<DispatchView> {
  const dispatch = await findDispatch(gateway.pool, id)
  if (!dispatch || dispatch.system_id !== systemId) throw new BusError('LT_SUB_NOT_FOUND')
  return dispatch
}

function describeDispatch(
  dispatch: DispatchView,
): Omit<Answer, 'recipients' | 'unmatchedStatuses' | 'asks' | 'receipts' | 'thread'> {
  const { warnings = [] } = dispatch.facts as { warnings?: Answer['warnings'] }
  return {
    dispatch: dispatch.id,
    state: dispatch.state,
    kind: dispatch.kind,
    lane: dispatch.lane,
    sender: dispatch.sender_code,
    documentId: dispatch.document_id,
    number: dispatch.number,
    notation: dispatch.notation,
    subject: dispatch.subject,
    business: dispatch.business_type,
    form: dispatch.form,
    contentHash: dispatch.content_hash.toString('hex'),
    contentSize: dispatch.content_size,
    acceptedAt: dispatch.accepted_at.toISOString(),
    ...(dispatch.closed_at === null ? {} : { closedAt: dispatch.closed_at.toISOString() }),
    signature: dispatch.signature as Answer['signature'],
    warnings,
  }
}

function describeRecipients(
  dispatch: DispatchView,
  consignments: Awaited<ReturnType<typeof listConsignments>>,
  statuses: readonly StatusView[],
  requests: readonly RequestView[],
): Answer['recipients'] {
  if (consignments.length === 0) {
    return dispatch.recipients.map(({ agency, consignment, asWritten }) => ({
      consignment,
      agency,
      asWritten: [...asWritten],
      state: 'ACCEPTED',
      statuses: [],
    }))
  }
  // In the order of the packet; ids made in one millisecond have none.
  const place = new Map(dispatch.recipients.map(({ agency }, position) => [agency, position]))
  const ordered = consignments.toSorted((a, b) => (place.get(a.agency_code) ?? 0) - (place.get(b.agency_code) ?? 0))
  return ordered.map((row) => ({
    consignment: row.id,
    agency: row.agency_code,
    asWritten: [...row.as_written],
    state: row.state,
    ...(row.previous_id === null ? {} : { previous: row.previous_id }),
    availableAt: row.available_at.toISOString(),
    ...(row.handed_over_at === null ? {} : { handedOverAt: row.handed_over_at.toISOString() }),
    ...(row.ended_at === null ? {} : { endedAt: row.ended_at.toISOString() }),
    ...(row.refusal_reason === null
      ? {}
      : { refusal: { reason: row.refusal_reason, ...(row.refusal_text === null ? {} : { text: row.refusal_text }) } }),
    ...describeBusiness(row, statuses, requests),
  }))
}
