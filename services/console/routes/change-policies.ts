import type { HttpServer } from '../../../libs/http/index.ts'
import { changePolicy, type Operations } from '../../../libs/pipeline/index.ts'
import { Type } from '../../../libs/schema/index.ts'
import { listPolicies, type OperationPolicyRow } from '../../../libs/store/index.ts'
import { operatorOf } from '../identify-caller.ts'
import { reasonShape } from './answer-shapes.ts'

const approvalAbove = Type.Union([Type.Integer({ minimum: 0, maximum: 1_000_000 }), Type.Null()], {
  description: 'needs a second operator above so many consignments; null: never',
})
const expiresHours = Type.Integer({ minimum: 1, maximum: 720 })
const policyShape = Type.Object({ action: Type.String(), approvalAbove, expiresHours })

/** GET /operator/v1/policies, and PUT /operator/v1/policies/:action by an administrator: which actions need a second operator. */
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
        response: { 200: policyShape },
      },
    },
    async (request) => {
      const { approvalAbove: above, expiresHours: hours = 24, reason } = request.body
      const policy = { action: request.params.action, approval_above: above, expires_hours: hours }
      const cause = { operator: operatorOf(request), reason, requestId: request.id }
      return describe(await changePolicy(operations, policy, cause))
    },
  )
}

const describe = ({ action, approval_above, expires_hours }: OperationPolicyRow) => ({
  action,
  approvalAbove: approval_above,
  expiresHours: expires_hours,
})
