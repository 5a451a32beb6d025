import type { HttpServer } from '../../../libs/http/index.ts'
import { changePolicy, type Operations } from '../../../libs/pipeline/index.ts'
import { Type } from '../../../libs/schema/index.ts'
import { listPolicies, type OperationPolicyRow } from '../../../libs/store/index.ts'
import { operatorOf } from '../identify-caller.ts'
import { describeRequest, filedShape, reasonShape } from './answer-shapes.ts'

const approvalAbove = Type.Union([Type.Integer({ minimum: 0, maximum: 1_000_000 }), Type.Null()], {
  description: 'needs a second operator above so many consignments of one operator within an hour; null: never',
})
const expiresHours = Type.Integer({ minimum: 1, maximum: 720 })
const policyShape = Type.Object({ action: Type.String(), approvalAbove, expiresHours })

/** GET /operator/v1/policies, and PUT /operator/v1/policies/:action by an administrator: which actions need a second operator; 202 where it loosens one, which a second administrator approves. */
export function registerChangePolicies(server: HttpServer, operations: Operations): void {
  server.get(
    '/operator/v1/policies',
    {
      schema: {
        operationId: 'listPolicies',
        summary: 'Which actions need a second operator',
        response: { 200: Type.Object({ items: Type.Array(policyShape) }) },
      },
    },
    async () => ({ items: (await listPolicies(operations.pool)).map(describe) }),
  )
  server.put(
    '/operator/v1/policies/:action',
    {
      schema: {
        operationId: 'changePolicy',
        summary: 'Set whether an action needs a second operator (administrators)',
        params: Type.Object({ action: Type.String({ maxLength: 20 }) }),
        body: Type.Object(
          { approvalAbove, expiresHours: Type.Optional(expiresHours), reason: reasonShape },
          { additionalProperties: false },
        ),
        response: { 200: policyShape, 202: filedShape },
      },
    },
    async (request, reply) => {
      const { approvalAbove: above, expiresHours: hours = 24, reason } = request.body
      const policy = { action: request.params.action, approval_above: above, expires_hours: hours }
      const cause = { operator: operatorOf(request), reason, requestId: request.id }
      const operated = await changePolicy(operations, policy, cause)
      if (operated.kind === 'filed') return reply.code(202).send({ request: describeRequest(operated.request) })
      return describe(policy)
    },
  )
}

const describe = ({ action, approval_above, expires_hours }: OperationPolicyRow) => ({
  action,
  approvalAbove: approval_above,
  expiresHours: expires_hours,
})
