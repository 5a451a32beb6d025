import { BusError } from '../../../libs/errors/index.ts'
import type { FastifyRequest, HttpServer } from '../../../libs/http/index.ts'
import { RECEIPT_EVENTS, renderReceipt } from '../../../libs/pipeline/index.ts'
import { type Static, Type } from '../../../libs/schema/index.ts'
import { findSender } from '../../../libs/store/index.ts'
import { callerOf } from '../auth/caller.ts'
import type { Gateway } from '../gateway.ts'
import { refusalOf } from './answer-each.ts'
import { refusedShape, uuidShape } from './answer-shapes.ts'
import { RECEIPTS, type ReceiptPage, readReceipts, receiptShape } from './receipt-page.ts'

const MAX_DISPATCHES = 500
/** Dispatches whose facts are read together. */
const SLICE = 50

const body = Type.Object(
  {
    dispatches: Type.Array(uuidShape, { minItems: 1, maxItems: MAX_DISPATCHES, uniqueItems: true }),
    events: Type.Optional(
      Type.Array(Type.Enum([...RECEIPT_EVENTS]), { minItems: 1, description: 'these alone; all when absent' }),
    ),
  },
  { additionalProperties: false },
)

const item = Type.Object({
  dispatch: uuidShape,
  ok: Type.Boolean(),
  receipts: Type.Optional(
    Type.Array(
      Type.Object({ ...receiptShape.properties, xml: Type.String({ description: 'the signed evidence, UTF-8' }) }),
    ),
  ),
  next: Type.Optional(Type.String({ description: 'there are more receipts: `after` of /v1/dispatches/{id}/receipts' })),
  ...refusedShape,
})

const answer = Type.Object({
  items: Type.Array(item),
  later: Type.Array(uuidShape, { description: 'found no room in this answer; to be asked for again' }),
})

/**
 * POST /v1/receipts/fetch: the signed receipts of many of one's own dispatches in one answer, for senders that were told of many
 * at once. At most 500 receipts; dispatches that find no room are named in `later`.
 */
export function registerFetchReceipts(server: HttpServer, gateway: Gateway): void {
  server.post(
    '/v1/receipts/fetch',
    {
      schema: {
        operationId: 'fetchReceipts',
        summary: 'Signed receipts of many dispatches',
        body,
        response: { 200: answer },
      },
    },
    async (request) => {
      const { dispatches, events = RECEIPT_EVENTS } = request.body
      const { systemId } = callerOf(request)
      const items: Static<typeof item>[] = []
      const later: string[] = []
      let room = RECEIPTS
      // Slice by slice: what finds no room is not read, and few receipts are written at a time.
      for (let from = 0; from < dispatches.length; from += SLICE) {
        const slice = dispatches.slice(from, from + SLICE)
        if (room === 0) {
          later.push(...slice)
          continue
        }
        const pages = await Promise.all(slice.map((dispatch) => read(request, gateway, systemId, dispatch, events)))
        const shown = pages.filter(({ dispatch, page }) => {
          const fits = !page || page.items.length <= room
          if (fits) room -= page?.items.length ?? 0
          else later.push(dispatch)
          return fits
        })
        items.push(...(await Promise.all(shown.map((each) => write(gateway, each)))))
      }
      return { items, later }
    },
  )
}

interface Read {
  readonly dispatch: string
  readonly page?: ReceiptPage
  readonly refusal?: ReturnType<typeof refusalOf>
}

async function read(
  request: FastifyRequest,
  gateway: Gateway,
  systemId: string,
  dispatch: string,
  events: readonly string[],
): Promise<Read> {
  try {
    const sender = await findSender(gateway.pool, dispatch)
    if (sender?.system_id !== systemId) throw new BusError('LT_SUB_NOT_FOUND')
    return { dispatch, page: await readReceipts(gateway, dispatch, { events }) }
  } catch (error) {
    return { dispatch, refusal: refusalOf(request, error) }
  }
}

async function write(gateway: Gateway, { dispatch, page, refusal }: Read): Promise<Static<typeof item>> {
  if (!page) return { dispatch, ok: false, ...refusal }
  const receipts = await Promise.all(
    page.items.map(async (fact) => ({
      ...fact,
      xml: (await renderReceipt(gateway.receipts, dispatch, fact.entry)).toString(),
    })),
  )
  return { dispatch, ok: true, receipts, ...(page.next === undefined ? {} : { next: page.next }) }
}
