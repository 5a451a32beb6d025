import { type Envelope, normalizeCode } from '../model/index.ts'
import { isListedType } from './document-types.ts'
import { DEVIATION_RULES, type Door, type PacketProblem, problem, type RuleCode } from './policy.ts'
import { dayInVietnam } from './read-date.ts'
import type { WarningCode } from './warnings.ts'

export interface BusinessRuleOptions {
  readonly now: Date
  readonly policy: Door
  /** Most recipients of one packet; default 2000 (lists of 700 are real). */
  readonly maxRecipients?: number
  /** Most attachments of one packet; default 200. */
  readonly maxAttachments?: number
}

const DAY_MS = 24 * 3600_000
const HIGHEST_PRIORITY = 4

/**
 * What a readable packet says, held against the rules of official correspondence (QCVN 102:2016, Decision 28/2018). All
 * findings, in the order of the packet; the door's policy tells which refuse it. The registry's and the signature's
 * questions are not among them.
 */
export function checkBusinessRules(envelope: Envelope, options: BusinessRuleOptions): PacketProblem[] {
  const problems: PacketProblem[] = []
  const report = (code: RuleCode, params: PacketProblem['params'] = {}): void => {
    problems.push(problem(code, options.policy, params))
  }
  for (const { code, params } of envelope.warnings) {
    const rule = Object.hasOwn(DEVIATION_RULES, code) ? DEVIATION_RULES[code as WarningCode] : undefined
    if (rule) report(rule, params)
  }
  if (envelope.sender.code === '') report('LT_BUS_SENDER_MISSING')
  if (envelope.kind === 'status') {
    checkStatus(envelope, report)
    return problems
  }
  checkRecipients(envelope, options, report)
  if (envelope.documentId === '') report('LT_BUS_DOCUMENT_ID_MISSING')
  if (envelope.number === '') report('LT_BUS_NUMBER_MISSING')
  if (envelope.notation === '') report('LT_BUS_NOTATION_MISSING')
  checkDates(envelope, options.now, report)
  const { type, detail } = envelope.documentType
  if (!isListedType(type, detail)) {
    report('LT_BUS_DOCUMENT_TYPE_UNKNOWN', { value: [type ?? '', detail ?? ''].join('/').slice(0, 80) })
  }
  if (envelope.subject === '') report('LT_BUS_SUBJECT_MISSING')
  if (envelope.signer.fullName === undefined) report('LT_BUS_SIGNER_MISSING')
  if (envelope.priority > HIGHEST_PRIORITY) report('LT_BUS_PRIORITY_RANGE', { value: envelope.priority })
  checkAction(envelope, report)
  const limit = options.maxAttachments ?? 200
  const count = envelope.attachments.length
  if (count > limit) report('LT_BUS_TOO_MANY_ATTACHMENTS', { count, limit })
  return problems
}

type Report = (code: RuleCode, params?: PacketProblem['params']) => void

function checkStatus(envelope: Envelope, report: Report): void {
  const { status } = envelope
  if (!status) return
  if (status.about.agency === '' || (status.about.code === '' && status.about.documentId === undefined)) {
    report('LT_BUS_STATUS_TARGET_MISSING')
  }
  const needsReason = ['02', '13', '16'].includes(status.code)
  if (needsReason && status.description === undefined) report('LT_BUS_REASON_MISSING', { action: status.code })
}

function checkRecipients(envelope: Envelope, options: BusinessRuleOptions, report: Report): void {
  const limit = options.maxRecipients ?? 2000
  const count = envelope.recipients.length
  if (count === 0) report('LT_BUS_RECIPIENT_MISSING')
  if (count > limit) {
    report('LT_BUS_TOO_MANY_RECIPIENTS', { count, limit })
    return
  }
  const seen = new Set<string>()
  const told = new Set<string>()
  for (const [index, recipient] of envelope.recipients.entries()) {
    const code = normalizeCode(recipient.code)
    if (code === '') report('LT_BUS_RECIPIENT_CODE_MISSING', { position: index + 1 })
    else if (seen.has(code) && !told.has(code)) {
      told.add(code)
      report('LT_BUS_RECIPIENT_TWICE', { agency: code.slice(0, 80) })
    }
    seen.add(code)
  }
}

function checkDates(envelope: Envelope, now: Date, report: Report): void {
  const { promulgationDate: issued, dueDate: due } = envelope
  if (issued === undefined) {
    const unreadable = envelope.warnings.find(
      ({ code, params }) => code === 'ENV_DATE_UNREADABLE' && params?.element === 'PromulgationInfo/PromulgationDate',
    )
    if (unreadable) report('LT_BUS_DATE_UNREADABLE', { value: String(unreadable.params?.value) })
    else report('LT_BUS_DATE_MISSING')
    return
  }
  // A day's grace for clocks that run ahead; both texts are yyyy-MM-dd, so they compare as dates.
  if (issued > dayInVietnam(new Date(now.getTime() + DAY_MS))) report('LT_BUS_DATE_FUTURE', { date: issued })
  if (due !== undefined && due < issued) report('LT_BUS_DUE_BEFORE_ISSUE', { due, issued })
}

function checkAction(envelope: Envelope, report: Report): void {
  const { type: action, reason, targetDocumentId, replaces, changesDocument } = envelope.business
  if (action !== 'new' && reason === undefined) report('LT_BUS_REASON_MISSING', { action })
  const target = targetDocumentId ?? envelope.documentId
  const untold =
    action === 'replace'
      ? replaces.length === 0 || replaces.some((entry) => entry.documentId === '')
      : action !== 'new' && target === ''
  if (untold) report('LT_BUS_TARGET_MISSING', { action })
  const carriesFiles = action === 'new' || action === 'replace' || changesDocument === true
  if (carriesFiles && envelope.attachments.length === 0) report('LT_BUS_NO_ATTACHMENT')
}
