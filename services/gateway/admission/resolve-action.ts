import type { PacketProblem, RuleCode } from '../../../libs/envelope/index.ts'
import { BusError } from '../../../libs/errors/index.ts'
import type { AddedReceiver, AgencyCode, BusinessRequest, Envelope, ResolvedAction } from '../../../libs/model/index.ts'
import type { TargetAnswer, TargetDispatch } from '../../../libs/store/index.ts'
import type { ResolvedRecipient } from './submission.ts'

/** What resolving works with; agencies in canonical form. */
export interface ActionQuestion {
  readonly envelope: Envelope
  readonly sender: string
  readonly recipients: readonly ResolvedRecipient[]
  /** The agency that a code in the packet means; problems with codes are reported by the caller's function. */
  readonly canonical: (code: string) => AgencyCode | undefined
  readonly find: (documentId: string) => Promise<TargetAnswer>
  readonly report: (code: RuleCode, params: PacketProblem['params']) => void
}

export interface Resolved extends ResolvedAction {
  /** Receivers that an update removes and does not address: they have to hear of it. */
  readonly told: readonly ResolvedRecipient[]
}

const NOTHING: Resolved = { requests: [], added: [], about: [], told: [] }

/**
 * Finds the documents that a recall, update or replacement is about (the one it names apart, else its own id) and the receivers it
 * concerns: from the same agency, consigned to everyone named. What does not fit is reported, and left out.
 * @throws BusError LT_SUB_CONTENT_DELETED when the document to be given to one more receiver is gone
 */
export async function resolveAction(question: ActionQuestion): Promise<Resolved> {
  const { business } = question.envelope
  if (business.type === 'recall') return resolveRecall(question)
  if (business.type === 'update') return resolveUpdate(question)
  if (business.type === 'replace') return resolveReplacement(question)
  return NOTHING
}

async function resolveRecall(question: ActionQuestion): Promise<Resolved> {
  const { envelope, recipients } = question
  const documentId = envelope.business.targetDocumentId ?? envelope.documentId
  const targets = await targetsOf(question, documentId, ['new', 'replace', 'update'])
  const wanted = recipients.map(({ agencyCode }) => agencyCode)
  reportNeverSent(question, documentId, targets, wanted)
  return { ...NOTHING, requests: requestsOf('recall', targets, wanted) }
}

async function resolveUpdate(question: ActionQuestion): Promise<Resolved> {
  const { envelope, recipients, report } = question
  const { business } = envelope
  const documentId = business.targetDocumentId ?? envelope.documentId
  const targets = await targetsOf(question, documentId, ['new', 'replace'])
  const has = new Set(targets.flatMap(({ agencies }) => agencies))
  const named = business.receivers.map(({ agency, change }) => ({
    agency: question.canonical(agency),
    agencyAsWritten: agency,
    change,
  }))
  const listed = named.flatMap(({ agency, ...each }) => (agency === undefined ? [] : [{ agency, ...each }]))
  const clash = (reason: string, agencies: readonly string[]): void =>
    report('LT_BUS_RECEIVERS_CONTRADICTORY', { action: 'update', reason, agencies: some(agencies) })

  // Both flags may be absent: an update is of the document unless it says otherwise.
  const changesDocument = business.changesDocument ?? (business.changesReceivers !== true && listed.length === 0)
  if (!changesDocument && business.changesReceivers !== true) report('LT_BUS_NOTHING_CHANGED', {})
  if (business.changesReceivers === true && listed.length === 0) clash('empty list', [])
  if (business.changesReceivers !== true && listed.length > 0) clash('a list, but no change of receivers', [])
  const twice = listed.filter(({ agency }, i) => listed.findIndex((each) => each.agency === agency) < i)
  if (twice.length > 0)
    clash(
      'listed twice',
      twice.map(({ agency }) => agency),
    )
  const removed = listed.filter(({ change }) => change === 'removed')
  const added = listed.filter(({ change }) => change === 'added')
  if (targets.length === 0) return NOTHING
  const again = added.filter(({ agency }) => has.has(agency)).map(({ agency }) => agency)
  if (again.length > 0) clash('added, but has it', again)

  const addable = new Set(added.map(({ agency }) => agency))
  const told = recipients.map(({ agencyCode }) => agencyCode).filter((agency) => !addable.has(agency))
  reportNeverSent(question, documentId, targets, [...new Set([...told, ...removed.map(({ agency }) => agency)])])
  const leaving = new Set(removed.map(({ agency }) => agency))
  const staying = told.filter((agency) => !leaving.has(agency))
  return {
    requests: [
      ...requestsOf('remove', targets, [...leaving]),
      ...(changesDocument ? requestsOf('update', targets, staying) : []),
    ],
    added: added
      .filter(({ agency }) => !has.has(agency) && !leaving.has(agency))
      .flatMap(({ agency, agencyAsWritten }) => addTo(targets, agency, agencyAsWritten)),
    about: [],
    told: removed
      .filter(({ agency }) => has.has(agency) && !recipients.some(({ agencyCode }) => agencyCode === agency))
      .map(({ agency, agencyAsWritten }) => ({ agencyCode: agency, asWritten: [agencyAsWritten] })),
  }
}

async function resolveReplacement(question: ActionQuestion): Promise<Resolved> {
  const { envelope, recipients, report } = question
  const receiving = new Set(recipients.map(({ agencyCode }) => agencyCode))
  const requests: BusinessRequest[] = []
  for (const [documentId, codes] of mergeReplaced(envelope.business.replaces)) {
    const targets = await targetsOf(question, documentId, ['new', 'replace'])
    const named = codes.flatMap((code) => question.canonical(code) ?? [])
    const agencies = codes.length === 0 ? [...receiving] : [...new Set(named)]
    const without = agencies.filter((agency) => !receiving.has(agency))
    // They would lose the document and get nothing in its place.
    if (without.length > 0) {
      const reason = 'not a recipient of the replacement'
      report('LT_BUS_RECEIVERS_CONTRADICTORY', { action: 'replace', reason, agencies: some(without) })
    }
    if (codes.length > 0) reportNeverSent(question, documentId, targets, agencies)
    requests.push(
      ...requestsOf(
        'replace',
        targets,
        agencies.filter((agency) => receiving.has(agency)),
      ),
    )
  }
  return { ...NOTHING, requests }
}

/** Real packets name one replaced document several times. */
function mergeReplaced(replaces: Envelope['business']['replaces']): Map<string, string[]> {
  const merged = new Map<string, string[]>()
  for (const { documentId, agencies } of replaces) {
    merged.set(documentId, [...(merged.get(documentId) ?? []), ...agencies])
  }
  return merged
}

async function targetsOf(
  { find, report, sender }: ActionQuestion,
  documentId: string,
  types: readonly TargetDispatch['business_type'][],
): Promise<TargetDispatch[]> {
  const { dispatches, foreign } = await find(documentId)
  const targets = dispatches.filter(({ business_type }) => types.includes(business_type))
  if (targets.length === 0) {
    const params = { documentId: documentId.slice(0, 200), agency: sender }
    report(foreign ? 'LT_BUS_TARGET_FOREIGN' : 'LT_BUS_TARGET_UNKNOWN', params)
  }
  return targets
}

function reportNeverSent(
  { report }: ActionQuestion,
  documentId: string,
  targets: readonly TargetDispatch[],
  wanted: readonly string[],
): void {
  if (targets.length === 0) return
  const never = wanted.filter((agency) => !targets.some(({ agencies }) => agencies.includes(agency)))
  if (never.length > 0) {
    report('LT_BUS_TARGET_NOT_SENT', { documentId: documentId.slice(0, 200), agencies: some(never) })
  }
}

/** One request for each dispatch that carried the document to one of them. */
function requestsOf(
  action: BusinessRequest['action'],
  targets: readonly TargetDispatch[],
  wanted: readonly string[],
): BusinessRequest[] {
  return targets
    .map(({ id, agencies }) => ({
      action,
      dispatch: id,
      agencies: wanted.filter((agency) => agencies.includes(agency)),
    }))
    .filter(({ agencies }) => agencies.length > 0)
}

/** The newest dispatch of the document whose content still lies here. */
function addTo(targets: readonly TargetDispatch[], agency: string, asWritten: string): AddedReceiver[] {
  const target = targets.find(({ content_state }) => content_state === 'KEPT')
  if (!target) throw new BusError('LT_SUB_CONTENT_DELETED')
  return [{ dispatch: target.id, agency, asWritten }]
}

const some = (agencies: readonly string[]): string => agencies.slice(0, 20).join(', ')
