import {
  foldBusiness,
  type ReportFact,
  type RequestFact,
  STATUS_NAMES,
  type StatusCode,
} from '../../../libs/model/index.ts'
import { type Static, Type } from '../../../libs/schema/index.ts'
import type { ConsignmentView, RequestView, StatusView } from '../../../libs/store/index.ts'
import { codeShape, timeShape, uuidShape } from './answer-shapes.ts'

export const statusShape = Type.Object({
  dispatch: uuidShape,
  reporter: codeShape,
  code: Type.String(),
  description: Type.Optional(Type.String()),
  statedAt: Type.Optional(Type.String({ description: 'as the reporter wrote it' })),
  reportedAt: timeShape,
  flagged: Type.Optional(
    Type.Literal(true, { description: 'does not follow from what was said before, or answers nothing' }),
  ),
  repeated: Type.Optional(Type.Literal(true, { description: 'the same statement, of the same time, came before' })),
})

/** One thing that one dispatch asks about another, of one receiver. */
export const requestShape = Type.Object({
  dispatch: uuidShape,
  about: uuidShape,
  consignment: uuidShape,
  agency: codeShape,
  action: Type.String({ description: 'recall, update, replace or remove' }),
  outcome: Type.String({ description: 'withdrawn, pending, agreed, declined, superseded or void' }),
  openedAt: timeShape,
  settledAt: Type.Optional(timeShape),
})

/** Where a consignment stands in business: what its receiver said last, and what its sender asked for since. */
export const businessShape = Type.Object({
  code: Type.Optional(Type.String({ description: '01 to 06; absent until the receiver has said something' })),
  name: Type.Optional(Type.Object({ vi: Type.String(), en: Type.String() })),
  since: Type.Optional(timeShape),
  flagged: Type.Boolean({ description: 'something was said that does not follow' }),
  pending: Type.Optional(Type.String({ description: 'recall, update, replace or remove waits for status 15 or 16' })),
  done: Type.Optional(Type.String({ description: 'recalled, updated or replaced' })),
  requests: Type.Array(requestShape),
})

type Shown = Pick<ConsignmentView, 'id' | 'state' | 'ended_at'>

/** What a recipient's row says of business, with its statuses as they were told. */
export function describeBusiness(
  row: Shown,
  allStatuses: readonly StatusView[],
  allRequests: readonly RequestView[],
): { business: Static<typeof businessShape>; statuses: Static<typeof statusShape>[] } {
  const statuses = allStatuses.filter(({ about_consignment_id }) => about_consignment_id === row.id)
  const requests = allRequests.filter(({ consignment_id }) => consignment_id === row.id)
  const refusedAt = row.state === 'REFUSED' ? (row.ended_at ?? undefined) : undefined
  const state = foldBusiness(statuses.map(reportFact), requests.map(requestFact), refusedAt)
  const { code, since, flagged, pending, done } = state
  return {
    business: {
      ...(code === undefined ? {} : { code, name: { ...STATUS_NAMES[code] } }),
      ...(since === undefined ? {} : { since: since.toISOString() }),
      flagged,
      ...(pending === undefined ? {} : { pending }),
      ...(done === undefined ? {} : { done }),
      requests: requests.map(describeRequest),
    },
    statuses: statuses.map((status) => ({
      ...describeStatus(status),
      ...(state.flaggedReports.has(status.dispatch_id) ? { flagged: true as const } : {}),
      ...(state.repeatedReports.has(status.dispatch_id) ? { repeated: true as const } : {}),
    })),
  }
}

export function describeStatus(row: StatusView): Static<typeof statusShape> {
  return {
    dispatch: row.dispatch_id,
    reporter: row.reporter_code,
    code: row.code,
    ...(row.description === null ? {} : { description: row.description }),
    ...(row.stated_at === null ? {} : { statedAt: row.stated_at }),
    reportedAt: row.reported_at.toISOString(),
  }
}

export function describeRequest(row: RequestView): Static<typeof requestShape> {
  return {
    dispatch: row.dispatch_id,
    about: row.target_dispatch_id,
    consignment: row.consignment_id,
    agency: row.agency_code,
    action: row.action,
    outcome: row.outcome,
    openedAt: row.opened_at.toISOString(),
    ...(row.settled_at === null ? {} : { settledAt: row.settled_at.toISOString() }),
  }
}

const reportFact = (row: StatusView): ReportFact => ({
  id: row.dispatch_id,
  code: row.code as StatusCode,
  ...(row.stated_at === null ? {} : { statedAt: row.stated_at }),
  reportedAt: row.reported_at,
})

const requestFact = (row: RequestView): RequestFact => ({
  action: row.action,
  outcome: row.outcome,
  openedAt: row.opened_at,
  ...(row.settled_at === null ? {} : { settledAt: row.settled_at }),
  ...(row.answer_id === null ? {} : { answerId: row.answer_id }),
})
