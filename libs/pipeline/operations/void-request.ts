import { EVENTS } from '../../model/index.ts'
import { findVoidable, type Queryable, voidRequests } from '../../store/index.ts'
import { sealEntry } from '../seal-entry.ts'
import { type Cause, causeDetails, type Subject } from './operation.ts'

/**
 * Voids the updates and replacements of a consignment's document that nobody answers, each with its entry: the document stands as the
 * receiver has it. One that came after what was seen is left alone. A recall is not the axis's to lift. Answers whether there was one. @throws BusError LT_STORE_UNAVAILABLE
 */
export async function voidRequest(
  database: Queryable,
  { consignment, seen }: Extract<Subject, { on: 'request' }>,
  cause: Cause,
): Promise<boolean> {
  const now = new Date()
  const waiting = await findVoidable(database, consignment)
  const requests = seen ? waiting.filter(({ dispatch_id }) => seen.includes(dispatch_id)) : waiting
  const entries = requests.map(
    ({ dispatch_id: request, target_dispatch_id: dispatchId, agency_code: agency, action }) => ({
      owner: request,
      ...sealEntry(
        {
          event: EVENTS.requestVoided,
          dispatchId,
          consignmentId: consignment,
          details: { agency, action, asked: request, ...causeDetails(cause) },
        },
        now,
      ),
    }),
  )
  return (await voidRequests(database, consignment, requests, now.toISOString(), entries)) > 0
}
