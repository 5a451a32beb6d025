import { BusError } from '../../../libs/errors/index.ts'
import { isServerTrouble, SQL_STATE, sqlState } from '../../../libs/store/index.ts'
import { checkRepetition, type KnownSubmissions } from './find-known.ts'
import type { Submission } from './submission.ts'

/**
 * Why one submission could not be written although it passed every check. LT001: another request took its idempotency key or
 * document id a moment ago. Anything else the database refuses about the row itself is the submission's own fault.
 */
export async function explainAcceptance(
  submission: Submission,
  error: unknown,
  known: KnownSubmissions,
): Promise<Error> {
  const state = sqlState(error)
  if (state === SQL_STATE.partialSubmission) {
    const found = await known.find(submission)
    try {
      if (found.sameContent === undefined) checkRepetition(submission, found)
    } catch (refusal) {
      return refusal as Error
    }
    return new BusError('LT_SUB_BUSY', {}, { cause: error })
  }
  if (state !== undefined && !isServerTrouble(error) && /^(22|23|54)/.test(state))
    return new BusError('LT_SUB_UNSTORABLE', {}, { cause: error })
  return new BusError('LT_STORE_UNAVAILABLE', {}, { cause: error })
}
