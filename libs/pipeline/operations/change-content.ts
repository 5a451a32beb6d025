import { EVENTS } from '../../model/index.ts'
import {
  type ClassSeen,
  type HoldOutcome,
  holdContent,
  type Queryable,
  type RuleSeen,
  setRetentionClass,
  setRetentionRule,
} from '../../store/index.ts'
import { sealEntry } from '../seal-entry.ts'
import { type Cause, causeDetails, type Subject } from './operation.ts'

type Of<On extends Subject['on']> = Extract<Subject, { on: On }>

/** Sets or lifts a legal hold, with its entry. @throws BusError LT_STORE_UNAVAILABLE */
export async function changeHold(
  database: Queryable,
  { action, dispatch, seen }: Of<'content'>,
  cause: Cause,
): Promise<{ readonly changed: boolean; readonly outcome: HoldOutcome }> {
  const hold = action === 'hold-content'
  const event = hold ? EVENTS.contentHeld : EVENTS.contentReleased
  const entry = sealEntry({ event, dispatchId: dispatch, details: causeDetails(cause) }, new Date())
  const wanted = { id: dispatch, hold, reason: cause.reason, ...(seen ? { seen } : {}) }
  const outcome = await holdContent(database, wanted, [{ owner: dispatch, ...entry }])
  return { changed: outcome === 'held' || outcome === 'released', outcome }
}

/** Changes how long content of a class is kept, or which dispatches fall into it, with its entry. Answers whether it did. @throws BusError LT_STORE_UNAVAILABLE */
export async function changeRetention(
  database: Queryable,
  { change, seen }: Of<'retention'>,
  cause: Cause,
): Promise<boolean> {
  const what =
    'rule' in change ? { rule: { ...change.rule } } : { class: change.class.code, keepDays: change.class.keepDays }
  const details = { ...what, ...causeDetails(cause) }
  const entry = sealEntry({ event: EVENTS.retentionChanged, details }, new Date())
  const owned = { owner: entry.id, ...entry }
  return 'rule' in change
    ? setRetentionRule(database, change.rule, owned, seen as RuleSeen | undefined)
    : setRetentionClass(database, change.class, owned, seen as ClassSeen | undefined)
}
