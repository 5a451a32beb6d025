import { isBusError } from '../../../libs/errors/index.ts'
import type { HttpServer } from '../../../libs/http/index.ts'
import { REFUSAL_REASONS } from '../../../libs/model/index.ts'
import { type Static, Type } from '../../../libs/schema/index.ts'
import { callerOf } from '../auth/caller.ts'
import type { Gateway } from '../gateway.ts'
import { type EndRequest, endConsignment } from '../mailbox/end-consignment.ts'
import { uuidShape } from './answer-shapes.ts'

const signature = Type.Object(
  {
    time: Type.String({ maxLength: 40 }),
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
        { ...handle, reason: Type.Enum([...REFUSAL_REASONS]), text: Type.Optional(Type.String({ maxLength: 2000 })) },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: 500 },
    ),
  },
  { additionalProperties: false },
)
const answer = Type.Object({
  items: Type.Array(
    Type.Object({
      consignment: uuidShape,
      ok: Type.Boolean(),
      repeated: Type.Optional(Type.Boolean()),
      code: Type.Optional(Type.String({ description: 'why not; meaning and advice as in every problem' })),
      status: Type.Optional(Type.Integer()),
    }),
  ),
})

/** POST /v1/mailbox/acknowledge and /v1/mailbox/refuse: the end of consignments, many at once, each with its own answer. */
export function registerEndConsignments(server: HttpServer, gateway: Gateway): void {
  server.post(
    '/v1/mailbox/acknowledge',
    { schema: { operationId: 'acknowledgeConsignments', summary: 'Say that consignments are stored', body: acknowledgeBody, response: { 200: answer } } },
    async (request) => {
      const { systemCode } = callerOf(request)
      return endAll(
        gateway,
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
    { schema: { operationId: 'refuseConsignments', summary: 'Refuse consignments with a reason', body: refuseBody, response: { 200: answer } } },
    async (request) => {
      const { systemCode } = callerOf(request)
      return endAll(
        gateway,
        request.body.items.map(({ consignment, lease, reason, text, signature: own }) => ({
          systemCode,
          id: consignment,
          token: lease,
          ending: { as: 'REFUSED', reason, ...(text === undefined ? {} : { text }), ...(own === undefined ? {} : { signature: own }) },
        })),
      )
    },
  )
}

async function endAll(gateway: Gateway, requests: readonly EndRequest[]): Promise<Static<typeof answer>> {
  const items = await Promise.all(
    requests.map(async (request) => {
      try {
        const { repeated } = await endConsignment(
          {
            find: gateway.findConsignment,
            mover: gateway.mover,
            verify: (row, own) => gateway.verifyReceiver(row, own, request.systemCode),
          },
          request,
        )
        return { consignment: request.id, ok: true, repeated }
      } catch (error) {
        // An axis that cannot record is a matter of the whole request: all of it is repeated later.
        if (!isBusError(error) || error.entry.status >= 500) throw error
        return { consignment: request.id, ok: false, code: error.code, status: error.entry.status }
      }
    }),
  )
  return { items }
}
