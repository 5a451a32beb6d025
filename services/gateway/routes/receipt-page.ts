import { BusError } from '../../../libs/errors/index.ts'
import { RECEIPT_EVENTS } from '../../../libs/pipeline/index.ts'
import { type Static, Type } from '../../../libs/schema/index.ts'
import { readReceiptFacts } from '../../../libs/store/index.ts'
import type { Gateway } from '../gateway.ts'
import { timeShape, uuidShape } from './answer-shapes.ts'

/** A fact that signed evidence can be fetched of, at `href`. */
export const receiptShape = Type.Object({
  entry: uuidShape,
  event: Type.String(),
  eventTime: timeShape,
  consignment: Type.Optional(uuidShape),
  href: Type.String(),
})

/** Receipts in a page unless told. */
export const RECEIPTS = 500

export interface ReceiptPage {
  readonly items: Static<typeof receiptShape>[]
  /** `after` of the next page, while there are more. */
  readonly next?: string
}

/**
 * One page of the receipts of a dispatch, of these events alone, after the one of entry `after`, in the order of the log: facts only
 * ever join behind those that are there. @throws BusError LT_HTTP_INVALID_REQUEST when `after` is none of them
 */
export async function readReceipts(
  gateway: Pick<Gateway, 'pool'>,
  dispatchId: string,
  {
    limit = RECEIPTS,
    after,
    events = RECEIPT_EVENTS,
  }: { readonly limit?: number; readonly after?: string | undefined; readonly events?: readonly string[] } = {},
): Promise<ReceiptPage> {
  const page = { ...(after === undefined ? {} : { after }), limit }
  const { known, facts, more } = await readReceiptFacts(gateway.pool, { dispatchId, events, ...page })
  if (!known) throw new BusError('LT_HTTP_INVALID_REQUEST', { field: 'query.after', detail: 'is no position' })
  const last = facts.at(-1)
  return {
    items: facts.map((fact) => ({
      entry: fact.entry_id,
      event: fact.event,
      eventTime: fact.event_time.toISOString(),
      ...(fact.consignment_id === null ? {} : { consignment: fact.consignment_id }),
      href: `/v1/dispatches/${dispatchId}/receipts/${fact.entry_id}`,
    })),
    ...(more && last ? { next: last.entry_id } : {}),
  }
}
