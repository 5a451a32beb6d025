import { EVENTS, SUBJECTS } from '../../../libs/model/index.ts'
import { sealEntry } from '../../../libs/pipeline/index.ts'
import { defineEvent } from '../../../libs/runtime/index.ts'
import {
  type AcceptedDocument,
  armClocks,
  type ClockFacts,
  type ClockRow,
  findAcceptedDocuments,
  findClockFacts,
  type LogEntry,
  type NoticeRow,
  readClockCursor,
  readLog,
} from '../../../libs/store/index.ts'
import { draftNotices } from '../notices/draft-notices.ts'
import { createContactFinder } from '../notices/find-contact.ts'
import type { ClockStage } from './clock-stage.ts'
import { missedMorning } from './judge-clock.ts'
import { planTerms, type TermFacts } from './plan-terms.ts'
import { shownDate, shownInstant } from './shown-date.ts'

/** Log entries taken at a time. */
export const LOG_BATCH = 1000

/** After these a consignment waits for its receiver (again): its terms begin. */
const BEGINNINGS: ReadonlySet<string> = new Set([
  EVENTS.available,
  EVENTS.pushQueued,
  EVENTS.reassigned,
  EVENTS.resent,
  EVENTS.released,
  EVENTS.requeued,
])

const sentLate = defineEvent({ name: 'dispatch_sent_late', text: 'a document was sent after its morning' })

/**
 * Reads the sequenced log from the cursor: starts the clocks of what was consigned, and writes down what was sent late (D28-06).
 * One commit with the step of the cursor, so that of several processes one does it, once. Answers how many entries were read.
 */
export async function followClocks(stage: ClockStage): Promise<number> {
  const { pool } = stage
  const seen = await readClockCursor(pool)
  const entries = await readLog(pool, seen, LOG_BATCH)
  const last = entries.at(-1)
  if (!last) return 0
  const accepted = idsOf(entries, ({ event }) => event === EVENTS.submissionAccepted, 'dispatch_id')
  const late = await lateDocuments(stage, accepted)
  const at = new Date()
  const taken = await armClocks(pool, {
    seen,
    next: { epoch: last.epoch, index: last.index + 1 },
    clocks: await clocksOf(stage, entries),
    late: late.map(({ document }) => document.id),
    notices: await noticesOf(stage, late),
    entries: late.map(({ document, until }) => ({
      owner: document.id,
      ...sealEntry(
        {
          event: EVENTS.sentLate,
          dispatchId: document.id,
          details: { agency: document.sender_code, signed: document.promulgation_date, until: until.toISOString() },
        },
        at,
      ),
    })),
  })
  if (!taken) return 0
  for (const { document } of late) sentLate(stage.log, { dispatchId: document.id, agencyCode: document.sender_code })
  if (late.length > 0) stage.bus.publish(SUBJECTS.auditPending)
  return entries.length
}

function idsOf(
  entries: readonly LogEntry[],
  wanted: (entry: LogEntry) => boolean,
  field: 'dispatch_id' | 'consignment_id',
): string[] {
  return [
    ...new Set(
      entries
        .filter(wanted)
        .map((entry) => entry[field])
        .filter((id) => id !== null),
    ),
  ]
}

async function clocksOf(stage: ClockStage, entries: readonly LogEntry[]): Promise<ClockRow[]> {
  const since = new Map<string, Date>()
  for (const { event, event_time, consignment_id } of entries)
    if (consignment_id !== null && BEGINNINGS.has(event)) since.set(consignment_id, event_time)
  if (since.size === 0) return []
  const facts = await findClockFacts(stage.pool, [...since.keys()])
  return facts.flatMap((each) => clockOf(stage, each, since.get(each.id) as Date) ?? [])
}

function clockOf(stage: ClockStage, facts: ClockFacts, since: Date): ClockRow | undefined {
  const [first] = planTerms({ since, done: {} }, facts as ClockFacts & TermFacts, stage.policy)
  if (!first) return undefined
  return {
    consignment_id: facts.id,
    dispatch_id: facts.dispatch_id,
    since: since.toISOString(),
    due_at: first.at.toISOString(),
  }
}

interface LateDocument {
  readonly document: AcceptedDocument
  readonly until: Date
}

async function lateDocuments(stage: ClockStage, ids: readonly string[]): Promise<LateDocument[]> {
  if (ids.length === 0) return []
  const documents = await findAcceptedDocuments(stage.pool, ids)
  return documents.flatMap((document) => {
    const until = missedMorning(document.promulgation_date, document.accepted_at, stage.policy.calendar)
    return until ? [{ document, until }] : []
  })
}

async function noticesOf(stage: ClockStage, late: readonly LateDocument[]): Promise<NoticeRow[]> {
  const contacts = createContactFinder(stage.registry, stage.config.operatorMail)
  const rows: NoticeRow[] = []
  for (const { document, until } of late) {
    const { id, sender_code, number, notation } = document
    const tidings = {
      owner: id,
      kind: 'sent-late',
      contact: await contacts.ofAgency(sender_code),
      about: id,
      agency: sender_code,
      dispatchId: id,
      facts: {
        sender: contacts.nameOf(sender_code),
        number,
        notation,
        date: shownDate(document.promulgation_date),
        since: shownInstant(document.accepted_at),
        deadline: shownInstant(until),
      },
    } as const
    rows.push(...draftNotices(tidings, stage.config))
  }
  return rows
}
