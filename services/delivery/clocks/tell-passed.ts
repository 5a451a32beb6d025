import { localDate } from '../../../libs/model/index.ts'
import type { ClockFacts, DueClock, NoticeRow } from '../../../libs/store/index.ts'
import { draftNotices, type NoticeSettings } from '../notices/draft-notices.ts'
import type { ContactFinder, NoticeContact } from '../notices/find-contact.ts'
import type { NoticeFacts } from '../notices/templates.ts'
import type { ClockPolicy } from './clock-rules.ts'
import { lastDay, type Term } from './plan-terms.ts'
import { shownDate, shownInstant } from './shown-date.ts'

const MINUTE_MS = 60_000

export interface PassedTerm {
  readonly term: Term
  readonly facts: ClockFacts
  readonly clock: DueClock
  readonly contacts: ContactFinder
  readonly policy: ClockPolicy
  readonly config: NoticeSettings
}

/**
 * Whom a passed term is told: the receiver while it can still act, the level above it and the sender on escalation, the sender
 * when nothing comes of it any more.
 */
export async function tellPassed(passed: PassedTerm): Promise<NoticeRow[]> {
  const { term, facts, clock, config } = passed
  const told = await audience(passed)
  return told.flatMap(({ contact, agency }) =>
    draftNotices(
      {
        owner: facts.id,
        kind: term.rule,
        contact,
        // A consignment that begins anew has other terms: they may be told again.
        about: `${facts.id}:${clock.since.getTime()}`,
        agency,
        dispatchId: facts.dispatch_id,
        consignmentId: facts.id,
        facts: factsOf(passed),
      },
      config,
    ),
  )
}

interface Told {
  readonly contact: NoticeContact
  readonly agency: string
}

async function audience({ term, facts, contacts }: PassedTerm): Promise<Told[]> {
  const sender = async (): Promise<Told> => ({
    contact: await contacts.ofAgency(facts.sender_code),
    agency: facts.sender_code,
  })
  switch (term.rule) {
    case 'expired':
      return [await sender()]
    case 'due-escalated':
      return [{ contact: await contacts.aboveAgency(facts.agency_code), agency: facts.agency_code }, await sender()]
    case 'urgent-waiting':
    case 'same-day-receipt':
    case 'uncollected':
    case 'due-soon':
    case 'overdue':
      return [{ contact: await contacts.ofAgency(facts.agency_code), agency: facts.agency_code }]
  }
}

function factsOf({ term, facts, clock, contacts, policy }: PassedTerm): NoticeFacts {
  const { calendar } = policy
  const [today, begun] = [localDate(clock.now), localDate(clock.since)]
  const base = {
    sender: contacts.nameOf(facts.sender_code),
    receiver: contacts.nameOf(facts.agency_code),
    number: facts.number,
    notation: facts.notation,
    since: shownInstant(clock.since),
  }
  const due = facts.due_date ?? today
  const last = lastDay(due, calendar)
  switch (term.rule) {
    case 'urgent-waiting':
      return { ...base, minutes: String(Math.floor((clock.now.getTime() - clock.since.getTime()) / MINUTE_MS)) }
    case 'same-day-receipt':
      return base
    case 'uncollected':
    case 'expired':
      return { ...base, days: String(calendar.workingDaysBetween(begun, today)) }
    case 'due-soon':
      return { ...base, deadline: shownDate(due), days: String(calendar.workingDaysBetween(today, last)) }
    case 'overdue':
    case 'due-escalated':
      return { ...base, deadline: shownDate(due), days: String(calendar.workingDaysBetween(last, today)) }
  }
}
