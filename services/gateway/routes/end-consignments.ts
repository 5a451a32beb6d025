import type { FastifyRequest, HttpServer } from '../../../libs/http/index.ts'
import { REFUSAL_REASONS } from '../../../libs/model/index.ts'
import { crashPoint } from '../../../libs/runtime/index.ts'
import { type Static, Type } from '../../../libs/schema/index.ts'
import { callerOf } from '../auth/caller.ts'
import type { Gateway } from '../gateway.ts'
import { type EndRequest, endConsignment } from '../mailbox/end-consignment.ts'
import { answerEach } from './answer-each.ts'
import { endedShape, STORABLE, uuidShape } from './answer-shapes.ts'

const signature = Type.Object(
  {
    time: Type.String({ maxLength: 40, description: 'RFC 3339, as signed' }),
    fingerprint: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    value: Type.String({ maxLength: 2000 }),
  },
  { additionalProperties: false },
)
const handle = { consignment: uuidShape, lease: Type.String({ maxLength: 64 }), signature: Type.Optional(signature) }

const acknowledgeBody = Type.Object(
  { items: Type.Array(Type.Object(handle, { additionalProperties: false }), { minItems: 1, maxItems: 500 }) },
  { additionalProperties: false },
)
const refuseBody = Type.Object(
  {
    items: Type.Array(
      Type.Object(
        {
          ...handle,
          reason: Type.Enum([...REFUSAL_REASONS]),
          text: Type.Optional(Type.String({ maxLength: 2000, pattern: STORABLE })),
        },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: 500 },
    ),
  },
  { additionalProperties: false },
)

/** POST /v1/mailbox/acknowledge and /v1/mailbox/refuse: the end of consignments, many at once, each with its own answer. */
export function registerEndConsignments(server: HttpServer, gateway: Gateway): void {
  server.post(
    '/v1/mailbox/acknowledge',
    {
      schema: {
        operationId: 'acknowledgeConsignments',
        summary: 'Say that consignments are stored',
        body: acknowledgeBody,
        response: { 200: endedShape },
      },
    },
    async (request) => {
      const { systemCode } = callerOf(request)
      return endAll(
        gateway,
        request,
        request.body.items.map(({ consignment, lease, signature: own }) => ({
          systemCode,
          id: consignment,
          token: lease,
          ending: { as: 'ACKNOWLEDGED', ...(own === undefined ? {} : { signature: own }) },
        })),
      )
    },
  )
  server.post(
    '/v1/mailbox/refuse',
    {
      schema: {
        operationId: 'refuseConsignments',
        summary: 'Refuse consignments with a reason',
        body: refuseBody,
        response: { 200: endedShape },
      },
    },
    async (request) => {
      const { systemCode } = callerOf(request)
      return endAll(
        gateway,
        request,
        request.body.items.map(({ consignment, lease, reason, text, signature: own }) => ({
          systemCode,
          id: consignment,
          token: lease,
          ending: {
            as: 'REFUSED',
            reason,
            ...(text === undefined ? {} : { text }),
            ...(own === undefined ? {} : { signature: own }),
          },
        })),
      )
    },
  )
}

async function endAll(
  gateway: Gateway,
  request: Pick<FastifyRequest, 'id' | 'headers'>,
  endings: readonly EndRequest[],
): Promise<Static<typeof endedShape>> {
  const options = {
    find: gateway.findConsignment,
    mover: gateway.mover,
    verify: gateway.verifyReceiver,
  }
  const items = await answerEach(request, endings, async (ending) => (await endConsignment(options, ending)).repeated)
  crashPoint('gateway-acknowledged')
  return { items }
}
