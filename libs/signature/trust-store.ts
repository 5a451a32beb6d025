import { type Certificate, readCertificate } from './certificate.ts'

/** What an anchor is trusted for: signatures of packets, of the axis itself (receipts, checkpoints, tokens), or TLS. */
export type TrustPurpose = 'packet' | 'axis' | 'tls'

export interface TrustAnchor {
  /** PEM or DER. */
  readonly certificate: string | Uint8Array
  readonly purposes: readonly TrustPurpose[]
}

/** The roots the axis trusts and the intermediate certificates it knows. Fixed once made: a change is a new store. */
export class TrustStore {
  readonly #anchors = new Map<string, { certificate: Certificate; purposes: ReadonlySet<TrustPurpose> }>()
  readonly #bySubject = new Map<string, Certificate[]>()
  /** Paths found, by certificate and purpose; without times, which are checked at each use. */
  readonly knownPaths = new Map<string, readonly Certificate[]>()

  /** @throws BusError LT_CERT_UNREADABLE */
  constructor(content: { anchors: readonly TrustAnchor[]; intermediates?: readonly (string | Uint8Array)[] }) {
    for (const anchor of content.anchors) {
      const certificate = readCertificate(anchor.certificate)
      const known = this.#anchors.get(certificate.fingerprint)
      if (!known) this.#add(certificate)
      // One root may be trusted for several purposes in several places.
      this.#anchors.set(certificate.fingerprint, {
        certificate,
        purposes: new Set([...(known?.purposes ?? []), ...anchor.purposes]),
      })
    }
    for (const each of content.intermediates ?? []) this.#add(readCertificate(each))
  }

  isAnchor(certificate: Certificate, purpose: TrustPurpose): boolean {
    return this.#anchors.get(certificate.fingerprint)?.purposes.has(purpose) ?? false
  }

  /** Known certificates of this subject. */
  withSubject(subject: string): readonly Certificate[] {
    return this.#bySubject.get(subject) ?? []
  }

  #add(certificate: Certificate): void {
    const same = this.#bySubject.get(certificate.subject) ?? []
    this.#bySubject.set(certificate.subject, [...same, certificate])
  }
}
