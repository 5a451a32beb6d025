import { EVENTS } from '../../../../libs/model/index.ts'
import { type Cause, causeDetails, sealEntry } from '../../../../libs/pipeline/index.ts'
import {
  endLostAttempt,
  type Queryable,
  type RepairEntries,
  releaseLease,
  relinkSubmission,
  republishDispatch,
  requeuePush,
} from '../../../../libs/store/index.ts'
import type { Finding, FindingKind } from './finding.ts'

type Repair = (database: Queryable, found: Finding, entries: RepairEntries) => Promise<boolean>

const versioned = ({ id, at }: Finding): { id: string; version: number } => ({ id, version: Number(at?.version) })
const attempted = ({ id, at }: Finding): { id: string; attempt: number } => ({ id, attempt: Number(at?.attempt) })

/** What mends a finding, each compare-and-set on what was found. */
const REPAIRS: Partial<Record<FindingKind, Repair>> = {
  'work-postponed': (database, found, entries) => republishDispatch(database, versioned(found), entries),
  'message-missing': (database, found, entries) => republishDispatch(database, versioned(found), entries),
  'push-unqueued': (database, found, entries) => requeuePush(database, versioned(found), entries),
  'job-missing': (database, found, entries) => requeuePush(database, versioned(found), entries),
  'attempt-missing': (database, found, entries) => requeuePush(database, versioned(found), entries),
  'attempt-overdue': (database, found, entries) => endLostAttempt(database, attempted(found), entries),
  'attempt-stale': (database, found, entries) => endLostAttempt(database, attempted(found), entries),
  'lease-incomplete': (database, found, entries) => releaseLease(database, versioned(found), entries),
  'lease-beyond-end': (database, found, entries) => releaseLease(database, versioned(found), entries),
  'submission-link': (database, { id, at }, entries) =>
    relinkSubmission(
      database,
      { dispatch: id, agency: String(at?.agency), from: String(at?.from), to: String(at?.to) },
      entries,
    ),
}

const OF_A_DISPATCH: ReadonlySet<FindingKind> = new Set(['work-postponed', 'message-missing', 'submission-link'])

/**
 * Mends one finding where that is safe, with an entry that says who and why. `false`: it is none of those, or the row moved since.
 * @param dispatchOf the dispatch of a consignment
 */
export async function repairFinding(
  database: Queryable,
  found: Finding,
  cause: Cause,
  dispatchOf: (consignment: string) => Promise<string | undefined>,
): Promise<boolean> {
  const repair = REPAIRS[found.kind]
  if (!repair) return false
  const ownRow = OF_A_DISPATCH.has(found.kind)
  const dispatchId = ownRow ? found.id : await dispatchOf(found.id)
  if (dispatchId === undefined) return false
  const { kind, what, expected, found: was, at = {} } = found
  const details = { kind, what, expected, found: was, ...at, ...causeDetails(cause) }
  // An attempt that is ended is one, whoever ends it; one that its consignment has left behind moves nothing any more.
  const event = kind === 'attempt-overdue' ? EVENTS.attemptEnded : EVENTS.repaired
  const outcome = kind === 'attempt-overdue' ? { outcome: 'ambiguous', code: 'LT_DLV_INTERRUPTED' } : {}
  const entry = sealEntry(
    { event, dispatchId, ...(ownRow ? {} : { consignmentId: found.id }), details: { ...details, ...outcome } },
    new Date(),
  )
  return repair(database, found, [{ owner: found.id, ...entry }])
}
