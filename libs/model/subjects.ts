import { HUB_CODE, NEW_CODE } from './agency-code.ts'
import type { Lane } from './states.ts'

/**
 * The NATS tokens of an agency: its code's own groups, level 1 first, so that a province's hub waits on `H26` and `H26.>`.
 * A code without such groups (enterprise, other organisation, hub) becomes `X.<code>` with dots and dashes as `_`.
 */
export function subjectTokens(code: string): string {
  if (NEW_CODE.test(code)) return code
  if (HUB_CODE.test(code)) return `X.${code.replaceAll('.', '_')}`
  return `X.${code.replace(/[^0-9A-Za-z]/g, '_')}`
}

export const SUBJECTS = {
  /** Work for routing: one message per accepted dispatch. */
  dispatchAccepted: (lane: Lane): string => `lt.dispatch.accepted.${lane}`,
  /** Wake-up for waiting mailboxes: core NATS, one per agency and batch. */
  consignmentAvailable: (code: string): string => `lt.consignment.available.${subjectTokens(code)}`,
  /** Work for delivery: one message per queued consignment. */
  consignmentPush: (lane: Lane, code: string): string => `lt.consignment.push.${lane}.${subjectTokens(code)}`,
  /** Wake-up for the sequencer: something lies in `audit_pending`. */
  auditPending: 'lt.audit.pending',
  /** Wake-up for readers of the log: leaves were sequenced. */
  logSequenced: 'lt.audit.sequenced',
  /** Wake-up for senders: a JSON array of dispatch ids whose evidence grew. */
  dispatchNoticed: 'lt.dispatch.noticed',
  /** Wake-up for delivery: notices were put down for web hooks. */
  hooksWaiting: 'lt.hooks.waiting',
  /** Wake-up for sweepers: work that waits was made due. */
  workRefilled: 'lt.work.refilled',
  /** Hint that the registry changed. */
  registryChanged: 'lt.registry.changed',
} as const
