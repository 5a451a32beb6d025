import type { HttpServer } from '../../../libs/http/index.ts'
import { SUBJECTS } from '../../../libs/model/index.ts'
import { Type } from '../../../libs/schema/index.ts'
import { callerOf } from '../auth/caller.ts'
import type { Gateway } from '../gateway.ts'
import { releaseConsignment } from '../mailbox/release-consignment.ts'
import { answerEach } from './answer-each.ts'
import { endedShape, uuidShape } from './answer-shapes.ts'

const releaseBody = Type.Object(
  {
    items: Type.Array(
      Type.Object({ consignment: uuidShape, lease: Type.String({ maxLength: 64 }) }, { additionalProperties: false }),
      { minItems: 1, maxItems: 500 },
    ),
  },
  { additionalProperties: false },
)

/** POST /v1/mailbox/release: gives leased consignments back at once, for another worker to take. */
export function registerReleaseConsignments(server: HttpServer, gateway: Gateway): void {
  server.post(
    '/v1/mailbox/release',
    {
      schema: {
        operationId: 'releaseConsignments',
        summary: 'Give leased consignments back',
        body: releaseBody,
        response: { 200: endedShape },
      },
    },
    async (request) => {
      const { systemCode } = callerOf(request)
      const free = new Set<string>()
      const wanted = request.body.items.map(({ consignment, lease }) => ({ systemCode, id: consignment, token: lease }))
      const items = await answerEach(request, wanted, async (item) => {
        const { repeated, row } = await releaseConsignment(
          { find: gateway.findConsignment, mover: gateway.mover },
          item,
        )
        if (!repeated) free.add(row.agency_code)
        return repeated
      })
      const told = [...free].map((agency) => gateway.bus.publish(SUBJECTS.consignmentAvailable(agency)))
      if (told.includes(false)) gateway.mailboxes.leased(systemCode, 0)
      return { items }
    },
  )
}
