export { type BatchWork, Committer, type CommitterOptions, type EntryTraits } from './committer.ts'
export { loadEvidenceSigner, RECEIPT_KEY_FILES } from './load-receipt-signer.ts'
export { addOperator, withdrawOperator } from './operations/change-operators.ts'
export { changePolicy } from './operations/change-policy.ts'
export { checkInstant, INSTANT_PATTERN } from './operations/check-instant.ts'
export { approveRequest, type Decision, rejectRequest } from './operations/decide-request.ts'
export { isSkip, judgeConsignment, type PlannedMove, type Skip } from './operations/judge-consignment.ts'
export { type Operated, operate } from './operations/operate.ts'
export {
  type Cause,
  CONSIGNMENT_ACTIONS,
  type ConsignmentAction,
  causeDetails,
  checkReason,
  type Operations,
  type Operator,
  type RetentionChange,
  type Selection,
  type Subject,
} from './operations/operation.ts'
export { identifyOperator } from './operations/operator-key.ts'
export { countSkips, countTargets, type TargetCount } from './operations/perform.ts'
export { MAX_SELECTED, type OperationPlan, planOperation } from './operations/plan-operation.ts'
export { type Rebuilt, rebuildWork } from './operations/rebuild-work.ts'
export { maintenancePause } from './operations/set-maintenance.ts'
export { type ContentSource, readStoredPart } from './read-stored-part.ts'
export { checkBus, checkClock, checkDatabase, checkFresh, followProgress, type Progress } from './readiness.ts'
export { RECEIPT_EVENTS, type RenderOptions, renderReceipt } from './render-receipt.ts'
export { type AuditDraft, type SealedEntry, sealEntry } from './seal-entry.ts'
export { startSweeper } from './sweeper.ts'
