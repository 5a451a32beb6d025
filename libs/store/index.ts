export {
  type AcceptanceBatch,
  type AcceptanceOutcome,
  acceptDispatches,
  type ContentRow,
  type DispatchRow,
  type ReceiptRow,
} from './accept-dispatches.ts'
export {
  ARCHIVED_TABLES,
  attachPartition,
  detachPartition,
  findMonthObstacle,
  listPartitionMonths,
  type MonthObstacle,
  moveMonthKeys,
  type PartitionMonth,
} from './archive-month.ts'
export { recordAssertion, sweepAssertions, type UsedAssertion } from './assertions.ts'
export { checkDurability, clockSkewMs } from './check-durability.ts'
export { type AttemptClaim, claimAttempts } from './claim-attempts.ts'
export { closeDispatches } from './close-dispatches.ts'
export { coalesce } from './coalesce.ts'
export { noteContentSwept, readContentSwept, tryLeadContentSweep, tryLeadRetention } from './content-sweep.ts'
export {
  beginDeletion,
  type ContentProof,
  classifyContent,
  type DueContent,
  type DuePlace,
  endDeletion,
  eraseContent,
  findBegunDeletions,
  findDueContent,
} from './delete-content.ts'
export { type AttemptEnd, endAttempts } from './end-attempts.ts'
export { findKnownSubmissions, type SubmissionAnswer, type SubmissionQuestion } from './find-known-submissions.ts'
export { type FoundSubmission, findSubmission } from './find-submissions.ts'
export {
  type DanglingPage,
  findDangling,
  REFERENCES,
  type ReferringTable,
  readLivingFloor,
} from './fsck/find-dangling.ts'
export { type DueWork, filterWaiting, findLatePushes, findLateRouting } from './fsck/find-due-work.ts'
export * from './fsck/read-bundles.ts'
export {
  type CheckedEntry,
  type CheckedLeaf,
  findFalsePending,
  readEntryPage,
  readLeafPage,
} from './fsck/read-log-pages.ts'
export {
  endLostAttempt,
  type RepairEntries,
  releaseLease,
  relinkSubmission,
  republishDispatch,
  requeuePush,
} from './fsck/repair-rows.ts'
export { type HeldContent, type HoldOutcome, holdContent, listHeldContent } from './hold-content.ts'
export { keepSubmissionKey } from './keep-submission-key.ts'
export { type AppliedMigration, checkSchema, knownMigrations, migrate } from './migrate.ts'
export { type ConsignmentMove, type MovedConsignment, moveConsignments } from './move-consignments.ts'
export { checkPartitions, ensurePartitions } from './partitions.ts'
export {
  type Connection,
  openConnection,
  openPool,
  type Pool,
  type PoolClient,
  type PoolOptions,
  type Queryable,
  type QueryResult,
} from './pool.ts'
export { type ContentPart, listParts, readPartBytes } from './read-content.ts'
export {
  type ConsignmentView,
  type DispatchView,
  findDispatch,
  findSender,
  findSenders,
  listConsignments,
  listStatusReports,
  listThread,
  type StatusView,
  type ThreadView,
} from './read-dispatches.ts'
export {
  type EntryWithDetails,
  findEntry,
  findReceiptXml,
  keepReceipt,
  listReceiptFacts,
  type ReceiptFact,
  readOrigin,
  type SignedReceipt,
} from './read-evidence.ts'
export { type LogCursor, type LogEntry, readLog, readLogCursor } from './read-log.ts'
export {
  findConsignments,
  hasFreeConsignment,
  leaseWaiting,
  listMailbox,
  type MailboxRow,
  nextLeaseEndMs,
  type OpenConsignment,
  readMailboxFloor,
} from './read-mailbox.ts'
export { type RefusalRow, recordRefusals } from './record-refusals.ts'
export * from './registry-import.ts'
export {
  readAgencyPage,
  readAliases,
  readCertificates,
  readChangedAgencies,
  readFronts,
  readRegistryVersions,
  readSystemKeys,
  readSystems,
} from './registry-read.ts'
export type * from './registry-rows.ts'
export * from './registry-search.ts'
export * from './registry-system.ts'
export * from './registry-write.ts'
export { resendConsignment } from './resend-consignment.ts'
export {
  listRetentionClasses,
  listRetentionRules,
  type RetentionClass,
  type RetentionRule,
  setRetentionClass,
  setRetentionRule,
} from './retention-policy.ts'
export {
  type ConsignmentRow,
  type DispatchToRoute,
  findDispatchesToRoute,
  type RoutingBatch,
  routeDispatches,
  type StatusReportRow,
} from './route-dispatches.ts'
export {
  type LogPosition,
  readLogEnd,
  type SequencedLeaf,
  sequenceEntries,
  tryLeadSequencer,
} from './sequence-entries.ts'
export { isConnectionLoss, isServerTrouble, SQL_STATE, sqlState, wasNeverSent } from './sql-states.ts'
export {
  findOverdueAttempts,
  findWaitingPushes,
  type OverdueAttempt,
  takeDuePushes,
  type WaitingPush,
} from './sweep-consignments.ts'
export { type DueDispatch, takeDueDispatches } from './sweep-dispatches.ts'
