import type { AgencyCode, DeliveryMode, DuplicatePolicy, SignaturePolicy, SystemId } from '../model/index.ts'

/** Which block of Decision 20/2020's list an agency belongs to. `local`: people's committees and councils. */
export type AgencyKind =
  | 'party'
  | 'president'
  | 'assembly'
  | 'court'
  | 'procuracy'
  | 'audit'
  | 'government'
  | 'local'
  | 'socio-political'
  | 'enterprise'
  | 'other'

/** What every look-up needs of an agency; held in memory. */
export interface AgencyRow {
  readonly code: AgencyCode
  readonly name: string
  readonly shortName: string | null
  readonly kind: AgencyKind
  /** The code one level up, where it is another than the code's own structure gives; need not be registered itself. */
  readonly parentCode: string | null
  /** `yyyy-MM-dd`, the first day on which the code is no longer valid. */
  readonly closedOn: string | null
  readonly successorCode: AgencyCode | null
}

/** How to reach the people of an agency or a system. */
export interface Contact {
  readonly telephone?: string
  readonly email?: string
  readonly address?: string
  readonly website?: string
  /** Name of the post or unit that answers there, never of a person. */
  readonly post?: string
}

/** An agency with all that the registry keeps of it. */
export interface AgencyDetails extends AgencyRow {
  readonly contact: Contact
  /** How sure the row is, and where it comes from. */
  readonly confidence: string
  readonly source: string
  /** Spellings beside the ones the rule gives. */
  readonly aliases: readonly string[]
}

export interface AliasRow {
  readonly alias: string
  readonly code: AgencyCode
  /** `directory`: from the shared directory of agencies; `manual`: set by an operator. */
  readonly origin: 'directory' | 'manual'
  /** `yyyy-MM-dd`; `validTo` is the first day on which it is no longer valid. */
  readonly validFrom: string | null
  readonly validTo: string | null
}

export type SystemKind = 'native' | 'vxp-upstream'

/** A hub: one connection, one set of keys, many agencies. */
export interface SystemRow {
  readonly id: SystemId
  readonly code: string
  readonly name: string
  /** `vxp-upstream`: it stands for another axis, whose agencies it fronts; what it brings in never goes back to them. */
  readonly kind: SystemKind
  readonly delivery: DeliveryMode
  readonly signaturePolicy: SignaturePolicy
  readonly duplicatePolicy: DuplicatePolicy
  /** Whether deviations in packets and codes are put up with. */
  readonly tolerance: 'strict' | 'tolerant'
  /** `shadow`: what it sends is checked and answered, and reaches nobody. */
  readonly traffic: 'real' | 'test' | 'shadow'
  readonly pushUrl: string | null
  /** Pushes at a time, per process of delivery; `null`, here and below: as delivery's settings say. */
  readonly pushConcurrency: number | null
  /** Pushes in a minute at most, all processes together; `null`: no bound. */
  readonly pushPerMinute: number | null
  /** Minutes after which a push that did not arrive is a dead letter. */
  readonly pushTtlMinutes: number | null
  /** Where the system wants to be told about its own dispatches; `null`: nowhere. */
  readonly hookUrl: string | null
  /** Whether the signed receipts come along with these notices. */
  readonly hookReceipts: boolean
  /** Networks (`10.1.0.0/16`) from which it may call the compatible door. */
  readonly doorNetworks: readonly string[]
  /** Connections of it that may stand open there at one time. */
  readonly doorConnections: number
  /** Codes below which it may register and delete agencies there. */
  readonly doorSubtrees: readonly string[]
  /** What its client programs need to find in packets there beside what was sent; mostly nothing. */
  readonly doorDialect: readonly ('traces' | 'bussiness' | 'prefix')[]
  readonly suspendedAt: Date | null
  readonly suspendedReason: string | null
  readonly contact: Contact
}

/** A system that declared it receives for an agency, and with descendants for the units below that have no row. */
export interface FrontRow {
  readonly agencyCode: AgencyCode
  readonly systemCode: string
  readonly withDescendants: boolean
}

/** A declaration just made, and the system that had fronted the agency until then. */
export interface ChangedFront extends FrontRow {
  readonly previousSystem: string | null
}

export type CertificatePurpose = 'packet' | 'client-auth' | 'tls'

export interface CertificateRow {
  /** SHA-256 of the DER form, lower-case hex. */
  readonly fingerprint: string
  readonly ownerKind: 'agency' | 'system'
  readonly ownerCode: string
  readonly certificatePem: string
  readonly purpose: CertificatePurpose
  readonly validFrom: Date
  readonly validTo: Date
  readonly revokedAt: Date | null
}

export interface SystemKeyRow {
  readonly kid: string
  readonly systemCode: string
  /** RFC 7517, public members only. */
  readonly publicJwk: Readonly<Record<string, string>>
  readonly revokedAt: Date | null
}

/** The version of the registry as a whole and of each part of it. */
export interface RegistryVersions {
  readonly version: number
  readonly system: number
  readonly systemKey: number
  readonly agency: number
  readonly agencyAlias: number
  readonly agencyCertificate: number
  readonly front: number
}
