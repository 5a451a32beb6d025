import { canonicalAttribute as attribute, canonicalText } from './canonical-text.ts'
import type { Evidence, EvidencePart, EvidenceReceiverSignature, EvidenceRecipient } from './evidence.ts'

/** Namespace of receipts; schema `schemas/xml/evidence/1.0/evidence.xsd`. */
export const EVIDENCE_NAMESPACE = 'urn:lienthong:evidence:1'

/**
 * The receipt without its signature, split at the place where the signature goes: `open` up to before the end tag, `close`
 * the end tag. Both together are exclusive-canonical form (no declaration, attributes by name, no empty-element tags), so that
 * the digest of the enveloped reference is the digest of these very characters.
 */
export function writeEvidence(evidence: Evidence): { open: string; close: string } {
  const { document, sender, axis, contentHash, signature, reason, receiverSignature } = evidence
  const open =
    `<Evidence xmlns="${EVIDENCE_NAMESPACE}"${attribute('id', evidence.id)} version="1.0">` +
    element('Event', '', evidence.kind) +
    element('EventTime', '', evidence.eventTime.toISOString()) +
    element('LogOrigin', '', evidence.origin) +
    optional('Entry', evidence.entryId) +
    element('Axis', attribute('id', axis.id) + attribute('name', axis.name), '') +
    element('Dispatch', '', evidence.dispatchId) +
    optional('Consignment', evidence.consignmentId) +
    element('Sender', attribute('agency', sender.agency) + attribute('system', sender.system), '') +
    `<Recipients>${evidence.recipients.map(recipient).join('')}</Recipients>` +
    `<Document${attribute('id', document.documentId)}${attribute('notation', document.notation)}` +
    `${attribute('number', document.number)}${attribute('promulgationDate', document.promulgationDate)}` +
    `${attribute('subjectSha256', document.subjectDigest)}></Document>` +
    `<Content${attribute('form', evidence.form)}${attribute('hash', contentHash.hex)}${attribute('size', evidence.size)}` +
    `${attribute('version', contentHash.version)}>${evidence.parts.map(part).join('')}</Content>` +
    element(
      'SubmissionSignature',
      attribute('signerIs', signature.signerIs) +
        attribute('signerSha256', signature.signerFingerprint) +
        attribute('verdict', signature.verdict),
      '',
    ) +
    (evidence.warnings.length > 0
      ? `<Warnings>${evidence.warnings.map((w) => element('Warning', '', w)).join('')}</Warnings>`
      : '') +
    (reason ? element('Reason', attribute('code', reason.code), reason.text) : '') +
    (receiverSignature ? receiver(receiverSignature) : '')
  return { open, close: '</Evidence>' }
}

function recipient({ agency, consignmentId, asWritten }: EvidenceRecipient): string {
  const spellings = asWritten.map((spelling) => element('AsWritten', '', spelling)).join('')
  return `<Recipient${attribute('agency', agency)}${attribute('consignment', consignmentId)}>${spellings}</Recipient>`
}

function receiver({ fingerprint, time, statement, value }: EvidenceReceiverSignature): string {
  const attributes = attribute('signerSha256', fingerprint) + attribute('time', time)
  return `<ReceiverSignature${attributes}>${element('Statement', '', statement)}${element('Value', '', value)}</ReceiverSignature>`
}

function part({ contentId, role, sha256, size }: EvidencePart): string {
  const attributes =
    attribute('contentId', contentId) + attribute('role', role) + attribute('sha256', sha256) + attribute('size', size)
  return `<Part${attributes}></Part>`
}

function element(name: string, attributes: string, text: string): string {
  return `<${name}${attributes}>${canonicalText(text)}</${name}>`
}

function optional(name: string, text: string | undefined): string {
  return text === undefined ? '' : element(name, '', text)
}
