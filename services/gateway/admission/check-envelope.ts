import { checkBusinessRules, type Door, type PacketProblem, type SecrecyMark } from '../../../libs/envelope/index.ts'
import { BusError } from '../../../libs/errors/index.ts'
import type { Examiner } from '../examine/open-examiner.ts'
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
 * and the caller keeps no byte of it. What the packet itself says was searched where it was read.
 * @throws BusError LT_BUS_SECRECY_MARK
 */
export function checkSecrecy(submission: Submission): void {
  refuseMark(submission.opened.mark)
}

/** The same for the names that came beside the packet. @throws BusError LT_BUS_SECRECY_MARK, LT_ENV_TOO_LARGE */
export function checkPartNames(submission: Submission, examiner: Pick<Examiner, 'markIn'>): void {
  refuseMark(examiner.markIn(submission.parts.flatMap(({ name }) => name ?? [])))
}

/** @throws BusError LT_BUS_SECRECY_MARK when there is one */
export function refuseMark(mark: SecrecyMark | undefined): void {
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
