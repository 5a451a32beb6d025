import type { HttpServer } from '../../../libs/http/index.ts'
import { CONSIGNMENT_ACTIONS, type Operations, operate } from '../../../libs/pipeline/index.ts'
import { Type } from '../../../libs/schema/index.ts'
import { operatorOf } from '../identify-caller.ts'
import { describeItems, describeRequest, filedShape, itemsShape, reasonShape, uuidShape } from './answer-shapes.ts'

const body = Type.Object(
  { consignments: Type.Array(uuidShape, { minItems: 1, maxItems: 1000 }), reason: reasonShape },
  { additionalProperties: false },
)

/** POST /operator/v1/consignments/hold, release, requeue and close: by id, each with its own answer; 202 where it waits for approval. */
export function registerMoveConsignments(server: HttpServer, operations: Operations): void {
  for (const action of CONSIGNMENT_ACTIONS) {
    server.post(
      `/operator/v1/consignments/${action}`,
      {
        schema: {
          operationId: `${action}Consignments`,
          summary: `Operator action on consignments: ${action}`,
          body,
          response: { 200: itemsShape, 202: filedShape },
        },
      },
      async (request, reply) => {
        const { consignments, reason } = request.body
        const operated = await operate(
          operations,
          { on: 'consignments', action, selection: { consignments } },
          { operator: operatorOf(request), reason, requestId: request.id },
        )
        if (operated.kind === 'filed') return reply.code(202).send({ request: describeRequest(operated.request) })
        const { result } = operated
        return { items: 'done' in result ? describeItems(request, action, result) : [] }
      },
    )
  }
}
