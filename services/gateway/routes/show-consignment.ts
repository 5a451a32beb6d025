import { BusError } from '../../../libs/errors/index.ts'
import type { HttpServer } from '../../../libs/http/index.ts'
import { Type } from '../../../libs/schema/index.ts'
import { findConsignments, listAsked, listBusinessRequests, listStatusReports } from '../../../libs/store/index.ts'
import { callerOf } from '../auth/caller.ts'
import type { Gateway } from '../gateway.ts'
import { idParams, timeShape } from './answer-shapes.ts'
import { businessShape, describeBusiness, describeRequest, requestShape, statusShape } from './describe-business.ts'
import { consignmentShape, describeConsignment } from './mailbox-shapes.ts'

const answer = Type.Object({
  ...consignmentShape.properties,
  endedAt: Type.Optional(timeShape),
  refusal: Type.Optional(Type.Object({ reason: Type.String(), text: Type.Optional(Type.String()) })),
  business: businessShape,
  statuses: Type.Array(statusShape, { description: 'what was reported about it' }),
  asks: Type.Array(requestShape, { description: 'what it asks of documents that this agency received before' }),
})

/** GET /v1/consignments/:id: one consignment of one's own, open or ended, pulled or pushed, with what its sender asks for. */
export function registerShowConsignment(server: HttpServer, gateway: Gateway): void {
  server.get(
    '/v1/consignments/:id',
    {
      schema: {
        operationId: 'showConsignment',
        summary: 'State of a received consignment',
        params: idParams,
        response: { 200: answer },
      },
    },
    async (request) => {
      const { id } = request.params
      const [row] = await findConsignments(gateway.pool, [id])
      if (!row || !gateway.registry.fronts(callerOf(request).systemCode, row.agency_code))
        throw new BusError('LT_BOX_NOT_FOUND', { consignmentId: id })
      const [statuses, requests, asked] = await Promise.all([
        listStatusReports(gateway.pool, row.dispatch_id),
        listBusinessRequests(gateway.pool, row.dispatch_id),
        listAsked(gateway.pool, row.dispatch_id),
      ])
      return {
        ...describeConsignment(row),
        ...(row.ended_at === null ? {} : { endedAt: row.ended_at.toISOString() }),
        ...(row.refusal_reason === null
          ? {}
          : {
              refusal: { reason: row.refusal_reason, ...(row.refusal_text === null ? {} : { text: row.refusal_text }) },
            }),
        ...describeBusiness(row, statuses, requests),
        asks: asked.filter(({ agency_code }) => agency_code === row.agency_code).map(describeRequest),
      }
    },
  )
}
