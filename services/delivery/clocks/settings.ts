import { Type } from '../../../libs/schema/index.ts'

const MINUTE = 60_000
const days = (otherwise: number, description: string) =>
  Type.Integer({ minimum: 0, maximum: 365, default: otherwise, description })
const timeOfDay = (otherwise: string, description: string) =>
  Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$', default: otherwise, description })

/** Settings of the terms that run while a document travels. Days are working days; 0 switches a rule off. */
export const clockSettings = {
  holidaysFile: Type.Optional(
    Type.String({ description: 'days off and days worked (JSON) that override the shipped calendar' }),
  ),
  workdayStartsAt: timeOfDay('08:00', 'when reminders of a day are due, HH:mm in Vietnam'),
  workdayEndsAt: timeOfDay('17:00', 'when a working day ends, HH:mm in Vietnam'),
  urgentWithinMs: Type.Integer({
    minimum: 0,
    maximum: 24 * 60 * MINUTE,
    default: 15 * MINUTE,
    description: 'an urgent document that was not handed over so long after it was consigned is called out; 0: never',
  }),
  sameDayReceipt: Type.Boolean({
    default: true,
    description: 'whether a receiver is told at the end of the working day what it has not taken',
  }),
  dueReminderDays: days(2, 'working days before the due date of a document when the receiver is reminded'),
  dueEscalationDays: days(2, 'working days after the due date when the level above and the sender are told'),
  neglectWarnDays: days(3, 'working days after which the contact is warned of what was not collected'),
  neglectExpireDays: days(30, 'working days after which what was not collected expires, never before the warning'),
  urgentNeglectWarnDays: days(1, 'the same warning for urgent documents'),
  urgentNeglectExpireDays: days(30, 'the same expiry for urgent documents'),
  silentAfterMs: Type.Integer({
    minimum: 0,
    maximum: 30 * 24 * 60 * MINUTE,
    default: 60 * MINUTE,
    description: 'a fetching system that did not call for so long is silent; 0: never',
  }),
  clockIdleMs: Type.Integer({
    minimum: 50,
    maximum: 600_000,
    default: 5000,
    description: 'pause between two looks at the clocks that find nothing',
  }),
} as const
