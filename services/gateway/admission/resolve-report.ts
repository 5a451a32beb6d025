import type { PacketProblem, RuleCode } from '../../../libs/envelope/index.ts'
import type { BusinessRequest, ResolvedAction, StatusReport } from '../../../libs/model/index.ts'
import type { TargetAnswer, TargetDispatch, TargetQuestion } from '../../../libs/store/index.ts'

export interface ReportQuestion {
  readonly status: StatusReport
  /** Canonical codes of who reports and whom it answers. */
  readonly sender: string
  readonly recipient: string
  readonly find: (question: TargetQuestion) => Promise<TargetAnswer>
  readonly report: (code: RuleCode, params: PacketProblem['params']) => void
}

/**
 * Finds the document that a status is about. Only a receiver of it may say 01 to 06, 15 and 16, only its issuer 13, which takes it back
 * from that receiver. Somebody who has no part in it learns no more than that there is no such document.
 */
export async function resolveReport(question: ReportQuestion): Promise<Pick<ResolvedAction, 'about' | 'requests'>> {
  const { status, sender, recipient, report } = question
  const documentId = status.about.documentId ?? ''
  const takesBack = status.code === '13'
  const [issuer, receiver] = takesBack ? [sender, recipient] : [recipient, sender]
  const own = await dispatchesBetween(question, issuer, receiver)
  const told = { documentId: (documentId || status.about.code).slice(0, 200) }
  if (own.length > 0) {
    const requests: BusinessRequest[] = takesBack
      ? own
          .filter(({ business_type }) => business_type !== 'recall')
          .map(({ id }) => ({ action: 'recall', dispatch: id, agencies: [receiver] }))
      : []
    return { about: own.map(({ id }) => id), requests }
  }
  const turned = await dispatchesBetween(question, receiver, issuer)
  if (turned.length === 0) report('LT_BUS_STATUS_UNMATCHED', { ...told, agency: sender })
  else if (takesBack) report('LT_BUS_STATUS_NOT_ISSUER', told)
  else report('LT_BUS_STATUS_NOT_RECEIVER', { ...told, code: status.code })
  return { about: [], requests: [] }
}

async function dispatchesBetween(
  { find, status }: ReportQuestion,
  issuer: string,
  receiver: string,
): Promise<TargetDispatch[]> {
  const { documentId = '', code } = status.about
  const { dispatches } = await find({ issuer, documentId, code, party: receiver })
  return dispatches.filter(({ agencies }) => agencies.includes(receiver))
}
