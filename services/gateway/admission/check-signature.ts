import { BusError } from '../../../libs/errors/index.ts'
import type { AgencyCode } from '../../../libs/model/index.ts'
import type { Registry } from '../../../libs/registry/index.ts'
import { sabotaged } from '../../../libs/runtime/index.ts'
import type { KnownAttachment, ReceivedPart, Submission } from './submission.ts'

/**
 * Judges the packet's signature and who made it in relation to the sender. The verdict is always recorded; under the policy
 * `required` anything but a valid signature of the agency, a unit above it or its system refuses the packet.
 * @throws BusError LT_SIG_…, LT_CERT_…; of a detached packet LT_SIG_ABSENT, LT_SIG_SHAPE, LT_SIG_ATTACHMENT_MISMATCH under every
 * policy
 */
export async function checkSignature(submission: Submission, registry: Registry): Promise<void> {
  const { opened, scan, system, attachments = [] } = submission
  const packet = submission.parts[0] as ReceivedPart
  const { bytes } = await packet.staged.finish()
  const { manifestFits, ...report } = await opened.verify({
    content: bytes ?? packet.staged.file(),
    cuts: scan.cuts.map(({ token, start, end }) => ({ token, start, end })),
    attachments: attachments.filter(({ inline }) => !inline).map(digestOf),
    inlineAttachments: attachments.filter(({ inline }) => inline).map(digestOf),
    at: new Date(),
  })
  // Parts that came apart are bound to their envelope by the manifest alone: they need it, and must be what it says, under every
  // policy, whatever is thought of the certificate.
  if (submission.form === 'detached' && attachments.length > 0) {
    const detail = 'detached attachments need a signature with a manifest of their digests'
    if (report.shape !== 'envelope-manifest')
      throw new BusError(report.verdict === 'absent' ? 'LT_SIG_ABSENT' : 'LT_SIG_SHAPE', { detail })
    if (!manifestFits) {
      const { contentId = '' } = report.reason === 'LT_SIG_ATTACHMENT_MISMATCH' ? (report.params ?? {}) : {}
      throw new BusError('LT_SIG_ATTACHMENT_MISMATCH', { contentId })
    }
  }
  const relation = report.signer && relationOf(submission, report.signer, registry)
  submission.signature = { ...report, ...(relation ? { signerIs: relation } : {}) }
  if (opened.repaired && report.verdict !== 'absent' && report.verdict !== 'sample') {
    submission.signature = { ...submission.signature, verdict: 'unverifiable', reason: 'LT_SIG_REPAIRED' }
  }
  if (report.verdict === 'valid' && !relation) {
    submission.signature = { ...submission.signature, verdict: 'untrusted', reason: 'LT_SIG_SIGNER_FOREIGN' }
  }
  const { verdict, reason } = submission.signature
  if (system.signaturePolicy === 'required' && verdict !== 'valid' && !sabotaged('unchecked-signature')) {
    throw new BusError(reason ?? 'LT_SIG_ABSENT', {
      ...report.params,
      signer: report.signer?.subject ?? '',
      agencyCode: submission.senderCode ?? '',
    })
  }
}

const digestOf = ({ contentId, sha256, size }: KnownAttachment) => ({ contentId, sha256, size })

function relationOf(
  submission: Submission,
  signer: { readonly fingerprint: string; readonly agencyCode?: string },
  registry: Registry,
): ReturnType<Registry['signerRelation']> {
  const sender = submission.senderCode as AgencyCode
  const { code } = submission.system
  const registered = registry.certificate(signer.fingerprint)
  if (registered) return registry.signerRelation({ fingerprint: signer.fingerprint }, sender, code)
  return signer.agencyCode === undefined
    ? undefined
    : registry.signerRelation({ agencyCode: signer.agencyCode }, sender, code)
}
