import type { ErrorCode } from '../errors/index.ts'
import type { WarningCode } from './warnings.ts'

/** Which door a packet came through. `native` is strict: what it lets in, every receiver can read. `compatible` takes what real systems send. */
export type Door = 'native' | 'compatible'
export type Severity = 'refuse' | 'warn'

/** One finding against a packet: refuses it, or is told to the sender. */
export interface PacketProblem {
  readonly code: ErrorCode
  readonly params: Readonly<Record<string, string | number>>
  readonly severity: Severity
}

const both = (severity: Severity): Record<Door, Severity> => ({ native: severity, compatible: severity })
const strictly: Record<Door, Severity> = { native: 'refuse', compatible: 'warn' }

/** What each door does about each finding of the rules. The only place where the doors differ in what they accept. */
export const RULE_POLICY = {
  LT_SCHEMA_INVALID: strictly,
  LT_ENV_DIALECT_OLD: strictly,
  LT_ENV_NAMESPACE: strictly,
  LT_ENV_PREFIX_UNDECLARED: strictly,
  LT_BUS_SENDER_MISSING: both('refuse'),
  LT_BUS_RECIPIENT_MISSING: both('refuse'),
  LT_BUS_RECIPIENT_CODE_MISSING: both('refuse'),
  LT_BUS_RECIPIENT_TWICE: strictly,
  LT_BUS_TOO_MANY_RECIPIENTS: both('refuse'),
  LT_BUS_TOO_MANY_ATTACHMENTS: both('refuse'),
  LT_BUS_DOCUMENT_ID_MISSING: strictly,
  LT_BUS_NUMBER_MISSING: both('refuse'),
  LT_BUS_NOTATION_MISSING: both('refuse'),
  LT_BUS_SUBJECT_MISSING: both('refuse'),
  LT_BUS_SIGNER_MISSING: both('warn'),
  LT_BUS_DATE_MISSING: strictly,
  LT_BUS_DATE_UNREADABLE: both('refuse'),
  LT_BUS_DATE_FUTURE: both('refuse'),
  LT_BUS_DUE_BEFORE_ISSUE: both('warn'),
  LT_BUS_PRIORITY_RANGE: both('refuse'),
  LT_BUS_DOCUMENT_TYPE_UNKNOWN: both('warn'),
  LT_BUS_REASON_MISSING: strictly,
  LT_BUS_TARGET_MISSING: both('refuse'),
  LT_BUS_TARGET_UNKNOWN: strictly,
  LT_BUS_TARGET_FOREIGN: both('refuse'),
  LT_BUS_TARGET_NOT_SENT: strictly,
  LT_BUS_RECEIVERS_CONTRADICTORY: strictly,
  LT_BUS_NOTHING_CHANGED: both('warn'),
  LT_BUS_STATUS_NOT_ISSUER: both('refuse'),
  LT_BUS_STATUS_NOT_RECEIVER: both('refuse'),
  // Routed and flagged: a document may have come another way, and a refusal would tell strangers which documents there are.
  LT_BUS_STATUS_UNMATCHED: both('warn'),
  LT_BUS_NO_ATTACHMENT: both('warn'),
  LT_BUS_STATUS_TARGET_MISSING: both('refuse'),
  LT_ATT_MISSING: both('refuse'),
  LT_ATT_UNLISTED: strictly,
  LT_ATT_ID_TWICE: strictly,
} as const satisfies Partial<Record<ErrorCode, Record<Door, Severity>>>

export type RuleCode = keyof typeof RULE_POLICY

/** Deviations met while reading that a door may refuse, and the code it then refuses with. All others are only told. */
export const DEVIATION_RULES: Partial<Record<WarningCode, RuleCode>> = {
  ENV_DIALECT_OLD: 'LT_ENV_DIALECT_OLD',
  // Elements that the schema takes for foreign and passes over: its bounds would not hold for them.
  ENV_NAMESPACE_OTHER: 'LT_ENV_NAMESPACE',
  ENV_PREFIX_UNDECLARED: 'LT_ENV_PREFIX_UNDECLARED',
  ENV_CONTENT_ID_TWICE: 'LT_ATT_ID_TWICE',
}

export function problem(code: RuleCode, door: Door, params: PacketProblem['params'] = {}): PacketProblem {
  return { code, params, severity: RULE_POLICY[code][door] }
}
