import { generateKeyPairSync } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { writeDurably } from '../../../libs/client/index.ts'
import {
  type CertificateKind,
  createRoot,
  type Issued,
  type Issuer,
  issueCa,
  issueCertificate,
} from '../../../libs/signature/index.ts'
import { DELIVERY_KEY_FILES } from '../../delivery/load-signer.ts'
import { TOKEN_KEY_FILE } from '../../gateway/auth/token-key.ts'
import { KEY_FILES } from '../../gateway/load-keys.ts'
import { newSecretKeyLine, SECRET_KEYS_FILE } from '../../gateway/vxp/secrets/secret-keys.ts'
import { keepPair, type PairFiles } from './key-files.ts'

/** A test axis: a root, an authority below it, and everything the services read from their key folder. */
export interface AxisPki {
  /** The key folder (`KEY_DIR` of the services). */
  readonly dir: string
  readonly rootPem: string
  /** Issues certificates of agencies and of the axis. */
  readonly issuing: Issuer
}

/** Who signs for an agency: files to give away, and what they hold. */
export interface AgencySigner {
  readonly agencyCode: string
  readonly keyFile: string
  /** The agency's certificate, then the authority's. */
  readonly certificateFile: string
  readonly certificatePem: string
  readonly privateKeyPem: string
  /** Certificates to put into a signature: the agency's, then the authority's. */
  readonly chain: readonly string[]
}

const ANCHOR = 'lien-thong-test-root.pem'
const AUTHORITY = 'lien-thong-test-issuing.pem'

interface AxisOptions {
  /** Life of certificates of agencies and of the axis; the authority lives twice, the root three times as long. */
  readonly days?: number
  /** Name of the axis in its certificates. */
  readonly organisation?: string
}

const DAYS = 1095
const ORGANISATION = 'Liên Thông (thử nghiệm)'

/** Makes the test root and the authority below it where they are missing, under `<dir>/ca`. Keys that are there stay. */
export async function makeAuthority(
  dir: string,
  { days = DAYS, organisation = ORGANISATION }: AxisOptions = {},
): Promise<AxisPki> {
  const root = await keepPair(pair(dir, 'ca/root'), () =>
    createRoot({ commonName: `${organisation} - CA gốc`, days: days * 3 }),
  )
  const issuing = await keepPair(pair(dir, 'ca/issuing'), () =>
    issueCa(root, { commonName: `${organisation} - CA cấp chứng thư`, days: days * 2 }),
  )
  return { dir, rootPem: root.certificatePem, issuing }
}

/**
 * Makes the authority, the keys and chains of receipts and of pushes, the key of tokens, that of the door's secrets, and the folders of trusted certificates, where they
 * are missing. Keys that are there stay; so it may run at every start.
 */
export async function makeAxis(dir: string, options: AxisOptions = {}): Promise<AxisPki> {
  const at = (name: string): string => join(dir, name)
  const axis = await makeAuthority(dir, options)
  const { days = DAYS, organisation = ORGANISATION } = options
  const { issuing, rootPem } = axis
  const keys: readonly (readonly [PairFiles, CertificateKind, string])[] = [
    [{ certificate: at(KEY_FILES.receiptChain), key: at(KEY_FILES.receiptKey) }, 'axis-receipt', 'biên nhận'],
    [{ certificate: at(DELIVERY_KEY_FILES.chain), key: at(DELIVERY_KEY_FILES.key) }, 'axis-delivery', 'chuyển văn bản'],
  ]
  for (const [files, kind, use] of keys) {
    const make = (): Promise<Issued> =>
      issueCertificate(issuing, { kind, commonName: `${organisation} - ${use}`, days })
    await keepPair(files, make, [issuing.certificatePem])
  }
  if (!existsSync(at(TOKEN_KEY_FILE))) await writeDurably(at(TOKEN_KEY_FILE), Buffer.from(newKeyPem()))
  if (!existsSync(at(SECRET_KEYS_FILE))) await writeDurably(at(SECRET_KEYS_FILE), Buffer.from(newSecretKeyLine()))
  const trusted: readonly (readonly [string, string])[] = [
    [join(KEY_FILES.packetAnchors, ANCHOR), rootPem],
    [join(KEY_FILES.axisAnchors, ANCHOR), rootPem],
    [join(KEY_FILES.intermediates, AUTHORITY), issuing.certificatePem],
  ]
  for (const [name, pem] of trusted) if (!existsSync(at(name))) await writeDurably(at(name), Buffer.from(pem), 0o644)
  return axis
}

/** Key and certificate of an agency (organizationIdentifier = its code), made where they are missing, under `<dir>/agencies`. */
export async function issueAgency(
  axis: AxisPki,
  { agencyCode, name, days = 730 }: { readonly agencyCode: string; readonly name: string; readonly days?: number },
): Promise<AgencySigner> {
  const files = pair(axis.dir, `agencies/${agencyCode.replace(/[^0-9A-Za-z.-]/g, '_')}`)
  const authority = axis.issuing.certificatePem
  const { certificatePem, privateKeyPem } = await keepPair(
    files,
    () => issueCertificate(axis.issuing, { kind: 'agency', commonName: name, agencyCode, days }),
    [authority],
  )
  const chain = [certificatePem, authority]
  return { agencyCode, keyFile: files.key, certificateFile: files.certificate, certificatePem, privateKeyPem, chain }
}

function pair(dir: string, name: string): PairFiles {
  return { certificate: join(dir, `${name}.pem`), key: join(dir, `${name}.key.pem`) }
}

/** A private key on P-256, PKCS#8 PEM. */
export function newKeyPem(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString()
}
