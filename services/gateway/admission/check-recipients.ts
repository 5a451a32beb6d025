import { BusError } from '../../../libs/errors/index.ts'
import type { Registry } from '../../../libs/registry/index.ts'
import type { Submission } from './submission.ts'

/**
 * Every recipient is an open agency for which a system receives. All problems are named in one refusal: `code` is that of the
 * first, `others` lists the rest.
 * @throws BusError LT_REG_UNKNOWN_CODE, LT_REG_CLOSED_CODE, LT_REG_MALFORMED_CODE, LT_REG_RECIPIENT_TWICE, LT_REG_NO_SYSTEM
 */
export function checkRecipients(submission: Submission, registry: Registry): void {
  const tolerant = submission.system.tolerance === 'tolerant'
  const { recipients, warnings, problems } = registry.resolveRecipients(submission.opened.envelope.recipients, {
    tolerant,
  })
  const [first, ...rest] = problems
  if (first) {
    const others = rest.slice(0, 20).map(({ code, params }) => `${code} ${params.code ?? ''}`.trim())
    throw new BusError(first.code, others.length > 0 ? { ...first.params, others: others.join(', ') } : first.params)
  }
  submission.warnings.push(...warnings)
  submission.recipients = recipients.map(({ agencyCode, asWritten }) => ({ agencyCode, asWritten }))
}
