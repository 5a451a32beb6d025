import { checkBusinessRules, type Door, findSecrecyMark, type PacketProblem } from '../../../libs/envelope/index.ts'
import { BusError } from '../../../libs/errors/index.ts'
import type { Submission } from './submission.ts'

/** Which rules a system's packets are held to. */
export function doorOf(submission: Submission): Door {
  return submission.system.tolerance === 'tolerant' ? 'compatible' : 'native'
}

/** The packet against our XSD. @throws BusError LT_SCHEMA_INVALID, LT_ENV_DIALECT_OLD */
export async function checkAgainstSchema(submission: Submission): Promise<void> {
  settle(submission, await submission.opened.checkSchema(doorOf(submission)))
}

/** The rules of official correspondence. @throws BusError LT_BUS_… */
export function checkRules(submission: Submission, limits: { maxRecipients: number; maxAttachments: number }): void {
  const { envelope } = submission.opened
  settle(submission, checkBusinessRules(envelope, { now: new Date(), policy: doorOf(submission), ...limits }))
}

/**
 * State secrets never travel here (Decision 28/2018): a mark in subject, content, notation or file name refuses the packet,
 * and the caller keeps no byte of it. @throws BusError LT_BUS_SECRECY_MARK
 */
export function checkSecrecy(submission: Submission): void {
  const { envelope, inlineAttachments } = submission.opened
  const names = [...envelope.attachments, ...inlineAttachments].map(({ name }) => name)
  for (const part of submission.parts) if (part.name !== undefined) names.push(part.name)
  const mark = findSecrecyMark(envelope, names)
  if (mark) throw new BusError('LT_BUS_SECRECY_MARK', { field: mark.field, pattern: mark.pattern })
}

/** The first finding that refuses is thrown, with the codes of the others; the rest becomes warnings. */
export function settle(submission: Submission, problems: readonly PacketProblem[]): void {
  const [first, ...others] = problems.filter(({ severity }) => severity === 'refuse')
  if (first) {
    const params =
      others.length > 0 ? { ...first.params, others: others.map(({ code }) => code).join(', ') } : first.params
    throw new BusError(first.code, params)
  }
  submission.warnings.push(...problems.map(({ code, params }) => ({ code, params })))
}
