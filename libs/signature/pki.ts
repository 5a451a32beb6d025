import { createPrivateKey, generateKeyPair, type KeyObject, randomBytes, webcrypto } from 'node:crypto'
import { promisify } from 'node:util'
import type * as X509 from '@peculiar/x509'
import { type Certificate, readCertificate } from './certificate.ts'

/** What a certificate is for; decides its key usage. */
export type CertificateKind =
  | 'agency'
  | 'axis-receipt'
  | 'axis-delivery'
  | 'axis-checkpoint'
  | 'axis-token'
  | 'tls'
  | 'tls-client'

/** A certificate with its private key. */
export interface Issued {
  readonly certificate: Certificate
  readonly certificatePem: string
  /** PKCS#8. */
  readonly privateKeyPem: string
  readonly key: KeyObject
}

/** Who issues: anything that can be read back from two PEM files. */
export type Issuer = Pick<Issued, 'certificatePem' | 'privateKeyPem'>

export interface CertificateRequest {
  readonly commonName: string
  /** Life in days from `from`. */
  readonly days?: number
  /** Start of validity; now when absent. */
  readonly from?: Date
  /** `ec`: P-256, the fast default. `rsa`: 2048 bits. */
  readonly algorithm?: 'ec' | 'ec384' | 'rsa'
}

export interface LeafRequest extends CertificateRequest {
  readonly kind: CertificateKind
  /** Written as organizationIdentifier (2.5.4.97). */
  readonly agencyCode?: string
  /** For `tls`: DNS names and IP addresses. */
  readonly names?: readonly string[]
}

const DAY = 86_400_000
const generate = promisify(generateKeyPair)
const { subtle } = webcrypto

/** Loaded when first needed: it takes 0.4 s, and only tools that issue certificates need it. */
let loading: Promise<typeof X509> | undefined

function loadLibrary(): Promise<typeof X509> {
  loading ??= (async () => {
    await import('./reflect-metadata.ts')
    const library = await import('@peculiar/x509')
    library.cryptoProvider.set(webcrypto as unknown as Crypto)
    return library
  })()
  return loading
}

/** A self-signed root. */
export async function createRoot(request: CertificateRequest): Promise<Issued> {
  return issue(undefined, { days: 3650, ...request }, caExtensions(await loadLibrary(), undefined))
}

/** An issuing authority under a root or another authority; by default it may issue end certificates only. */
export async function issueCa(issuer: Issuer, request: CertificateRequest & { pathLength?: number }): Promise<Issued> {
  return issue(issuer, { days: 1825, ...request }, caExtensions(await loadLibrary(), request.pathLength ?? 0))
}

/** A certificate for one signer or server. */
export async function issueCertificate(issuer: Issuer, request: LeafRequest): Promise<Issued> {
  const x509 = await loadLibrary()
  const { KeyUsageFlags: flags, ExtendedKeyUsage: purposes } = x509
  const extensions: X509.Extension[] = [new x509.BasicConstraintsExtension(false, undefined, true)]
  if (request.kind === 'tls' || request.kind === 'tls-client') {
    extensions.push(new x509.KeyUsagesExtension(flags.digitalSignature, true))
    extensions.push(
      new x509.ExtendedKeyUsageExtension([request.kind === 'tls' ? purposes.serverAuth : purposes.clientAuth]),
    )
  } else {
    const usage = request.kind === 'agency' ? flags.digitalSignature | flags.nonRepudiation : flags.digitalSignature
    extensions.push(new x509.KeyUsagesExtension(usage, true))
  }
  if (request.names?.length) {
    const names = request.names.map((value) => ({ type: /^[0-9.]+$|:/.test(value) ? 'ip' : 'dns', value }) as const)
    extensions.push(new x509.SubjectAlternativeNameExtension(names))
  }
  return issue(issuer, { days: 730, ...request }, extensions)
}

async function issue(
  issuer: Issuer | undefined,
  request: CertificateRequest & { days: number; agencyCode?: string },
  extensions: X509.Extension[],
): Promise<Issued> {
  const x509 = await loadLibrary()
  const own = await createKey(request.algorithm ?? 'ec')
  const publicKey = await importPublic(own.publicKey)
  const issuerKey = issuer ? createPrivateKey(issuer.privateKeyPem) : own.privateKey
  const { key: signingKey, algorithm: signingAlgorithm } = await importPrivate(issuerKey)
  const subject = subjectName(x509, request.commonName, request.agencyCode)
  const issuerName = issuer ? new x509.X509Certificate(issuer.certificatePem).subjectName : subject
  const notBefore = new Date(Math.floor((request.from ?? new Date()).getTime() / 1000) * 1000)
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject,
    issuer: issuerName,
    notBefore,
    notAfter: new Date(notBefore.getTime() + request.days * DAY),
    publicKey,
    signingKey,
    signingAlgorithm,
    extensions: [
      ...extensions,
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(
        issuer ? new x509.X509Certificate(issuer.certificatePem).publicKey : publicKey,
      ),
    ],
  })
  const certificatePem = `${certificate.toString('pem')}\n`
  return {
    certificate: readCertificate(certificatePem),
    certificatePem,
    privateKeyPem: own.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    key: own.privateKey,
  }
}

function caExtensions(x509: typeof X509, pathLength: number | undefined): X509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(true, pathLength, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
  ]
}

function subjectName(x509: typeof X509, commonName: string, agencyCode: string | undefined): X509.Name {
  const parts: Record<string, { utf8String: string }[]>[] = [{ CN: [{ utf8String: commonName }] }]
  if (agencyCode !== undefined) parts.unshift({ '2.5.4.97': [{ utf8String: agencyCode }] })
  return new x509.Name(parts as unknown as X509.JsonName)
}

function createKey(algorithm: 'ec' | 'ec384' | 'rsa'): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  if (algorithm === 'rsa') return generate('rsa', { modulusLength: 2048 })
  return generate('ec', { namedCurve: algorithm === 'ec' ? 'P-256' : 'P-384' })
}

function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40
  return bytes.toString('hex')
}

type WebAlgorithm = { name: string; hash: string; namedCurve: string }

function webAlgorithm(key: KeyObject): WebAlgorithm {
  const curve = key.asymmetricKeyDetails?.namedCurve
  if (curve === 'secp384r1') return { name: 'ECDSA', hash: 'SHA-384', namedCurve: 'P-384' }
  if (curve !== undefined) return { name: 'ECDSA', hash: 'SHA-256', namedCurve: 'P-256' }
  return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', namedCurve: '' }
}

async function importPrivate(key: KeyObject): Promise<{ key: CryptoKey; algorithm: WebAlgorithm }> {
  const algorithm = webAlgorithm(key)
  const der = key.export({ type: 'pkcs8', format: 'der' })
  return { key: (await subtle.importKey('pkcs8', der, algorithm, false, ['sign'])) as CryptoKey, algorithm }
}

async function importPublic(key: KeyObject): Promise<CryptoKey> {
  const der = key.export({ type: 'spki', format: 'der' })
  return (await subtle.importKey('spki', der, webAlgorithm(key), true, ['verify'])) as CryptoKey
}
