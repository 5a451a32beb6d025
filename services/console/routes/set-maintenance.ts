import type { HttpServer } from '../../../libs/http/index.ts'
import { type Operations, operate } from '../../../libs/pipeline/index.ts'
import { Type } from '../../../libs/schema/index.ts'
import { readMaintenance } from '../../../libs/store/index.ts'
import { operatorOf } from '../identify-caller.ts'
import { describeRequest, filedShape, reasonShape, timeShape } from './answer-shapes.ts'

const text = Type.Union([Type.String(), Type.Null()])
const maintenanceShape = Type.Object({ on: Type.Boolean(), since: text, until: text, reason: text, by: text })
const body = Type.Object(
  {
    on: Type.Boolean(),
    reason: reasonShape,
    until: Type.Optional({
      ...timeShape,
      description: 'when it is expected to end: what senders are told to wait for',
    }),
  },
  { additionalProperties: false },
)

/** PUT /operator/v1/maintenance: keeps new submissions out from its commit on, or lets them in again; GET says how it stands. */
export function registerSetMaintenance(server: HttpServer, operations: Operations): void {
  server.get(
    '/operator/v1/maintenance',
    {
      schema: {
        operationId: 'showMaintenance',
        summary: 'Whether new submissions are kept out',
        response: { 200: maintenanceShape },
      },
    },
    () => show(operations),
  )
  server.put(
    '/operator/v1/maintenance',
    {
      schema: {
        operationId: 'setMaintenance',
        summary: 'Keep new submissions out, or let them in again',
        body,
        response: { 200: maintenanceShape, 202: filedShape },
      },
    },
    async (request, reply) => {
      const { on, reason, until } = request.body
      const operated = await operate(
        operations,
        { on: 'axis', action: 'maintenance', begin: on, ...(until === undefined ? {} : { until }) },
        { operator: operatorOf(request), reason, requestId: request.id },
      )
      if (operated.kind === 'filed') return reply.code(202).send({ request: describeRequest(operated.request) })
      return show(operations)
    },
  )
}

async function show({ pool }: Operations) {
  const { since, until, reason, by_operator: by } = await readMaintenance(pool)
  return {
    on: since !== null,
    since: since?.toISOString() ?? null,
    until: until?.toISOString() ?? null,
    reason,
    by,
  }
}
