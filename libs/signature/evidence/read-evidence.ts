import { createHash } from 'node:crypto'
import { BusError, isBusError } from '../../errors/index.ts'
import type { ConsignmentId, DispatchId, EntryId, ReceiptId } from '../../model/index.ts'
import { isUuid } from '../../model/index.ts'
import {
  attribute,
  childElements,
  childrenNamed,
  firstChild,
  localName,
  namespaceUri,
  parseXml,
  textOf,
  type XmlElement,
  type XmlTree,
} from '../../xml/index.ts'
import type { Evidence, EvidencePart, EvidenceReceiverSignature, EvidenceRecipient } from './evidence.ts'
import { DS_NAMESPACE, XADES_NAMESPACE } from './sign-evidence.ts'
import { EVIDENCE_NAMESPACE } from './write-evidence.ts'

/** A receipt as JSON (`schemas/json/evidence.schema.json`). `kind` is an open list; times are ISO 8601 in UTC with milliseconds. */
export interface EvidenceView extends Omit<Evidence, 'kind' | 'eventTime'> {
  readonly kind: string
  readonly eventTime: string
  readonly signingTime: string
  /** SHA-256 of the certificate that the receipt says it was signed with, the first in its KeyInfo, hex. */
  readonly certificateSha256: string
}

/**
 * What a receipt says, re-read from its bytes. It does **not** verify the signature.
 * @throws BusError `LT_EVD_UNREADABLE` when the bytes are not a receipt of the axis
 */
export function readEvidence(xml: Uint8Array): EvidenceView {
  using tree = parse(xml)
  const { root } = tree
  if (localName(root) !== 'Evidence' || namespaceUri(root) !== EVIDENCE_NAMESPACE) throw unreadable('root')
  if (attribute(root, 'version') !== '1.0') throw unreadable('version')
  const [axis, sender, document, content, signature] = (
    ['Axis', 'Sender', 'Document', 'Content', 'SubmissionSignature'] as const
  ).map((name) => child(root, name)) as [XmlElement, XmlElement, XmlElement, XmlElement, XmlElement]
  const warnings = firstChild(root, 'Warnings', EVIDENCE_NAMESPACE)
  const reason = firstChild(root, 'Reason', EVIDENCE_NAMESPACE)
  const receiver = firstChild(root, 'ReceiverSignature', EVIDENCE_NAMESPACE)
  return {
    id: uuid<ReceiptId>(required(root, 'id')),
    kind: textOf(child(root, 'Event')),
    origin: textOf(child(root, 'LogOrigin')),
    eventTime: instant(textOf(child(root, 'EventTime'))),
    ...optional('entryId', textOfChild(root, 'Entry'), uuid<EntryId>),
    axis: { name: required(axis, 'name'), id: required(axis, 'id') },
    dispatchId: uuid<DispatchId>(textOf(child(root, 'Dispatch'))),
    ...optional('consignmentId', textOfChild(root, 'Consignment'), uuid<ConsignmentId>),
    sender: { agency: required(sender, 'agency'), system: required(sender, 'system') },
    recipients: childrenNamed(child(root, 'Recipients'), 'Recipient', EVIDENCE_NAMESPACE).map(readRecipient),
    document: {
      documentId: required(document, 'id'),
      number: required(document, 'number'),
      notation: required(document, 'notation'),
      ...optional('promulgationDate', attribute(document, 'promulgationDate'), String),
      ...optional('subjectDigest', attribute(document, 'subjectSha256'), sha256),
    },
    contentHash: { hex: sha256(required(content, 'hash')), version: required(content, 'version') },
    size: byteCount(required(content, 'size')),
    form: oneOf(required(content, 'form'), ['inline', 'detached']),
    parts: childrenNamed(content, 'Part', EVIDENCE_NAMESPACE).map(readPart),
    signature: {
      verdict: required(signature, 'verdict'),
      ...optional('signerFingerprint', attribute(signature, 'signerSha256'), sha256),
      ...optional('signerIs', attribute(signature, 'signerIs'), (text) =>
        oneOf(text, ['agency', 'ancestor', 'system']),
      ),
    },
    warnings: warnings ? childrenNamed(warnings, 'Warning', EVIDENCE_NAMESPACE).map(textOf) : [],
    ...(reason ? { reason: { code: required(reason, 'code'), text: textOf(reason) } } : {}),
    ...(receiver ? { receiverSignature: readReceiver(receiver) } : {}),
    ...readSignatureFacts(root),
  }
}

/**
 * Only places that the signature covers, or that the verifier takes the key from, are read; nothing may stand beside them that
 * another reader could take for them.
 */
function readSignatureFacts(root: XmlElement): Pick<EvidenceView, 'signingTime' | 'certificateSha256'> {
  const signature = one(root, DS_NAMESPACE, 'Signature')
  const qualifying = onlyIn(one(signature, DS_NAMESPACE, 'Object'), XADES_NAMESPACE, 'QualifyingProperties')
  const data = onlyIn(one(signature, DS_NAMESPACE, 'KeyInfo'), DS_NAMESPACE, 'X509Data')
  const [certificate] = childElements(data)
  if (!certificate || childrenNamed(data, 'X509Certificate', DS_NAMESPACE).length < childElements(data).length) {
    throw unreadable('X509Data')
  }
  return {
    signingTime: readSigningTime(onlyIn(qualifying, XADES_NAMESPACE, 'SignedProperties')),
    certificateSha256: fingerprint(textOf(certificate)),
  }
}

/** The time of signing in the `SignedProperties` of a receipt. @throws BusError `LT_EVD_UNREADABLE` */
export function readSigningTime(properties: XmlElement): string {
  const own = one(properties, XADES_NAMESPACE, 'SignedSignatureProperties')
  return instant(textOf(one(own, XADES_NAMESPACE, 'SigningTime')))
}

function parse(xml: Uint8Array): XmlTree {
  try {
    return parseXml(xml)
  } catch (cause) {
    throw isBusError(cause) ? new BusError('LT_EVD_UNREADABLE', { detail: cause.message }, { cause }) : cause
  }
}

function readRecipient(element: XmlElement): EvidenceRecipient {
  return {
    agency: required(element, 'agency'),
    asWritten: childrenNamed(element, 'AsWritten', EVIDENCE_NAMESPACE).map(textOf),
    ...optional('consignmentId', attribute(element, 'consignment'), uuid<ConsignmentId>),
  }
}

function readPart(element: XmlElement): EvidencePart {
  return {
    ...optional('contentId', attribute(element, 'contentId'), String),
    role: oneOf(required(element, 'role'), ['packet', 'envelope', 'attachment']),
    sha256: sha256(required(element, 'sha256')),
    size: byteCount(required(element, 'size')),
  }
}

function readReceiver(element: XmlElement): EvidenceReceiverSignature {
  return {
    fingerprint: sha256(required(element, 'signerSha256')),
    time: required(element, 'time'),
    statement: textOf(child(element, 'Statement')),
    value: textOf(child(element, 'Value')),
  }
}

function child(parent: XmlElement, name: string): XmlElement {
  const found = firstChild(parent, name, EVIDENCE_NAMESPACE)
  if (!found) throw unreadable(name)
  return found
}

function textOfChild(parent: XmlElement, name: string): string | undefined {
  const found = firstChild(parent, name, EVIDENCE_NAMESPACE)
  return found && textOf(found)
}

/** The child of this name, of which there must be one. */
function one(parent: XmlElement, namespace: string, name: string): XmlElement {
  const [found, second] = childrenNamed(parent, name, namespace)
  if (!found || second) throw unreadable(name)
  return found
}

/** The same, and nothing else beside it. */
function onlyIn(parent: XmlElement, namespace: string, name: string): XmlElement {
  if (childElements(parent).length !== 1) throw unreadable(localName(parent))
  return one(parent, namespace, name)
}

function required(element: XmlElement, name: string): string {
  const value = attribute(element, name)
  if (value === undefined) throw unreadable(name)
  return value
}

function optional<K extends string, T extends string>(
  key: K,
  text: string | undefined,
  read: (text: string) => T,
): { [key in K]?: T } {
  return text === undefined ? {} : ({ [key]: read(text) } as { [key in K]: T })
}

function uuid<T extends string>(text: string): T {
  if (!isUuid(text)) throw unreadable('id')
  return text as string as T
}

function sha256(text: string): string {
  if (!/^[0-9a-f]{64}$/.test(text)) throw unreadable('SHA-256')
  return text
}

function byteCount(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw unreadable('size')
  return Number(text)
}

function instant(text: string): string {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) || Number.isNaN(Date.parse(text))) throw unreadable('time')
  return text
}

function oneOf<const T extends string>(text: string, allowed: readonly T[]): T {
  if (!(allowed as readonly string[]).includes(text)) throw unreadable(text.slice(0, 40))
  return text as T
}

function fingerprint(base64: string): string {
  return createHash('sha256').update(Buffer.from(base64, 'base64')).digest('hex')
}

function unreadable(detail: string): BusError {
  return new BusError('LT_EVD_UNREADABLE', { detail })
}
