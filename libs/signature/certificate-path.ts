import type { ErrorCode, ErrorParams } from '../errors/index.ts'
import type { Certificate, KeyUsage } from './certificate.ts'
import type { TrustPurpose, TrustStore } from './trust-store.ts'

export interface PathQuestion {
  readonly at: Date
  readonly purpose: TrustPurpose
  /** The leaf must allow one of these. */
  readonly keyUsage: readonly KeyUsage[]
}

export type PathAnswer =
  | { readonly ok: true; readonly chain: readonly Certificate[] }
  | {
      readonly ok: false
      readonly reason: ErrorCode
      readonly params: ErrorParams
      readonly chain: readonly Certificate[]
    }

interface Fault {
  readonly reason: ErrorCode
  readonly params: ErrorParams
}

const MAX_LENGTH = 6
/** Signature checks spent on one path; crossed hostile certificates could ask for many. */
const MAX_WORK = 32
const KNOWN_PATHS_MAX = 4096
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'

/**
 * Looks for a path from a certificate to an anchor that is trusted for the purpose (RFC 5280, 6, without revocation).
 * `candidates` came with the signature and are only links, never trusted by themselves.
 */
export function checkCertificatePath(
  leaf: Certificate,
  candidates: readonly Certificate[],
  trust: TrustStore,
  question: PathQuestion,
): PathAnswer {
  const fault = leafFault(leaf, question) ?? timeFault(leaf, question.at)
  if (fault) return { ok: false, ...fault, chain: [leaf] }
  const name = `${question.purpose} ${leaf.fingerprint}`
  const known = trust.knownPaths.get(name)
  if (known && !known.some((certificate) => timeFault(certificate, question.at))) return { ok: true, chain: known }
  const search = { trust, question, candidates, work: MAX_WORK, fault: undefined as Fault | undefined }
  const chain = extend([leaf], search)
  if (!chain) {
    const { reason, params } = search.fault ?? unknownIssuer(leaf)
    return { ok: false, reason, params, chain: [leaf] }
  }
  if (trust.knownPaths.size >= KNOWN_PATHS_MAX) trust.knownPaths.delete(trust.knownPaths.keys().next().value as string)
  trust.knownPaths.set(name, chain)
  return { ok: true, chain }
}

interface Search {
  readonly trust: TrustStore
  readonly question: PathQuestion
  readonly candidates: readonly Certificate[]
  work: number
  /** Why the most promising path failed. */
  fault: Fault | undefined
}

function extend(path: readonly Certificate[], search: Search): readonly Certificate[] | undefined {
  const last = path[path.length - 1] as Certificate
  if (search.trust.isAnchor(last, search.question.purpose)) return path
  if (path.length > MAX_LENGTH) return undefined
  for (const issuer of issuersOf(last, search)) {
    if (path.some((certificate) => certificate.fingerprint === issuer.fingerprint)) continue
    if (search.work <= 0) return undefined
    search.work -= 1
    if (!last.x509.verify(issuer.publicKey)) continue
    const fault = issuerFault(issuer, path) ?? timeFault(issuer, search.question.at)
    if (fault) {
      search.fault ??= fault
      continue
    }
    // Last, for it says no without a reason to an issuer that may not issue.
    if (!last.x509.checkIssued(issuer.x509)) continue
    const found = extend([...path, issuer], search)
    if (found) return found
  }
  return undefined
}

function issuersOf(certificate: Certificate, search: Search): Certificate[] {
  const sent = search.candidates.filter((each) => each.subject === certificate.issuer)
  return [...search.trust.withSubject(certificate.issuer), ...sent]
}

function leafFault(leaf: Certificate, question: PathQuestion): Fault | undefined {
  const { keyUsage, extendedKeyUsage, subject } = leaf
  const general = generalFault(leaf)
  if (general) return general
  if (keyUsage && !question.keyUsage.some((usage) => keyUsage.has(usage))) {
    return { reason: 'LT_CERT_KEY_USAGE', params: { subject, usage: question.keyUsage.join(' / ') } }
  }
  const onlyTls = extendedKeyUsage?.length === 1 && extendedKeyUsage[0] === SERVER_AUTH
  if (question.purpose !== 'tls' && onlyTls) {
    return { reason: 'LT_CERT_KEY_USAGE', params: { subject, usage: question.purpose } }
  }
  return undefined
}

function issuerFault(issuer: Certificate, path: readonly Certificate[]): Fault | undefined {
  const { subject, keyUsage, pathLength } = issuer
  if (!issuer.isCa) return { reason: 'LT_CERT_NOT_CA', params: { subject } }
  if (keyUsage && !keyUsage.has('keyCertSign')) return { reason: 'LT_CERT_NOT_CA', params: { subject } }
  const below = path.slice(1).filter((certificate) => certificate.subject !== certificate.issuer).length
  if (pathLength !== undefined && below > pathLength) return { reason: 'LT_CERT_PATH_LENGTH', params: { subject } }
  return generalFault(issuer)
}

function generalFault({ subject, weakness, unknownCritical }: Certificate): Fault | undefined {
  if (weakness !== undefined) return { reason: 'LT_CERT_WEAK', params: { subject, detail: weakness } }
  if (unknownCritical !== undefined) return { reason: 'LT_CERT_EXTENSION', params: { subject, oid: unknownCritical } }
  return undefined
}

function timeFault({ subject, notBefore, notAfter }: Certificate, at: Date): Fault | undefined {
  if (at > notAfter) return { reason: 'LT_CERT_EXPIRED', params: { subject, notAfter: notAfter.toISOString() } }
  if (at < notBefore)
    return { reason: 'LT_CERT_NOT_YET_VALID', params: { subject, notBefore: notBefore.toISOString() } }
  return undefined
}

function unknownIssuer({ subject }: Certificate): Fault {
  return { reason: 'LT_CERT_UNKNOWN_ISSUER', params: { subject } }
}
