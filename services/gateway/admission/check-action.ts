import { type PacketProblem, problem, type RuleCode } from '../../../libs/envelope/index.ts'
import { BusError } from '../../../libs/errors/index.ts'
import type { AgencyCode } from '../../../libs/model/index.ts'
import type { Registry } from '../../../libs/registry/index.ts'
import { sabotaged } from '../../../libs/runtime/index.ts'
import type { TargetAnswer, TargetQuestion } from '../../../libs/store/index.ts'
import { doorOf, settle } from './check-envelope.ts'
import { resolveAction } from './resolve-action.ts'
import { resolveReport } from './resolve-report.ts'
import type { Submission } from './submission.ts'

/** Looks up what the axis carried of a document. */
export type TargetFinder = (question: TargetQuestion) => Promise<TargetAnswer>

/**
 * A recall, update, replacement or status against what the axis carried: whose document it is about, and whether those concerned ever
 * had it (Decision 28/2018 article 8; Decree 30/2020 article 18). What it asks for is kept with the submission for routing.
 * @throws BusError LT_BUS_TARGET_…, LT_BUS_RECEIVERS_CONTRADICTORY, LT_BUS_NOTHING_CHANGED, LT_BUS_STATUS_…; LT_REG_… for an added or
 *   removed agency; LT_SUB_CONTENT_DELETED when a receiver cannot be added any more
 */
export async function checkAction(submission: Submission, registry: Registry, lookUp: TargetFinder): Promise<void> {
  const shadow = submission.system.traffic === 'shadow'
  const find: TargetFinder = (question) => lookUp({ ...question, shadow })
  const { envelope } = submission.opened
  const { senderCode, recipients } = submission
  if (senderCode === undefined || recipients === undefined) return
  const problems: PacketProblem[] = []
  const report = (code: RuleCode, params: PacketProblem['params']): void => {
    problems.push(problem(code, doorOf(submission), params))
  }
  if (envelope.status) {
    const recipient = recipients[0]?.agencyCode ?? ''
    const about = await resolveReport({ status: envelope.status, sender: senderCode, recipient, find, report })
    settle(submission, problems)
    submission.action = { added: [], ...about }
    return
  }
  if (envelope.business.type === 'new') return
  const resolved = await resolveAction({
    envelope,
    sender: senderCode,
    recipients,
    canonical: (code) => canonical(submission, registry, code),
    find: (documentId) => findOwn(find, { issuer: senderCode, documentId, code: '', party: senderCode }),
    report,
  })
  settle(submission, problems)
  checkAdded(
    submission,
    registry,
    resolved.added.map(({ asWritten }) => asWritten),
  )
  const { told, ...action } = resolved
  submission.action = action
  if (told.length > 0) submission.recipients = [...recipients, ...told]
}

async function findOwn(find: TargetFinder, question: TargetQuestion): Promise<TargetAnswer> {
  const own = await find(question)
  if (own.dispatches.length > 0 || !own.foreign || !sabotaged('foreign-recall')) return own
  const [issuer = ''] = question.documentId.split(',')
  return find({ ...question, issuer })
}

function canonical(submission: Submission, registry: Registry, code: string): AgencyCode | undefined {
  const tolerant = submission.system.tolerance === 'tolerant'
  const resolution = registry.resolve(code, { tolerant })
  if (resolution.ok) return resolution.agencyCode
  if (!tolerant) throw new BusError(resolution.problem.code, resolution.problem.params)
  submission.warnings.push({
    code: resolution.problem.code,
    params: resolution.problem.params as PacketProblem['params'],
  })
  return undefined
}

/** An added receiver has to be able to receive, like any other. */
function checkAdded(submission: Submission, registry: Registry, codes: readonly string[]): void {
  const tolerant = submission.system.tolerance === 'tolerant'
  const { problems } = registry.resolveRecipients(
    codes.map((code) => ({ code })),
    { tolerant },
  )
  const [first] = problems
  if (first) throw new BusError(first.code, first.params)
}
