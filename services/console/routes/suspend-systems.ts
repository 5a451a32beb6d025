import type { HttpServer } from '../../../libs/http/index.ts'
import { type Operations, operate } from '../../../libs/pipeline/index.ts'
import { Type } from '../../../libs/schema/index.ts'
import { operatorOf } from '../identify-caller.ts'
import { describeRequest, filedShape, reasonShape } from './answer-shapes.ts'

const params = Type.Object({ code: Type.String({ minLength: 1, maxLength: 64, pattern: '^[0-9A-Za-z._-]+$' }) })
const body = Type.Object({ reason: reasonShape }, { additionalProperties: false })
const answer = Type.Object({
  system: Type.String(),
  suspended: Type.Boolean(),
  changed: Type.Boolean({ description: 'false: it was so before' }),
})

/** POST /operator/v1/systems/:code/suspend and …/resume: counts for every service within seconds. */
export function registerSuspendSystems(server: HttpServer, operations: Operations): void {
  for (const action of ['suspend', 'resume'] as const) {
    server.post(
      `/operator/v1/systems/:code/${action}`,
      {
        schema: {
          operationId: `${action}System`,
          summary: `Operator action on a system: ${action}`,
          params,
          body,
          response: { 200: answer, 202: filedShape },
        },
      },
      async (request, reply) => {
        const { code: system } = request.params
        const operated = await operate(
          operations,
          { on: 'system', action, system },
          { operator: operatorOf(request), reason: request.body.reason, requestId: request.id },
        )
        if (operated.kind === 'filed') return reply.code(202).send({ request: describeRequest(operated.request) })
        const changed = 'changed' in operated.result && operated.result.changed
        return { system, suspended: action === 'suspend', changed }
      },
    )
  }
}
