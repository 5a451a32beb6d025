import { createHash } from 'node:crypto'
import { BusError } from '../../../libs/errors/index.ts'
import {
  checkCertificatePath,
  type EvidenceView,
  nodeCrypto,
  packetPolicy,
  type ReadSignature,
  readCertificate,
  readEvidence,
  readSignature,
  readSigningTime,
  SignatureFault,
  type SignatureVerdict,
  type TrustStore,
  verifySignature,
} from '../../../libs/signature/index.ts'
import {
  childrenNamed,
  elementsInNamespace,
  localName,
  parentOf,
  parseXml,
  textOf,
  type XmlElement,
  type XmlTree,
} from '../../../libs/xml/index.ts'

const DS = 'http://www.w3.org/2000/09/xmldsig#'
const XADES = 'http://uri.etsi.org/01903/v1.3.2#'

/** What was found out about a signed receipt. */
export interface ReceiptReport {
  readonly verdict: SignatureVerdict
  /** Code of why the verdict is not `valid`. */
  readonly reason?: string
  readonly detail?: string
  readonly evidence: EvidenceView
}

/**
 * Verifies a receipt of an axis by our own code alone: the one signature over the whole of it and over its XAdES properties, the
 * certificate those properties name, and its path to an anchor trusted for the axis, at the time of signing.
 * @throws BusError LT_EVD_UNREADABLE when it is no receipt at all
 */
export async function verifyReceipt(xml: Uint8Array, trust: TrustStore): Promise<ReceiptReport> {
  const evidence = readEvidence(xml)
  try {
    using tree = parseXml(xml)
    return { verdict: 'valid', evidence: { ...evidence, ...(await judge(tree, trust)) } }
  } catch (error) {
    if (error instanceof SignatureFault) {
      return { verdict: error.verdict, reason: error.reason, detail: Object.values(error.params).join(' '), evidence }
    }
    if (error instanceof BusError)
      return { verdict: 'unverifiable', reason: error.code, detail: error.message, evidence }
    throw error
  }
}

/** What the verifier itself saw: the time that was signed, and the certificate whose key it used. */
async function judge(
  tree: XmlTree,
  trust: TrustStore,
): Promise<Pick<EvidenceView, 'signingTime' | 'certificateSha256'>> {
  const signature = readSignature(onlySignature(tree))
  const [leaf, ...others] = signature.certificates.map((text) => readCertificate(Buffer.from(text, 'base64')))
  if (!leaf) throw new SignatureFault('unverifiable', 'LT_SIG_NO_CERTIFICATE')
  const properties = signedProperties(tree, signature)
  const checked = await verifySignature(tree, signature, {
    policy: packetPolicy,
    crypto: nodeCrypto,
    resolveKey: () => leaf.publicKey,
  })
  const [whole, bound, ...more] = checked
  if (!whole || !bound || more.length > 0 || whole.element !== undefined || bound.element !== properties) {
    throw new SignatureFault('invalid', 'LT_SIG_SHAPE', {
      detail: 'the references are not the receipt and its properties',
    })
  }
  if (certificateDigest(properties) !== createHash('sha256').update(leaf.x509.raw).digest('base64')) {
    throw new SignatureFault('invalid', 'LT_SIG_SHAPE', { detail: 'the properties name another certificate' })
  }
  const signingTime = readSigningTime(properties)
  const at = new Date(signingTime)
  const path = checkCertificatePath(leaf, others, trust, { at, purpose: 'axis', keyUsage: ['digitalSignature'] })
  if (!path.ok) throw new SignatureFault('untrusted', path.reason, path.params)
  return { signingTime, certificateSha256: leaf.fingerprint }
}

function onlySignature(tree: XmlTree): XmlElement {
  const [element, second] = elementsInNamespace(tree, DS).filter((each) => localName(each) === 'Signature')
  if (!element) throw new SignatureFault('absent', 'LT_SIG_ABSENT')
  if (second || parentOf(element) !== tree.root)
    throw new SignatureFault('invalid', 'LT_SIG_SHAPE', { detail: 'not one signature under the root' })
  return element
}

/** The properties inside this very signature. */
function signedProperties(tree: XmlTree, signature: ReadSignature): XmlElement {
  const [properties, second] = elementsInNamespace(tree, XADES).filter((each) => localName(each) === 'SignedProperties')
  const qualifying = properties && parentOf(properties)
  if (!properties || !qualifying || second || !signature.objects.some((each) => parentOf(qualifying) === each)) {
    throw new SignatureFault('invalid', 'LT_SIG_SHAPE', { detail: 'no XAdES properties in the signature' })
  }
  return properties
}

function certificateDigest(properties: XmlElement): string | undefined {
  let at: XmlElement | undefined = properties
  for (const name of ['SignedSignatureProperties', 'SigningCertificateV2', 'Cert', 'CertDigest']) {
    const found: XmlElement[] = at ? childrenNamed(at, name, XADES) : []
    at = found.length === 1 ? found[0] : undefined
  }
  const value = at && childrenNamed(at, 'DigestValue', DS)[0]
  return value && textOf(value)
}
