export type Severity = 'critical' | 'error' | 'warning' | 'info'

/**
 * Every kind of thing that can be wrong: how bad it is, and whether `--repair` mends it. Mended is only what any service could do by
 * itself: when work is looked at again, attempts and leases that are over, a link that can be read off the rows. Never content or log.
 */
export const FINDING_KINDS = {
  'dispatch-state': ['critical', false],
  'consignment-state': ['critical', false],
  'content-state': ['critical', false],
  'hold-state': ['error', false],
  'recall-flag': ['error', false],
  'impossible-move': ['error', false],
  'unknown-event': ['info', false],
  'consignment-missing': ['critical', false],
  'consignment-unexpected': ['error', false],
  'consignment-doubled': ['critical', false],
  'closed-with-open': ['critical', false],
  'open-without-content': ['critical', false],
  'lease-incomplete': ['error', true],
  'lease-beyond-end': ['error', true],
  'attempt-overdue': ['error', true],
  'attempt-stale': ['error', true],
  'attempt-missing': ['error', true],
  'attempt-count': ['error', false],
  'push-unqueued': ['error', true],
  'work-postponed': ['error', true],
  'submission-link': ['error', true],
  'submission-unlinked': ['error', false],
  'receipt-missing': ['critical', false],
  'entry-digest': ['critical', false],
  'entry-leaf': ['critical', false],
  'entry-unlogged': ['critical', false],
  'entry-doubled': ['critical', false],
  'leaf-differs': ['critical', false],
  'leaf-without-entry': ['critical', false],
  'index-gap': ['critical', false],
  'pending-false': ['critical', false],
  dangling: ['error', false],
  'content-row': ['critical', false],
  'content-missing': ['critical', false],
  'content-size': ['critical', false],
  'content-digest': ['critical', false],
  'content-range': ['critical', false],
  'content-undeleted': ['error', false],
  'content-unknown': ['warning', false],
  'proof-missing': ['error', false],
  'message-missing': ['warning', true],
  'message-dangling': ['warning', false],
  'job-missing': ['warning', true],
  'job-dangling': ['warning', false],
} as const satisfies Record<string, readonly [Severity, boolean]>
export type FindingKind = keyof typeof FINDING_KINDS

/** One thing that is not as it must be. */
export interface Finding {
  readonly kind: FindingKind
  /** Of the row, entry or file it is about. */
  readonly id: string
  /** What was compared. */
  readonly what: string
  readonly expected: string
  readonly found: string
  readonly severity: Severity
  readonly repairable: boolean
  /** What a repair has to compare with. */
  readonly at?: Readonly<Record<string, string | number>>
  /** Set once it was mended. */
  readonly mended?: boolean
}

/** A finding with the severity of its kind. */
export function finding(
  kind: FindingKind,
  id: string,
  said: { readonly what: string; readonly expected: unknown; readonly found: unknown; readonly at?: Finding['at'] },
): Finding {
  const [severity, repairable] = FINDING_KINDS[kind]
  const { what, expected, found, at } = said
  return {
    kind,
    id,
    what,
    expected: String(expected),
    found: String(found),
    severity,
    repairable,
    ...(at === undefined ? {} : { at }),
  }
}
