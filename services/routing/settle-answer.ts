import { EVENTS } from '../../libs/model/index.ts'
import { sealEntry } from '../../libs/pipeline/index.ts'
import {
  type DispatchToRoute,
  findRequestTargets,
  idFloor,
  type LockedConsignment,
  lockConsignments,
  lockOpenRequests,
  lockTargets,
  type OpenRequest,
  type PoolClient,
  type Settlement,
  settleRequests,
} from '../../libs/store/index.ts'

/** States in which a document that its receiver agrees to give back has nothing more to give: it was refused, or taken back before. */
const GONE: readonly string[] = ['RECALLED', 'REFUSED']

/**
 * Status 15 or 16 answers the request it names by the request's own document id, otherwise the newest that waits. 15 to a recall: the
 * receiver has cancelled the document (Decision 28/2018 article 9, Decree 30/2020 article 18.4), its consignment is RECALLED. 16: the
 * request is lifted and everything stands as before. An answer to nothing changes nothing; reading shows it flagged.
 */
export async function settleAnswer(client: PoolClient, dispatch: DispatchToRoute, now: Date): Promise<void> {
  const code = dispatch.facts.status?.code
  const about = dispatch.facts.action?.about ?? []
  if ((code !== '15' && code !== '16') || about.length === 0) return
  const agency = dispatch.sender_code
  // Documents before requests, as everywhere: whoever asks for one again at this moment comes wholly before or wholly after.
  await lockTargets(client, await findRequestTargets(client, agency, about), undefined, now.toISOString())
  const open = await lockOpenRequests(client, agency, about)
  const named = open.filter(({ dispatch_id }) => about.includes(dispatch_id))
  const answered = (named[0] ?? open[0])?.dispatch_id
  const requests = open.filter(({ dispatch_id }) => dispatch_id === answered)
  if (requests.length === 0) return
  const dispatches = [...new Set(requests.map(({ target_dispatch_id }) => target_dispatch_id))]
  const locked = await lockConsignments(client, { dispatches, agencies: [agency], floor: idFloor(dispatches) })
  const rows = new Map(locked.map((row) => [row.id, row]))
  const outcome = code === '15' ? 'agreed' : 'declined'
  const recalls = requests.filter(({ action }) => action === 'recall' || action === 'remove')
  const changes = recalls.flatMap(({ consignment_id }) => changeOf(rows.get(consignment_id), outcome))
  const taken = new Set(changes.filter((change) => change.taken).map(({ id }) => id))
  await settleRequests(client, {
    answer: dispatch.id,
    at: now.toISOString(),
    outcome,
    requests,
    changes,
    entries: requests.flatMap((request) => sealSettled(request, outcome, taken, dispatch, now)),
  })
}

function changeOf(row: LockedConsignment | undefined, outcome: 'agreed' | 'declined'): Settlement['changes'] {
  return row ? [{ id: row.id, version: row.version, taken: outcome === 'agreed' && !GONE.includes(row.state) }] : []
}

function sealSettled(
  { action, consignment_id, dispatch_id, target_dispatch_id }: OpenRequest,
  outcome: 'agreed' | 'declined',
  taken: ReadonlySet<string>,
  dispatch: DispatchToRoute,
  now: Date,
) {
  const about = { dispatchId: target_dispatch_id, consignmentId: consignment_id }
  const details = { agency: dispatch.sender_code, action, request: dispatch_id, by: dispatch.id }
  const event = outcome === 'agreed' ? EVENTS.requestAgreed : EVENTS.requestDeclined
  const drafts = [
    { ...about, event, details },
    ...(taken.has(consignment_id) ? [{ ...about, event: EVENTS.recalled, details }] : []),
  ]
  return drafts.map((draft) => ({ owner: dispatch.id, ...sealEntry(draft, now) }))
}
