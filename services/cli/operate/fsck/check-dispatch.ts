import { type ConsignmentState, isEnded } from '../../../../libs/model/index.ts'
import { sabotaged } from '../../../../libs/runtime/index.ts'
import type { CheckedConsignment, DispatchBundle } from '../../../../libs/store/index.ts'
import { checkAttempts } from './check-attempts.ts'
import { type Finding, finding } from './finding.ts'
import { type Replay, replayEntries } from './replay-entries.ts'

/** No publication is put off for longer than this: five minutes, with room to spare. */
const LONGEST_PAUSE_MS = 600_000
/** No lease is longer than an hour. */
const LONGEST_LEASE_MS = 2 * 3_600_000

/** Everything about one dispatch that does not agree with what its entries say, and with itself. */
export function checkDispatch(bundle: DispatchBundle): Finding[] {
  const replay = replayEntries(bundle.entries)
  return [
    ...checkOwnRow(bundle, replay),
    ...bundle.consignments.flatMap((consignment) => checkConsignment(consignment, replay)),
    ...checkRecipients(bundle),
    ...checkKeys(bundle),
    ...checkAttempts(bundle),
    ...replay.unknown.map(({ id, event }) =>
      finding('unknown-event', id, { what: 'event of an entry', expected: 'a known name', found: event }),
    ),
    ...replay.impossible.map(({ entry, consignment, from, event }) =>
      finding('impossible-move', consignment, {
        what: `entry ${entry}`,
        expected: `a move from ${from}`,
        found: event,
      }),
    ),
  ]
}

function checkOwnRow({ dispatch, consignments, receipts }: DispatchBundle, replay: Replay): Finding[] {
  const { id, state, content_state, content_hold, now } = dispatch
  const found: Finding[] = []
  if (state !== replay.state)
    found.push(
      finding('dispatch-state', id, { what: 'state', expected: replay.state ?? 'no such dispatch', found: state }),
    )
  if ((content_state === 'DELETED') !== replay.deleted) {
    const expected = replay.deleted ? 'DELETED' : 'no deletion'
    found.push(finding('content-state', id, { what: 'content_state', expected, found: content_state }))
  }
  if (content_hold !== replay.held)
    found.push(finding('hold-state', id, { what: 'content_hold', expected: replay.held, found: content_hold }))
  const open = consignments.filter((each) => !isEnded(each.state as ConsignmentState))
  if (state === 'CLOSED' && open.length > 0)
    found.push(finding('closed-with-open', id, { what: 'open consignments', expected: 0, found: open.length }))
  if (content_state !== 'KEPT' && (open.length > 0 || state !== 'CLOSED'))
    found.push(finding('open-without-content', id, { what: 'content', expected: 'KEPT', found: content_state }))
  if (!receipts.includes('SubmissionAcceptance'))
    found.push(finding('receipt-missing', id, { what: 'receipt of the submission', expected: 1, found: 0 }))
  if (state === 'ACCEPTED' && dispatch.next_publish_at.getTime() > now.getTime() + LONGEST_PAUSE_MS) {
    const at = { version: dispatch.version }
    const said = {
      what: 'next_publish_at',
      expected: 'within minutes',
      found: dispatch.next_publish_at.toISOString(),
      at,
    }
    found.push(finding('work-postponed', id, said))
  }
  return found
}

function checkConsignment(row: CheckedConsignment, replay: Replay): Finding[] {
  const { id, state, version, lease_until, lease_token, ended_at } = row
  const found: Finding[] = []
  const replayed = replay.consignments.get(id)
  if (!replayed?.states.some((each) => each === state) && !sabotaged('fsck-blind-to-state'))
    found.push(
      finding('consignment-state', id, {
        what: 'state',
        expected: replayed?.states.join('|') ?? 'no such consignment',
        found: state,
      }),
    )
  const asked = replayed?.recallPending
  if (replayed && asked !== undefined && row.recall_pending !== asked)
    found.push(finding('recall-flag', id, { what: 'recall_pending', expected: asked, found: row.recall_pending }))
  if ((lease_until === null) !== (lease_token === null)) {
    const half = lease_token === null ? 'a deadline without a token' : 'a token without a deadline'
    found.push(
      finding('lease-incomplete', id, { what: 'lease', expected: 'both or none', found: half, at: { version } }),
    )
  } else if (ended_at && lease_until && lease_until.getTime() > ended_at.getTime() + LONGEST_LEASE_MS) {
    const said = {
      what: 'lease_until',
      expected: ended_at.toISOString(),
      found: lease_until.toISOString(),
      at: { version },
    }
    found.push(finding('lease-beyond-end', id, said))
  }
  return found
}

/** What admission fixed and what there is: one consignment per recipient, later ones linked to those they follow. */
function checkRecipients({ dispatch, consignments }: DispatchBundle): Finding[] {
  const found: Finding[] = []
  // A shadow was consigned to nobody.
  const recipients = dispatch.traffic === 'shadow' ? [] : dispatch.recipients
  const named = new Map(recipients.map(({ agency, consignment }) => [consignment, agency]))
  const rows = new Map(consignments.map((row) => [row.id, row]))
  if (dispatch.state !== 'ACCEPTED') {
    for (const [id, agency] of named) {
      if (!rows.has(id))
        found.push(
          finding('consignment-missing', id, { what: `consignment to ${agency}`, expected: 'a row', found: 'none' }),
        )
    }
  }
  const firsts = new Map<string, string>()
  for (const { id, agency_code, previous_id } of consignments) {
    if (previous_id === null && !named.has(id))
      found.push(
        finding('consignment-unexpected', id, {
          what: `consignment to ${agency_code}`,
          expected: 'none',
          found: 'a row',
        }),
      )
    const link = previous_id ?? agency_code
    const other = firsts.get(link)
    if (other !== undefined)
      found.push(
        finding('consignment-doubled', id, {
          what: `consignment to ${agency_code}`,
          expected: `only ${other}`,
          found: id,
        }),
      )
    firsts.set(link, id)
  }
  return found
}

/** The memory of the submission leads to the newest consignment of each recipient. */
function checkKeys({ dispatch, consignments, keys }: DispatchBundle): Finding[] {
  // A shadow is forgotten once its system is taken seriously.
  if (dispatch.traffic === 'shadow') return []
  return dispatch.recipients.flatMap(({ agency, consignment }) => {
    const key = keys.find(({ agency_code }) => agency_code === agency)
    if (!key)
      return [
        finding('submission-unlinked', dispatch.id, {
          what: `submission_recipient of ${agency}`,
          expected: 'a row',
          found: 'none',
        }),
      ]
    const newest = newestOf(consignments, agency) ?? consignment
    if (key.consignment_id === newest) return []
    const at = { agency, from: key.consignment_id, to: newest }
    const said = { what: `submission_recipient of ${agency}`, expected: newest, found: key.consignment_id, at }
    return [finding('submission-link', dispatch.id, said)]
  })
}

/** The one no other follows. */
function newestOf(consignments: readonly CheckedConsignment[], agency: string): string | undefined {
  const own = consignments.filter(({ agency_code }) => agency_code === agency)
  return own.find(({ id }) => !own.some(({ previous_id }) => previous_id === id))?.id
}
