import { BusError } from '../../../libs/errors/index.ts'
import type { Registry } from '../../../libs/registry/index.ts'
import { sabotaged } from '../../../libs/runtime/index.ts'
import type { Submission } from './submission.ts'

/**
 * The sender named in the envelope is an agency that is open and that the calling system fronts.
 * @throws BusError LT_REG_UNKNOWN_CODE and its kin, LT_AUTH_FOREIGN_AGENCY
 */
export function checkSender(submission: Submission, registry: Registry): void {
  const { sender } = submission.opened.envelope
  const resolution = registry.resolve(sender.code, { tolerant: submission.system.tolerance === 'tolerant' })
  if (!resolution.ok) throw new BusError(resolution.problem.code, resolution.problem.params)
  if (!registry.fronts(submission.system.code, resolution.agencyCode) && !sabotaged('unchecked-sender')) {
    throw new BusError('LT_AUTH_FOREIGN_AGENCY', { agency: resolution.agencyCode, system: submission.system.code })
  }
  submission.senderCode = resolution.agencyCode
}
