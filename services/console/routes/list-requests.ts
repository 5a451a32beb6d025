import { BusError } from '../../../libs/errors/index.ts'
import type { HttpServer } from '../../../libs/http/index.ts'
import type { Operations } from '../../../libs/pipeline/index.ts'
import { Type } from '../../../libs/schema/index.ts'
import { findRequest, listRequests } from '../../../libs/store/index.ts'
import { describeRequest, filedShape, requestShape, uuidShape } from './answer-shapes.ts'

const LIMIT = 200

/** GET /operator/v1/requests: those that wait, with `?all=true` the newest 200 of all; GET …/:id: one, with every move it asks for. */
export function registerListRequests(server: HttpServer, operations: Operations): void {
  server.get(
    '/operator/v1/requests',
    {
      schema: {
        operationId: 'listRequests',
        summary: 'Requests for approval',
        querystring: Type.Object({ all: Type.Optional(Type.Enum(['true', 'false'])) }, { additionalProperties: false }),
        response: { 200: Type.Object({ items: Type.Array(requestShape) }) },
      },
    },
    async (request) => {
      const rows = await listRequests(operations.pool, { open: request.query.all !== 'true', limit: LIMIT })
      return { items: rows.map(describeRequest) }
    },
  )
  server.get(
    '/operator/v1/requests/:id',
    {
      schema: {
        operationId: 'showRequest',
        summary: 'One request with what exactly it asks for',
        params: Type.Object({ id: uuidShape }),
        response: { 200: Type.Object({ ...filedShape.properties, snapshot: Type.Unknown() }) },
      },
    },
    async (request) => {
      const row = await findRequest(operations.pool, request.params.id)
      if (!row) throw new BusError('LT_OPS_UNKNOWN_REQUEST', { id: request.params.id })
      return { request: describeRequest(row), snapshot: row.snapshot }
    },
  )
}
