/**
 * Names of audit events. Those that ETSI EN 319 522-3 knows carry its names; the others are ours and say what happened.
 * The list is open: readers must not fail on a name they do not know.
 */
export const EVENTS = {
  submissionAccepted: 'SubmissionAcceptance',
  submissionRejected: 'SubmissionRejection',
  routed: 'DispatchRouted',
  /** Of a shadow system: checked and answered, and consigned to nobody. */
  shadowed: 'DispatchShadowed',
  /** Bytes available to the receiver. */
  available: 'ContentConsignment',
  pushQueued: 'ConsignmentQueued',
  attemptBegun: 'AttemptBegun',
  attemptEnded: 'AttemptEnded',
  deadLettered: 'ContentConsignmentFailure',
  notified: 'ConsignmentNotification',
  /** The receiver's system began to fetch. */
  handedOver: 'ContentHandover',
  /** The receiver's system said that it works on it, and fetched nothing. */
  taken: 'ConsignmentTaken',
  /** The receiver's system has stored it and says so. */
  acknowledged: 'ConsignmentAcceptance',
  refused: 'ConsignmentRejection',
  expired: 'AcceptanceRejectionExpiry',
  recalled: 'ConsignmentRecalled',
  recallPending: 'RecallPending',
  /** An update or replacement that the receiver has not answered. */
  changePending: 'ChangePending',
  requestAgreed: 'BusinessRequestAgreed',
  requestDeclined: 'BusinessRequestDeclined',
  /** An operator ended an update or replacement that the receiver did not answer. */
  requestVoided: 'BusinessRequestVoided',
  receiverAdded: 'ReceiverAdded',
  reassigned: 'REASSIGNED',
  statusReported: 'BusinessStatusReported',
  resent: 'ConsignmentResent',
  held: 'ConsignmentHeld',
  released: 'ConsignmentReleased',
  requeued: 'ConsignmentRequeued',
  operatorClosed: 'ConsignmentClosedByOperator',
  systemSuspended: 'SystemSuspended',
  systemResumed: 'SystemResumed',
  maintenanceBegun: 'MaintenanceBegun',
  maintenanceEnded: 'MaintenanceEnded',
  operatorAdded: 'OperatorAdded',
  operatorRevoked: 'OperatorRevoked',
  policyChanged: 'OperationPolicyChanged',
  operationRequested: 'OperationRequested',
  operationApproved: 'OperationApproved',
  operationRejected: 'OperationRejected',
  operationDone: 'OperationDone',
  workRefilled: 'WorkRefilled',
  closed: 'DispatchClosed',
  reopened: 'DispatchReopened',
  /** An endpoint failed so often that only probes are sent to it. */
  breakerOpened: 'EndpointBreakerOpened',
  breakerClosed: 'EndpointBreakerClosed',
  contentDeleted: 'ContentDeleted',
  /** Content may not be deleted until it is released: a legal hold. */
  contentHeld: 'ContentHeld',
  contentReleased: 'ContentReleased',
  /** How long content of a class is kept, or which dispatches fall into it. */
  retentionChanged: 'RetentionChanged',
  /** An operator's check of the database mended a row; state and content are as they were. */
  repaired: 'StateRepaired',
  partitionDetached: 'PartitionDetached',
  partitionAttached: 'PartitionAttached',
  epochOpened: 'LogEpochOpened',
  registryChanged: 'RegistryChanged',
  /** Accepted after the morning of the working day that follows its date (Decision 28/2018/QĐ-TTg article 6). */
  sentLate: 'DispatchSentLate',
  /** A term of a consignment passed: same-day receipt, urgency, due date, collection. */
  deadlinePassed: 'DeadlinePassed',
  systemSilent: 'SystemSilent',
  systemBack: 'SystemBack',
} as const
export type EventName = (typeof EVENTS)[keyof typeof EVENTS]
