export {
  type AcceptanceBatch,
  type AcceptanceOutcome,
  acceptDispatches,
  type ContentRow,
  type DispatchRow,
  type ReceiptRow,
} from './accept-dispatches.ts'
export { appendEntries } from './append-entries.ts'
export {
  type AddedConsignment,
  applyRequests,
  type RequestBatch,
  type RequestRow,
} from './apply-requests.ts'
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
export {
  type AcceptedDocument,
  armClocks,
  type ClockFacts,
  type ClockRow,
  findAcceptedDocuments,
  findClockFacts,
  readClockCursor,
} from './arm-clocks.ts'
export {
  recordAssertion,
  sweepAssertions,
  type UsedAssertion,
} from './assertions.ts'
export {
  checkDurability,
  clockSkewMs,
} from './check-durability.ts'
export {
  type AttemptClaim,
  claimAttempts,
} from './claim-attempts.ts'
export { closeDispatches } from './close-dispatches.ts'
export { coalesce } from './coalesce.ts'
export {
  noteContentSwept,
  readContentSwept,
  tryLeadContentSweep,
  tryLeadRetention,
} from './content-sweep.ts'
export {
  beginDeletion,
  type ClassifyPlace,
  type ContentProof,
  classifyContent,
  type DueContent,
  type DuePlace,
  endDeletion,
  eraseContent,
  findBegunDeletions,
  findDueContent,
  lockContent,
} from './delete-content.ts'
export { deleteOldNotices, type NoticeAges } from './delete-notices.ts'
export {
  closeAtDoor,
  type DoorRequest,
  keepDoorRequest,
  listDoorRequests,
  registerAtDoor,
  settleDoorRequest,
} from './door-agencies.ts'
export {
  countReceived,
  findSent,
  type ListedAgency,
  listAgencyPage,
  listReceived,
  listSent,
  type ReceivedQuestion,
  type ReceivedRow,
  type SentRow,
} from './door-lists.ts'
export {
  type DoorSecretFacts,
  type DoorSecretRow,
  endDoorSecret,
  insertDoorSecret,
  listDoorSecrets,
  readDoorSecrets,
  readDoorSecretVersion,
  rewrapDoorSecret,
} from './door-secrets.ts'
export {
  type AttemptEnd,
  endAttempts,
} from './end-attempts.ts'
export {
  findKnownEvidence,
  type KnownEvidence,
  type NamedEvidence,
} from './find-known-evidence.ts'
export {
  findKnownSubmissions,
  type SubmissionAnswer,
  type SubmissionQuestion,
} from './find-known-submissions.ts'
export { findProbe } from './find-probe.ts'
export * from './find-stuck.ts'
export {
  type FoundSubmission,
  findSubmission,
} from './find-submissions.ts'
export {
  findTargets,
  type TargetAnswer,
  type TargetDispatch,
  type TargetQuestion,
} from './find-targets.ts'
export {
  type ClockMove,
  type DueClock,
  findDueClocks,
  fireClocks,
} from './fire-clocks.ts'
export {
  type DanglingPage,
  findDangling,
  REFERENCES,
  type ReferringTable,
  readLivingFloor,
} from './fsck/find-dangling.ts'
export {
  type DueWork,
  filterKnown,
  filterWaiting,
  findLatePushes,
  findLateRouting,
} from './fsck/find-due-work.ts'
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
export {
  type HeldContent,
  type HoldOutcome,
  type HoldSeen,
  holdContent,
  listHeldContent,
  seeHold,
} from './hold-content.ts'
export { inTransaction } from './in-transaction.ts'
export { keepSubmissionKey } from './keep-submission-key.ts'
export {
  listAsked,
  listBusinessRequests,
  type RequestView,
} from './list-business-requests.ts'
export {
  type ContentFile,
  listContentFiles,
} from './list-content-files.ts'
export {
  listNotices,
  NOTICE_STATES,
  type NoticeState,
  type NoticeView,
} from './list-notices.ts'
export {
  findTakenBack,
  type LockedConsignment,
  type LockedDispatch,
  lockConsignments,
  lockTargets,
  type RecallMarks,
} from './lock-targets.ts'
export { idFloor } from './look-up.ts'
export {
  type AppliedMigration,
  checkSchema,
  knownMigrations,
  migrate,
} from './migrate.ts'
export {
  type ConsignmentMove,
  type MovedConsignment,
  moveConsignments,
} from './move-consignments.ts'
export { noteDoorUp } from './note-door.ts'
export type { NoticeRow } from './notice-sql.ts'
export {
  type EpochOutcome,
  type NewEpoch,
  openEpoch,
  readLeafHashes,
} from './open-epoch.ts'
export * from './operations/find-operable.ts'
export * from './operations/find-operated.ts'
export * from './operations/maintenance.ts'
export * from './operations/operate-consignments.ts'
export * from './operations/operators.ts'
export * from './operations/policies.ts'
export * from './operations/refill-work.ts'
export * from './operations/renew-clocks.ts'
export * from './operations/renew-pushes.ts'
export * from './operations/requests.ts'
export * from './operations/suspend-system.ts'
export * from './operations/take-alone.ts'
export * from './operations/void-requests.ts'
export {
  checkPartitions,
  ensurePartitions,
} from './partitions.ts'
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
export {
  claimHook,
  type DueHook,
  endHookPost,
  findDueHooks,
  forgetHookAttempts,
  type HookPost,
  type HookPostEnd,
  type NoticeToPost,
  readHookNotices,
} from './post-hooks.ts'
export {
  type BreakerChange,
  type BreakerPurpose,
  type BreakerRow,
  changeBreaker,
  readBreaker,
  readTrippedBreakers,
} from './push-breakers.ts'
export {
  findReportedDispatches,
  type HookNotice,
  type HookSubscriber,
  queueHookNotices,
  readHookSubscribers,
} from './queue-hook-notices.ts'
export {
  type AttemptView,
  listAttempts,
} from './read-attempts.ts'
export {
  type ContentPart,
  listParts,
  readPartBytes,
} from './read-content.ts'
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
  type ReceiptFact,
  type ReceiptFactPage,
  readOrigin,
  readReceiptFacts,
  type SignedReceipt,
} from './read-evidence.ts'
export {
  type LogCursor,
  type LogEntry,
  readLog,
  readLogCursor,
} from './read-log.ts'
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
export { readWalStatus, type WalStatus } from './read-wal-status.ts'
export {
  type RefusalRow,
  recordRefusals,
} from './record-refusals.ts'
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
export { type FaultCount, reportSubmissions, type SubmissionReport } from './report-submissions.ts'
export { resendConsignment } from './resend-consignment.ts'
export {
  type ClassSeen,
  listRetentionClasses,
  listRetentionRules,
  type RetentionClass,
  type RetentionRule,
  type RuleSeen,
  seeRetentionClass,
  seeRetentionRule,
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
  type ClaimedNotice,
  type ClaimLimits,
  claimNotices,
  closeLostClaims,
  endMessage,
  type MessageEnd,
} from './send-notices.ts'
export {
  type LogPosition,
  readLogEnd,
  type SequencedLeaf,
  sequenceEntries,
  tryLeadSequencer,
} from './sequence-entries.ts'
export {
  findRequestTargets,
  lockOpenRequests,
  type OpenRequest,
  type Settlement,
  settleRequests,
} from './settle-requests.ts'
export {
  isConnectionLoss,
  isServerTrouble,
  SQL_STATE,
  sqlState,
  wasNeverSent,
} from './sql-states.ts'
export {
  findOverdueAttempts,
  findWaitingPushes,
  type OverdueAttempt,
  takeDuePushes,
  type WaitingPush,
} from './sweep-consignments.ts'
export {
  type DueDispatch,
  takeDueDispatches,
} from './sweep-dispatches.ts'
export {
  changeSilence,
  findSilenceChanges,
  type SilenceChange,
} from './system-silence.ts'
export { takePushSlot } from './take-push-slot.ts'
export {
  type FreeConsignment,
  findFreeConsignments,
  turnToPush,
} from './turn-to-push.ts'
