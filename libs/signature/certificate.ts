import { type KeyObject, X509Certificate } from 'node:crypto'
import { BusError } from '../errors/index.ts'
import { type DerElement, DerFault, derChildren, derOid, readDer } from './der.ts'

/** What an X.509 certificate says, read once. */
export interface Certificate {
  readonly x509: X509Certificate
  readonly publicKey: KeyObject
  /** Distinguished names, one line, as OpenSSL orders them. */
  readonly subject: string
  readonly issuer: string
  readonly serialNumber: string
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string
  readonly notBefore: Date
  readonly notAfter: Date
  readonly isCa: boolean
  readonly pathLength: number | undefined
  /** Undefined when the certificate does not limit its key. */
  readonly keyUsage: ReadonlySet<KeyUsage> | undefined
  readonly extendedKeyUsage: readonly string[] | undefined
  readonly unknownCritical: string | undefined
  readonly weakness: string | undefined
  /** Agency code: organizationIdentifier (2.5.4.97) of the subject, else its serialNumber attribute. */
  readonly agencyCode: string | undefined
}

export type KeyUsage =
  | 'digitalSignature'
  | 'nonRepudiation'
  | 'keyEncipherment'
  | 'dataEncipherment'
  | 'keyAgreement'
  | 'keyCertSign'
  | 'cRLSign'

const keyUsages: readonly KeyUsage[] = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
]
const MAX_DER = 16 * 1024
const understood = new Set([
  '2.5.29.14',
  '2.5.29.15',
  '2.5.29.17',
  '2.5.29.19',
  '2.5.29.31',
  '2.5.29.32',
  '2.5.29.35',
  '2.5.29.37',
])
/** sha256/384/512WithRSAEncryption, ecdsa-with-SHA256/384/512. */
const strongSignatures = new Set([
  '1.2.840.113549.1.1.11',
  '1.2.840.113549.1.1.12',
  '1.2.840.113549.1.1.13',
  '1.2.840.10045.4.3.2',
  '1.2.840.10045.4.3.3',
  '1.2.840.10045.4.3.4',
])

/**
 * Reads a certificate from PEM or DER.
 * @throws BusError LT_CERT_UNREADABLE
 */
export function readCertificate(source: string | Uint8Array): Certificate {
  try {
    if (source.length > MAX_DER) throw new DerFault(`larger than ${MAX_DER} bytes`)
    const x509 = new X509Certificate(source)
    const fields = readFields(x509.raw)
    return {
      x509,
      publicKey: x509.publicKey,
      subject: oneLine(x509.subject),
      issuer: oneLine(x509.issuer),
      serialNumber: x509.serialNumber,
      fingerprint: x509.fingerprint256.replaceAll(':', '').toLowerCase(),
      notBefore: readTime(x509.validFrom),
      notAfter: readTime(x509.validTo),
      weakness: strongSignatures.has(fields.signatureOid)
        ? keyWeakness(x509.publicKey)
        : `signature ${fields.signatureOid}`,
      ...fields,
    }
  } catch (cause) {
    const detail = cause instanceof DerFault ? cause.message : 'not an X.509 certificate'
    throw new BusError('LT_CERT_UNREADABLE', { detail }, { cause })
  }
}

/** A date that is none would compare as neither too early nor too late. */
function readTime(text: string): Date {
  const time = new Date(text)
  if (Number.isNaN(time.getTime())) throw new DerFault('a date of validity that is none')
  return time
}

function keyWeakness(key: KeyObject): string | undefined {
  const details = key.asymmetricKeyDetails
  if (key.asymmetricKeyType === 'rsa') {
    const bits = details?.modulusLength ?? 0
    return bits >= 2048 && bits <= 8192 ? undefined : `RSA ${bits}`
  }
  if (key.asymmetricKeyType === 'ec') {
    const curve = details?.namedCurve ?? ''
    return curve === 'prime256v1' || curve === 'secp384r1' ? undefined : `EC ${curve}`
  }
  return String(key.asymmetricKeyType)
}

interface Fields {
  readonly signatureOid: string
  readonly agencyCode: string | undefined
  readonly isCa: boolean
  readonly pathLength: number | undefined
  readonly keyUsage: ReadonlySet<KeyUsage> | undefined
  readonly extendedKeyUsage: readonly string[] | undefined
  readonly unknownCritical: string | undefined
}

/** The parts of TBSCertificate that Node does not tell (RFC 5280, 4.1). */
function readFields(der: Uint8Array): Fields {
  const [tbs, algorithm] = derChildren(der, readDer(der, 0, der.length))
  if (!tbs || !algorithm) throw new DerFault('not a certificate')
  const parts = derChildren(der, tbs)
  const at = parts[0]?.tag === 0xa0 ? 1 : 0
  const subject = parts[at + 4]
  const extensions = parts.find((part) => part.tag === 0xa3)
  let basic: { isCa: boolean; pathLength: number | undefined } = { isCa: false, pathLength: undefined }
  let keyUsage: Fields['keyUsage']
  let extendedKeyUsage: Fields['extendedKeyUsage']
  let unknownCritical: string | undefined
  const list = extensions && derChildren(der, extensions)[0]
  for (const extension of list ? derChildren(der, list) : []) {
    const inner = derChildren(der, extension)
    const [id, value] = [inner[0], inner.at(-1)]
    if (!id || !value) throw new DerFault('bad extension')
    const oid = derOid(der, id)
    const critical = inner.length === 3 && der[(inner[1] as DerElement).start] !== 0
    const content = readDer(der, value.start, value.end)
    if (oid === '2.5.29.19') basic = readBasicConstraints(der, content)
    else if (oid === '2.5.29.15') keyUsage = readKeyUsage(der, content)
    else if (oid === '2.5.29.37') extendedKeyUsage = derChildren(der, content).map((each) => derOid(der, each))
    if (critical && !understood.has(oid)) unknownCritical ??= oid
  }
  return {
    signatureOid: oidIn(der, algorithm),
    agencyCode: subject && readAgencyCode(der, subject),
    ...basic,
    keyUsage,
    extendedKeyUsage,
    unknownCritical,
  }
}

function readBasicConstraints(der: Uint8Array, content: DerElement): { isCa: boolean; pathLength: number | undefined } {
  let isCa = false
  let pathLength: number | undefined
  for (const { tag, start } of derChildren(der, content)) {
    if (tag === 0x01) isCa = der[start] !== 0
    if (tag === 0x02) pathLength = der[start]
  }
  return { isCa, pathLength }
}

function readKeyUsage(der: Uint8Array, content: DerElement): Set<KeyUsage> {
  const bits = der[content.start + 1] ?? 0
  return new Set(keyUsages.filter((_name, index) => bits & (0x80 >> index)))
}

function readAgencyCode(der: Uint8Array, subject: DerElement): string | undefined {
  let serialNumber: string | undefined
  for (const set of derChildren(der, subject)) {
    for (const pair of derChildren(der, set)) {
      const [type, value] = derChildren(der, pair)
      if (!type || !value) continue
      const oid = derOid(der, type)
      if (oid !== '2.5.4.97' && oid !== '2.5.4.5') continue
      const text = new TextDecoder().decode(der.subarray(value.start, value.end)).trim()
      if (oid === '2.5.4.97') return text
      serialNumber ??= text
    }
  }
  return serialNumber
}

function oidIn(der: Uint8Array, sequence: DerElement): string {
  const [oid] = derChildren(der, sequence)
  return oid ? derOid(der, oid) : ''
}

function oneLine(name: string): string {
  return name.split('\n').join(', ')
}
