export { type BusinessRuleOptions, checkBusinessRules } from './check-business-rules.ts'
export { checkSchema } from './check-schema.ts'
export { decodeBase64Strict } from './decode-base64.ts'
export { DIALECT_PARTS, type Dialect, type DialectPart } from './dialects/dialect.ts'
export { type Edit, withEdits } from './dialects/edits.ts'
export { type DialectPlan, planDialect } from './dialects/plan-dialect.ts'
export { type DocumentTypeGroup, documentTypes } from './document-types.ts'
export { extensionOf, safeFileName } from './file-name.ts'
export { canonicalText, decodeCut } from './intake/canonical-text.ts'
export type { Cut, ScanResult, ShortText, Unusual } from './intake/cut.ts'
export { PacketScanner, type ScanOptions } from './intake/packet-scanner.ts'
export { Turns } from './intake/turns.ts'
export { scanWhole } from './intake/whole-tree.ts'
export {
  type AttachmentMatch,
  type MatchedAttachments,
  matchAttachments,
  type PresentAttachment,
} from './match-attachments.ts'
export { HEAD_BYTES, isDamagedPdf, sniffMediaType } from './media-type.ts'
export { type OpenedPacket, type OpenOptions, openPacket } from './open-packet.ts'
export {
  DEVIATION_RULES,
  type Door,
  type PacketProblem,
  problem,
  RULE_POLICY,
  type RuleCode,
  type Severity,
} from './policy.ts'
export type { InlineAttachment } from './read-attachments.ts'
export { findMarkInNames, findSecrecyMark, type SecrecyMark } from './secrecy-mark.ts'
export {
  DEFAULT_SECRECY_PATTERNS,
  readSecrecyPatterns,
  type SecrecyField,
  type SecrecyPattern,
  writeSecrecyPatterns,
} from './secrecy-patterns.ts'
export {
  type AttachmentFacts,
  type AttachmentLabel,
  mayBeZip,
  type UnzipLimits,
  unwrapAttachment,
} from './unwrap-attachment.ts'
export { WARNING_FIXES } from './warning-fixes.ts'
export { ENVELOPE_WARNINGS, type WarningCode } from './warnings.ts'
export { bareContentId, ENVELOPE_ID, QCVN_102 } from './wire-names.ts'
export { type DraftAttachment, type PacketDraft, writePacket } from './write-packet.ts'
export { type StatusDraft, wireTimestamp, writeStatusPacket } from './write-status-packet.ts'
