import type { Bus } from '../../bus/index.ts'
import { BusError } from '../../errors/index.ts'
import type {
  ClassSeen,
  HoldSeen,
  MaintenanceSeen,
  OperableQuery,
  OperatorRole,
  Pool,
  RetentionRule,
  RuleSeen,
  SuspensionSeen,
} from '../../store/index.ts'

/** An operator who proved a key. */
export interface Operator {
  readonly id: string
  readonly name: string
  readonly role: OperatorRole
}

/** Who receives for an agency: as much of the registry as operations ask. */
export interface ReceivingDirectory {
  receivingSystem(agencyCode: string):
    | {
        readonly system: {
          readonly code: string
          readonly delivery: 'pull' | 'push'
          readonly suspendedAt: unknown
        }
      }
    | undefined
  agenciesOf(systemCode: string): readonly string[]
  system(code: string): { readonly id: string; readonly code: string } | undefined
}

/** What an operator's action works with, the same for the API and the command line. */
export interface Operations {
  /** With the rights of `lt_console` or `lt_cli`. */
  readonly pool: Pool
  readonly directory: ReceivingDirectory
  /** Without it nobody is woken: the sweepers find what was moved. */
  readonly bus?: Pick<Bus, 'publish' | 'publishWork'>
}

/** Who acts, why, and as part of which request: stands in every entry. */
export interface Cause {
  readonly operator: Operator
  readonly reason: string
  readonly requestId: string
  /** The request that a second operator approved, where the action needed one. */
  readonly approval?: { readonly request: string; readonly by: string }
}

export const CONSIGNMENT_ACTIONS = ['hold', 'release', 'requeue', 'close'] as const
export type ConsignmentAction = (typeof CONSIGNMENT_ACTIONS)[number]

/** Consignments by id, or by what they have in common; `system`: of every agency that it receives for today. */
export type Selection =
  | { readonly consignments: readonly string[] }
  | { readonly query: OperableQuery & { readonly system?: string } }

const MAX_REASON = 500

/** A reason as it goes into the log. @throws BusError LT_OPS_BAD_FIELD when it says nothing or too much */
export function checkReason(reason: string): string {
  const text = reason.trim()
  if (text === '' || text.length > MAX_REASON || /[\p{Cc}\p{Cs}]/u.test(text.replace(/[\n\t]/g, '')))
    throw new BusError('LT_OPS_BAD_FIELD', { field: 'reason' })
  return text
}

/** What every entry of an action says about its cause; a change that explains itself may have no reason. */
export function causeDetails({ operator, reason, requestId, approval }: Cause): Record<string, string> {
  return {
    operator: operator.name,
    operatorId: operator.id,
    ...(reason === '' ? {} : { why: reason }),
    request: requestId,
    ...(approval ? { operation: approval.request, approvedBy: approval.by } : {}),
  }
}

/** Days of a class, or the dispatches that fall into one. */
export type RetentionChange =
  | { readonly class: { readonly code: string; readonly keepDays: number | null; readonly note?: string } }
  | { readonly rule: RetentionRule }

/** As it was when a second operator was asked; without it, whatever stands when it is done. */
type Seen<S> = { readonly seen?: S }

/** What an action is about, as it is kept in a request for approval. */
export type Subject =
  | { readonly on: 'consignments'; readonly action: ConsignmentAction; readonly selection: Selection }
  | ({ readonly on: 'system'; readonly action: 'suspend' | 'resume'; readonly system: string } & Seen<SuspensionSeen>)
  | ({
      readonly on: 'content'
      readonly action: 'hold-content' | 'release-content'
      readonly dispatch: string
    } & Seen<HoldSeen>)
  // Ids of the dispatches that ask.
  | ({ readonly on: 'request'; readonly action: 'void'; readonly consignment: string } & Seen<readonly string[]>)
  | ({ readonly on: 'retention'; readonly action: 'retention'; readonly change: RetentionChange } & Seen<
      ClassSeen | RuleSeen
    >)
  | ({
      readonly on: 'axis'
      readonly action: 'maintenance'
      readonly begin: boolean
      readonly until?: string
    } & Seen<MaintenanceSeen>)

/** The change of a policy. */
export interface PolicySubject {
  readonly on: 'policy'
  readonly action: 'policy'
  readonly policy: Limits & { readonly action: string }
  /** What it was when the change was asked for: another is not overwritten. */
  readonly seen: Limits
}

/** Above how many consignments an action needs a second operator (`null`: never), and how many hours a request waits. */
interface Limits {
  readonly above: number | null
  readonly hours: number
}
