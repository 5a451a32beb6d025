import { BusError } from '../../../libs/errors/index.ts'
import type { Party } from '../../../libs/model/index.ts'
import type { Registry } from '../../../libs/registry/index.ts'
import { sabotaged } from '../../../libs/runtime/index.ts'
import type { Submission } from './submission.ts'

/**
 * Every recipient is an open agency for which a system receives. All problems are named in one refusal: `code` is that of the
 * first, `others` lists the rest.
 * @throws BusError LT_REG_UNKNOWN_CODE, LT_REG_CLOSED_CODE, LT_REG_MALFORMED_CODE, LT_REG_RECIPIENT_TWICE, LT_REG_NO_SYSTEM,
 *   LT_DOOR_NOT_IN_PACKET, LT_SUB_LOOP
 */
export function checkRecipients(submission: Submission, registry: Registry): void {
  const tolerant = submission.system.tolerance === 'tolerant'
  const { envelope } = submission.opened
  const named = submission.onlyTo && envelope.kind === 'document' ? onlyThese(submission.onlyTo) : envelope.recipients
  const { recipients, warnings, problems } = registry.resolveRecipients(named, { tolerant })
  const [first, ...rest] = problems
  if (first) {
    const others = rest.slice(0, 20).map(({ code, params }) => `${code} ${params.code ?? ''}`.trim())
    throw new BusError(first.code, others.length > 0 ? { ...first.params, others: others.join(', ') } : first.params)
  }
  checkWayBack(submission, recipients)
  submission.warnings.push(...warnings)
  submission.recipients = recipients.map(({ agencyCode, asWritten }) => ({ agencyCode, asWritten }))

  /** In the spelling and order of the packet. Another spelling of the same agency (old and new code) will do. */
  function onlyThese(codes: readonly string[]): readonly Party[] {
    const agencyOf = (code: string): string => {
      const resolution = registry.resolve(code, { tolerant })
      return resolution.ok ? resolution.agencyCode : code
    }
    const wanted = new Map(codes.map((code) => [agencyOf(code), code]))
    const found = envelope.recipients.filter(({ code }) => wanted.has(agencyOf(code)))
    const there = new Set(found.map(({ code }) => agencyOf(code)))
    const missing = [...wanted].filter(([agency]) => !there.has(agency)).map(([, code]) => code)
    if (missing.length > 0) throw new BusError('LT_DOOR_NOT_IN_PACKET', { codes: missing.slice(0, 20).join(', ') })
    return found
  }
}

/** What another axis brought in never goes back to it: it has delivered to its own agencies itself. Old and new code are one agency here. */
function checkWayBack(
  { system }: Submission,
  recipients: ReturnType<Registry['resolveRecipients']>['recipients'],
): void {
  if (system.kind !== 'vxp-upstream' || sabotaged('bridge-loop')) return
  const back = recipients.filter(({ receiving }) => receiving.system.code === system.code)
  if (back.length === 0) return
  const codes = back.slice(0, 20).map(({ agencyCode }) => agencyCode)
  throw new BusError('LT_SUB_LOOP', { codes: codes.join(', '), system: system.code })
}
