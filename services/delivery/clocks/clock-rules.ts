import type { Lane, WorkingCalendar } from '../../../libs/model/index.ts'
import type { DeliveryConfig } from '../config.ts'

/** The terms that run for a consignment, in the order in which they usually pass. */
export const RULES = [
  'urgent-waiting',
  'same-day-receipt',
  'uncollected',
  'expired',
  'due-soon',
  'overdue',
  'due-escalated',
] as const
export type Rule = (typeof RULES)[number]

/** When a lane's consignments count as neglected, in working days; 0: never. */
export interface NeglectPolicy {
  readonly warnDays: number
  readonly expireDays: number
}

/** What is judged by: settings and calendar. */
export interface ClockPolicy {
  readonly calendar: WorkingCalendar
  readonly startsAt: string
  readonly endsAt: string
  readonly urgentWithinMs: number
  readonly sameDayReceipt: boolean
  readonly dueReminderDays: number
  readonly dueEscalationDays: number
  readonly neglect: Readonly<Record<Lane, NeglectPolicy>>
}

export function clockPolicy(config: DeliveryConfig, calendar: WorkingCalendar): ClockPolicy {
  return {
    calendar,
    startsAt: config.workdayStartsAt,
    endsAt: config.workdayEndsAt,
    urgentWithinMs: config.urgentWithinMs,
    sameDayReceipt: config.sameDayReceipt,
    dueReminderDays: config.dueReminderDays,
    dueEscalationDays: config.dueEscalationDays,
    neglect: {
      normal: { warnDays: config.neglectWarnDays, expireDays: config.neglectExpireDays },
      urgent: { warnDays: config.urgentNeglectWarnDays, expireDays: config.urgentNeglectExpireDays },
    },
  }
}
