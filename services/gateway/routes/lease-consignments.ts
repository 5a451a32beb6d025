import type { HttpServer } from '../../../libs/http/index.ts'
import { crashPoint } from '../../../libs/runtime/index.ts'
import { Type } from '../../../libs/schema/index.ts'
import { callerOf } from '../auth/caller.ts'
import type { Gateway } from '../gateway.ts'
import { leaseConsignments } from '../mailbox/lease-consignments.ts'
import { codeShape, timeShape } from './answer-shapes.ts'
import { ownAgencies } from './list-mailbox.ts'
import { consignmentShape, describeConsignment } from './mailbox-shapes.ts'

const leaseBody = Type.Object(
  {
    agencies: Type.Optional(Type.Array(codeShape, { maxItems: 1000 })),
    kind: Type.Optional(Type.Enum(['document', 'status'])),
    max: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
    seconds: Type.Optional(Type.Integer({ minimum: 5, maximum: 3600 })),
  },
  { additionalProperties: false },
)

const answer = Type.Object({
  items: Type.Array(Type.Object({ lease: Type.String(), leasedUntil: timeShape, item: consignmentShape })),
})

/** POST /v1/mailbox/lease: takes waiting consignments for some time; nobody else gets them until the deadline. */
export function registerLeaseConsignments(server: HttpServer, gateway: Gateway): void {
  server.post(
    '/v1/mailbox/lease',
    {
      schema: {
        operationId: 'leaseConsignments',
        summary: 'Take waiting consignments',
        body: leaseBody,
        response: { 200: answer },
      },
    },
    async (request) => {
      const { agencies, kind, max = 100, seconds = gateway.config.leaseSeconds } = request.body
      const caller = callerOf(request)
      gateway.seen.notePoll(caller.systemId)
      const leased = await leaseConsignments(gateway, {
        agencies: ownAgencies(gateway, caller.systemCode, agencies),
        systemId: caller.systemId,
        max,
        seconds,
        ...(kind === undefined ? {} : { kind }),
      })
      if (leased.length > 0) crashPoint('gateway-leased')
      if (leased.length > 0) gateway.mailboxes.leased(caller.systemCode, seconds * 1000)
      return {
        items: leased.map(({ row, token, until }) => ({
          lease: token,
          leasedUntil: until.toISOString(),
          item: { ...describeConsignment(row), leased: true },
        })),
      }
    },
  )
}
