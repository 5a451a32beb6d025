import { canonicalText } from '../../../libs/envelope/index.ts'
import { BusError } from '../../../libs/errors/index.ts'
import type { Registry } from '../../../libs/registry/index.ts'
import { type TrustStore, verifyPacket } from '../../../libs/signature/index.ts'
import type { AgencyCode } from '../../../libs/model/index.ts'
import { sabotaged } from '../../../libs/runtime/index.ts'
import type { ReceivedPart, Submission } from './submission.ts'

/**
 * Judges the packet's signature and who made it in relation to the sender. The verdict is always recorded; under the policy
 * `required` anything but a valid signature of the agency, a unit above it or its system refuses the packet.
 * @throws BusError LT_SIG_…, LT_CERT_…
 */
export async function checkSignature(submission: Submission, options: { registry: Registry; trust: TrustStore }): Promise<void> {
  const { opened, scan, system, attachments = [] } = submission
  const packet = submission.parts[0] as ReceivedPart
  const report = await verifyPacket({
    tree: opened.tree,
    splices: new Map(scan.cuts.map(({ token, start, end }) => [token, () => canonicalText(packet.staged.read({ start, end }))])),
    attachments: attachments.filter(({ inline }) => !inline),
    inlineAttachments: attachments.filter(({ inline }) => inline),
    at: new Date(),
    trust: options.trust,
  })
  const relation = report.signer && relationOf(submission, report.signer, options.registry)
  submission.signature = { ...report, ...(relation ? { signerIs: relation } : {}) }
  if (opened.repaired && report.verdict !== 'absent' && report.verdict !== 'sample') {
    submission.signature = { ...submission.signature, verdict: 'unverifiable', reason: 'LT_SIG_NOT_SIGNABLE' }
  }
  if (report.verdict === 'valid' && !relation) {
    submission.signature = { ...submission.signature, verdict: 'untrusted', reason: 'LT_SIG_SIGNER_FOREIGN' }
  }
  const { verdict, reason } = submission.signature
  if (system.signaturePolicy === 'required' && verdict !== 'valid' && !sabotaged('unchecked-signature')) {
    throw new BusError(reason ?? 'LT_SIG_ABSENT', { ...report.params, signer: report.signer?.subject ?? '' })
  }
}

function relationOf(
  submission: Submission,
  signer: { readonly fingerprint: string; readonly agencyCode?: string },
  registry: Registry,
): ReturnType<Registry['signerRelation']> {
  const sender = submission.senderCode as AgencyCode
  const { code } = submission.system
  const registered = registry.certificate(signer.fingerprint)
  if (registered) return registry.signerRelation({ fingerprint: signer.fingerprint }, sender, code)
  return signer.agencyCode === undefined ? undefined : registry.signerRelation({ agencyCode: signer.agencyCode }, sender, code)
}
