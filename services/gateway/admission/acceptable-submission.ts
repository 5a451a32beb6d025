import type { Submission } from './submission.ts'

/** A submission that passed every check: all that the checks find is there. */
export type AcceptableSubmission = Submission &
  Required<Pick<Submission, 'senderCode' | 'recipients' | 'attachments' | 'contentHash' | 'signature'>>

/** Narrows after the last check; a fact that is missing here is a defect of admission, not of the packet. */
export function asAcceptable(submission: Submission): AcceptableSubmission {
  const { senderCode, recipients, attachments, contentHash, signature } = submission
  if (!senderCode || !recipients || !attachments || !contentHash || !signature) {
    throw new TypeError('a submission left admission before every check had run')
  }
  return submission as AcceptableSubmission
}
