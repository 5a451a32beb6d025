import { BusError } from '../../../libs/errors/index.ts'
import {
  coalesce,
  findKnownSubmissions,
  type Pool,
  type SubmissionAnswer,
  type SubmissionQuestion,
} from '../../../libs/store/index.ts'
import type { Submission } from './submission.ts'

export interface Known {
  /** Dispatch that these very bytes became before. */
  readonly sameContent?: string
  /** Asked by recipient: those that these bytes went to before, and whether they went to anybody. */
  readonly agencies: readonly string[]
  readonly contentKnown: boolean
  /** Dispatch of this idempotency key, and what its bytes were. */
  readonly sameKey?: { readonly dispatchId: string; readonly contentHash: string }
  /** First dispatch that carried this document id. */
  readonly sameDocument?: string
}

export interface KnownSubmissions {
  find(submission: Submission): Promise<Known>
}

/** Looks submissions up among what was accepted before: all that ask at one time go into one query. */
export function openKnownSubmissions(pool: Pool): KnownSubmissions {
  const ask = coalesce<SubmissionQuestion, SubmissionAnswer>((questions) => findKnownSubmissions(pool, questions))
  return {
    async find(submission) {
      const { envelope } = submission.opened
      const answer = await ask({
        system_id: submission.system.id,
        content_hash: (submission.contentHash as Buffer).toString('hex'),
        agencies: submission.byRecipient
          ? (submission.recipients?.map(({ agencyCode }) => agencyCode) ?? unresolved(submission))
          : null,
        idempotency_key: submission.idempotencyKey ?? null,
        sender_code: submission.senderCode ?? '',
        document_id: envelope.kind === 'document' ? envelope.documentId : '',
        business_type: envelope.business.type,
      })
      return {
        agencies: answer.known_agencies,
        contentKnown: answer.known_content,
        ...(answer.same_content === null ? {} : { sameContent: answer.same_content }),
        ...(answer.same_key === null
          ? {}
          : { sameKey: { dispatchId: answer.same_key, contentHash: answer.key_hash ?? '' } }),
        ...(answer.same_document === null ? {} : { sameDocument: answer.same_document }),
      }
    },
  }
}

/** Whom it names cannot be told today: only what was meant for everybody can be what was sent before. */
const unresolved = ({ onlyTo }: Submission): readonly string[] | null => (onlyTo ? [] : null)

/**
 * The rules of repetition (P7) for a submission whose bytes are new.
 * @throws BusError LT_SUB_KEY_REUSED; LT_SUB_DUPLICATE_DOCUMENT under the policy `refuse`, otherwise a warning
 */
export function checkRepetition(submission: Submission, known: Pick<Known, 'sameKey' | 'sameDocument'>): void {
  const thisHash = (submission.contentHash as Buffer).toString('hex')
  if (known.sameKey && known.sameKey.contentHash !== thisHash) {
    throw new BusError('LT_SUB_KEY_REUSED', {
      key: submission.idempotencyKey ?? '',
      firstHash: known.sameKey.contentHash,
      thisHash,
      dispatchId: known.sameKey.dispatchId,
    })
  }
  if (known.sameDocument !== undefined) {
    const params = { documentId: submission.opened.envelope.documentId, dispatchId: known.sameDocument }
    if (submission.system.duplicatePolicy === 'refuse') throw new BusError('LT_SUB_DUPLICATE_DOCUMENT', params)
    submission.warnings.push({ code: 'LT_SUB_DUPLICATE_DOCUMENT', params })
  }
}
