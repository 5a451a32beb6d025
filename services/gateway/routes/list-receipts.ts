import { BusError } from '../../../libs/errors/index.ts'
import type { HttpServer } from '../../../libs/http/index.ts'
import { Type } from '../../../libs/schema/index.ts'
import { findSender } from '../../../libs/store/index.ts'
import { callerOf } from '../auth/caller.ts'
import type { Gateway } from '../gateway.ts'
import { idParams } from './answer-shapes.ts'
import { RECEIPTS, readReceipts, receiptShape } from './receipt-page.ts'

const MAX_RECEIPTS = 2000
const answer = Type.Object({ items: Type.Array(receiptShape), next: Type.Optional(Type.String()) })

/** GET /v1/dispatches/:id/receipts: the receipts of one's own dispatch in pages; a broadcast has thousands. */
export function registerListReceipts(server: HttpServer, gateway: Gateway): void {
  server.get(
    '/v1/dispatches/:id/receipts',
    {
      schema: {
        operationId: 'listReceipts',
        summary: 'List the receipts of a dispatch',
        params: idParams,
        querystring: Type.Object({
          limit: Type.Optional(
            Type.String({ pattern: '^[1-9][0-9]{0,3}$', description: '1 to 2000, 500 when absent' }),
          ),
          after: Type.Optional(
            Type.String({
              maxLength: 60,
              description: '`next` of the page before, or `receiptsAfter` of the dispatch',
            }),
          ),
        }),
        response: { 200: answer },
      },
    },
    async (request) => {
      const { id } = request.params
      const { limit = RECEIPTS, after } = request.query
      const sender = await findSender(gateway.pool, id)
      if (sender?.system_id !== callerOf(request).systemId) throw new BusError('LT_SUB_NOT_FOUND')
      return readReceipts(gateway, id, { limit: Math.min(MAX_RECEIPTS, Number(limit)), after })
    },
  )
}
