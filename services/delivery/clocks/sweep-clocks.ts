import { catalogue, fill } from '../../../libs/errors/index.ts'
import { EVENTS, SUBJECTS } from '../../../libs/model/index.ts'
import { type AuditDraft, sealEntry } from '../../../libs/pipeline/index.ts'
import { defineEvent, sabotaged } from '../../../libs/runtime/index.ts'
import {
  type ClockFacts,
  type ClockMove,
  type DueClock,
  findClockFacts,
  findDueClocks,
  fireClocks,
  type NoticeRow,
} from '../../../libs/store/index.ts'
import { createContactFinder } from '../notices/find-contact.ts'
import type { ClockStage } from './clock-stage.ts'
import { type Judgement, judgeClock } from './judge-clock.ts'
import type { Term, TermFacts } from './plan-terms.ts'
import { tellPassed } from './tell-passed.ts'

/** Clocks looked at together. */
const SWEEP_LIMIT = 200

const termPassed = defineEvent({
  name: 'consignment_term_passed',
  text: 'a term of a consignment passed',
  labels: ['kind', 'lane'],
})

interface Found {
  readonly clock: DueClock
  readonly facts: ClockFacts
  readonly judgement: Judgement
}

/**
 * Looks at the clocks that are due by the database's clock and writes down what passed, each once: entries, notices, and EXPIRED
 * where collection was neglected. Any number of processes may sweep. Answers how many clocks moved.
 */
export async function sweepClocks(stage: ClockStage): Promise<number> {
  const due = await findDueClocks(stage.pool, SWEEP_LIMIT)
  if (due.length === 0) return 0
  const facts = new Map(
    (
      await findClockFacts(
        stage.pool,
        due.map(({ consignment_id }) => consignment_id),
      )
    ).map((each) => [each.id, each]),
  )
  const at = new Date()
  const found = due.flatMap((clock) => judge(stage, clock, facts.get(clock.consignment_id)) ?? [])
  // A clock whose consignment was taken out of the database with its month.
  const orphans = due.filter(({ consignment_id }) => !facts.has(consignment_id))
  const contacts = createContactFinder(stage.registry, stage.config.operatorMail)
  const notices: NoticeRow[] = []
  for (const { clock, facts, judgement } of found)
    for (const term of judgement.passed)
      notices.push(...(await tellPassed({ term, facts, clock, contacts, policy: stage.policy, config: stage.config })))
  const moves = [...found.map((each) => moveOf(each, stage, at)), ...orphans.map((clock) => dropOf(clock, at))]
  const entries = found.flatMap((each) =>
    each.judgement.passed
      .filter(({ rule }) => !(rule === 'expired' && sabotaged('expired-without-entry')))
      .map((term) => ({ owner: each.facts.id, ...sealEntry(draftOf(each, term, stage), at) })),
  )
  const moved = await fireClocks(stage.pool, moves, notices, entries)
  for (const { facts, judgement } of found) {
    if (!moved.has(facts.id)) continue
    for (const { rule } of judgement.passed)
      termPassed(stage.log, { consignmentId: facts.id, kind: rule, lane: facts.lane })
  }
  if (moved.size > 0 && entries.length > 0) stage.bus.publish(SUBJECTS.auditPending)
  return moved.size
}

function judge(stage: ClockStage, clock: DueClock, facts: ClockFacts | undefined): Found | undefined {
  if (!facts) return undefined
  const suspended = (stage.registry.receivingSystem(facts.agency_code)?.system.suspendedAt ?? null) !== null
  const judgement = judgeClock(clock, { ...(facts as ClockFacts & TermFacts), suspended }, stage.policy, clock.now)
  return { clock, facts, judgement }
}

function moveOf({ clock, facts, judgement }: Found, stage: ClockStage, at: Date): ClockMove {
  const { done, next, expires } = judgement
  return {
    id: facts.id,
    version: clock.version,
    done: done as ClockMove['done'],
    due_at: next?.toISOString() ?? null,
    expire: expires,
    consignment_version: facts.version,
    at: at.toISOString(),
    reason: expires ? expiryCode(facts) : null,
    text: expires ? expiryText(facts, stage) : null,
  }
}

function dropOf({ consignment_id, version, done }: DueClock, at: Date): ClockMove {
  const nothing = { due_at: null, expire: false, consignment_version: 0, reason: null, text: null }
  return { ...nothing, id: consignment_id, version, done, at: at.toISOString() }
}

/** Who fetched and never answered for it did not leave it lying: the log says so, and so must the end. */
const expiryCode = ({ handed_over_at }: ClockFacts): 'LT_DLV_UNCOLLECTED' | 'LT_DLV_UNACKNOWLEDGED' =>
  handed_over_at === null ? 'LT_DLV_UNCOLLECTED' : 'LT_DLV_UNACKNOWLEDGED'

const expiryText = (facts: ClockFacts, stage: ClockStage): string =>
  fill(catalogue[expiryCode(facts)].title.vi, { days: stage.policy.neglect[facts.lane].expireDays })

/** The end of a consignment is the non-delivery that its sender gets a signed receipt of; the other terms are facts beside it. */
function draftOf({ clock, facts, judgement }: Found, { rule, at }: Term, stage: ClockStage): AuditDraft {
  const subject = { dispatchId: facts.dispatch_id, consignmentId: facts.id }
  const agency = facts.agency_code
  if (rule !== 'expired')
    return { event: EVENTS.deadlinePassed, ...subject, details: { agency, rule, due: at.toISOString() } }
  const warned = judgement.done.uncollected ?? null
  return {
    event: EVENTS.expired,
    ...subject,
    details: {
      agency,
      reason: expiryCode(facts),
      text: expiryText(facts, stage),
      since: clock.since.toISOString(),
      warned,
    },
  }
}
