import { BusError } from '../../../libs/errors/index.ts'
import type { HttpServer } from '../../../libs/http/index.ts'
import { renderReceipt } from '../../../libs/pipeline/index.ts'
import { Type } from '../../../libs/schema/index.ts'
import { readEvidence } from '../../../libs/signature/index.ts'
import { findEntry, findSender } from '../../../libs/store/index.ts'
import { callerOf } from '../auth/caller.ts'
import type { Gateway } from '../gateway.ts'
import { uuidShape } from './answer-shapes.ts'

const RECEIPT = {
  description: 'The evidence of the event',
  content: {
    'application/xml': { schema: Type.String({ description: 'signed, XAdES baseline B' }) },
    'application/json': { schema: Type.Object({}, { description: 'the same facts; unsigned' }) },
  },
}

/** GET /v1/dispatches/:id/receipts/:entry: the signed evidence of one event, for its sender and for the receiver concerned. */
export function registerShowReceipt(server: HttpServer, gateway: Gateway): void {
  server.get(
    '/v1/dispatches/:id/receipts/:entry',
    {
      config: { openApi: { answers: { 200: RECEIPT } } },
      schema: {
        operationId: 'showReceipt',
        summary: 'Signed receipt of one event',
        description: 'application/xml: the signed evidence. With `Accept: application/json`: the same facts as JSON.',
        params: Type.Object({ id: uuidShape, entry: uuidShape }),
      },
    },
    async (request, reply) => {
      const { id, entry } = request.params
      await refuseStranger(gateway, callerOf(request), id, entry)
      const xml = await renderReceipt(gateway.receipts, id, entry)
      if ((request.headers.accept ?? '').includes('application/json')) return readEvidence(xml)
      return reply.type('application/xml; charset=utf-8').send(xml)
    },
  )
}

/** @throws BusError LT_SUB_NOT_FOUND for everyone who is not a party to the event */
async function refuseStranger(
  gateway: Gateway,
  caller: { systemId: string; systemCode: string },
  id: string,
  entryId: string,
): Promise<void> {
  const entry = await findEntry(gateway.pool, entryId)
  if (!entry || entry.dispatch_id !== id) throw new BusError('LT_SUB_NOT_FOUND')
  const dispatch = await findSender(gateway.pool, id)
  if (dispatch?.system_id === caller.systemId) return
  const { agency } = JSON.parse(entry.details ?? '{}') as { agency?: string }
  const concerned =
    entry.consignment_id !== null && agency !== undefined && gateway.registry.fronts(caller.systemCode, agency)
  if (!concerned) throw new BusError('LT_SUB_NOT_FOUND')
}
