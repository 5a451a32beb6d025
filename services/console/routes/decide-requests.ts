import type { HttpServer } from '../../../libs/http/index.ts'
import { approveRequest, type Operations, rejectRequest } from '../../../libs/pipeline/index.ts'
import { Type } from '../../../libs/schema/index.ts'
import { operatorOf } from '../identify-caller.ts'
import { describeRequest, filedShape, reasonShape, uuidShape } from './answer-shapes.ts'

const params = Type.Object({ id: uuidShape })

/** POST /operator/v1/requests/:id/approve (another operator than the requester; carried out at once) and …/reject. */
export function registerDecideRequests(server: HttpServer, operations: Operations): void {
  server.post(
    '/operator/v1/requests/:id/approve',
    {
      schema: {
        operationId: 'approveRequest',
        summary: 'Approve the request of another operator and carry it out',
        params,
        body: Type.Object(
          { digest: Type.String({ pattern: '^[0-9a-f]{64}$' }), reason: Type.Optional(reasonShape) },
          { additionalProperties: false },
        ),
        response: { 200: filedShape },
      },
    },
    async (request) => {
      const decision = { id: request.params.id, operator: operatorOf(request), requestId: request.id, ...request.body }
      return { request: describeRequest(await approveRequest(operations, decision)) }
    },
  )
  server.post(
    '/operator/v1/requests/:id/reject',
    {
      schema: {
        operationId: 'rejectRequest',
        summary: 'Reject a request, or take one’s own back',
        params,
        body: Type.Object({ reason: reasonShape }, { additionalProperties: false }),
        response: { 200: filedShape },
      },
    },
    async (request) => {
      const decision = { id: request.params.id, operator: operatorOf(request), requestId: request.id, ...request.body }
      return { request: describeRequest(await rejectRequest(operations, decision)) }
    },
  )
}
