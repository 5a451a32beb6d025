/** Where a dispatch stands. `CLOSED`: every consignment ended; a requeue reopens it. */
export type DispatchState = 'ACCEPTED' | 'ROUTED' | 'CLOSED'

/** Where a consignment stands in transport. Business statuses are another thing and stand beside it. */
export type ConsignmentState =
  | 'AVAILABLE'
  | 'QUEUED'
  | 'RETRYING'
  | 'HANDED_OVER'
  | 'ACKNOWLEDGED'
  | 'REFUSED'
  | 'HELD'
  | 'DEAD'
  | 'EXPIRED'
  | 'RECALLED'

/** States from which a consignment does not move by itself any more. */
export const ENDED_STATES: readonly ConsignmentState[] = ['ACKNOWLEDGED', 'REFUSED', 'DEAD', 'EXPIRED', 'RECALLED']

export const isEnded = (state: ConsignmentState): boolean => ENDED_STATES.includes(state)

export type DeliveryMode = 'pull' | 'push'
/** Documents whose priority is 1 or more travel in the urgent lane, end to end (Decision 28/2018 article 6). */
export type Lane = 'urgent' | 'normal'
export type SignaturePolicy = 'off' | 'report' | 'required'
export type DuplicatePolicy = 'warn' | 'refuse'
/** `detached`: envelope and attachments came as separate parts. `inline`: one packet with Base64 inside. */
export type PacketForm = 'inline' | 'detached'
export type ContentState = 'KEPT' | 'DELETING' | 'DELETED'

/** The reasons a receiver may give for a refusal, in front of free text (Decision 28/2018 article 9). */
export const REFUSAL_REASONS = [
  'wrong-receiver',
  'signature-missing-or-invalid',
  'certificate-expired-or-revoked',
  'file-unreadable-or-missing',
  'metadata-mismatch',
  'duplicate',
  'beyond-competence',
  'secrecy-mark',
  'layout-error',
  'other',
] as const
export type RefusalReason = (typeof REFUSAL_REASONS)[number]
