import { createHash } from 'node:crypto'
import {
  CONTENT_HASH_VERSION,
  type ConsignmentId,
  type EntryId,
  EVENTS,
  newReceiptId,
} from '../../../libs/model/index.ts'
import type { Evidence } from '../../../libs/signature/index.ts'
import type { AcceptableSubmission } from './acceptable-submission.ts'

/** What the submission receipt says: every fact the axis answers for, no content and no names of persons. */
export function describeEvidence(
  submission: AcceptableSubmission,
  facts: {
    readonly axis: Evidence['axis']
    readonly origin: string
    readonly eventTime: Date
    readonly entryId: EntryId
    readonly consignments: readonly ConsignmentId[]
  },
): Evidence {
  const { envelope } = submission.opened
  const { signature } = submission
  return {
    id: newReceiptId(facts.eventTime.getTime()),
    kind: EVENTS.submissionAccepted,
    origin: facts.origin,
    eventTime: facts.eventTime,
    entryId: facts.entryId,
    axis: facts.axis,
    dispatchId: submission.dispatchId,
    sender: { agency: submission.senderCode, system: submission.system.code },
    recipients: submission.recipients.map(({ agencyCode, asWritten }, i) => ({
      agency: agencyCode,
      asWritten,
      consignmentId: facts.consignments[i] as ConsignmentId,
    })),
    document: {
      documentId: envelope.documentId,
      number: envelope.number,
      notation: envelope.notation,
      ...(envelope.promulgationDate === undefined ? {} : { promulgationDate: envelope.promulgationDate }),
      subjectDigest: createHash('sha256').update(envelope.subject).digest('hex'),
    },
    contentHash: { hex: submission.contentHash.toString('hex'), version: CONTENT_HASH_VERSION },
    size: submission.parts.reduce((sum, part) => sum + part.size, 0),
    form: submission.form,
    parts: [
      ...submission.parts
        .filter((part) => part.role !== 'attachment')
        .map((part) => ({ role: part.role, sha256: part.sha256.toString('hex'), size: part.size })),
      ...submission.attachments.map((attachment) => ({
        role: 'attachment' as const,
        contentId: attachment.contentId,
        sha256: attachment.sha256.toString('hex'),
        size: attachment.size,
      })),
    ],
    signature: {
      verdict: signature.verdict,
      ...(signature.signer ? { signerFingerprint: signature.signer.fingerprint } : {}),
      ...(signature.signerIs ? { signerIs: signature.signerIs } : {}),
    },
    warnings: [...new Set(submission.warnings.map((warning) => warning.code))],
  }
}
