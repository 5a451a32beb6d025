import type { Queryable } from './pool.ts'
import type {
  AgencyRow,
  AliasRow,
  CertificateRow,
  FrontRow,
  RegistryVersions,
  SystemKeyRow,
  SystemRow,
} from './registry-rows.ts'

export const AGENCY_COLUMNS = `code, name, short_name as "shortName", kind, parent_code as "parentCode", closed_on as "closedOn",
  successor_code as "successorCode"`
export const SYSTEM_COLUMNS = `id, code, name, kind, delivery, signature_policy as "signaturePolicy",
  duplicate_policy as "duplicatePolicy", tolerance, traffic, push_url as "pushUrl",
  push_concurrency as "pushConcurrency", push_per_minute as "pushPerMinute", push_ttl_minutes as "pushTtlMinutes",
  hook_url as "hookUrl", hook_receipts as "hookReceipts", suspended_at as "suspendedAt",
  suspended_reason as "suspendedReason", contact, door_networks as "doorNetworks", door_connections as "doorConnections",
  door_subtrees as "doorSubtrees", door_dialect as "doorDialect"`
export const ALIAS_COLUMNS = `alias, code, origin, valid_from as "validFrom", valid_to as "validTo"`
export const FRONT_COLUMNS = `agency_code as "agencyCode", system_code as "systemCode", with_descendants as "withDescendants"`
export const CERTIFICATE_COLUMNS = `fingerprint, owner_kind as "ownerKind", owner_code as "ownerCode",
  certificate_pem as "certificatePem", purpose, valid_from as "validFrom", valid_to as "validTo", revoked_at as "revokedAt"`
export const SYSTEM_KEY_COLUMNS = `kid, system_code as "systemCode", public_jwk as "publicJwk", revoked_at as "revokedAt"`

/** The version of each part of the registry: one row, asked every two seconds by every service. */
export async function readRegistryVersions(database: Queryable): Promise<RegistryVersions> {
  const { rows } = await database.query<RegistryVersions>(
    `select version, system, system_key as "systemKey", agency, agency_alias as "agencyAlias",
       agency_certificate as "agencyCertificate", front from registry_version`,
  )
  if (!rows[0]) throw new Error('registry_version is empty')
  return rows[0]
}

/** At most `limit` agencies whose code comes after `after`, in code order. */
export async function readAgencyPage(database: Queryable, after: string, limit: number): Promise<AgencyRow[]> {
  const text = `select ${AGENCY_COLUMNS} from agency where code > $1 order by code limit $2`
  return (await database.query<AgencyRow>({ name: 'registry-agency-page', text, values: [after, limit] })).rows
}

/** At most `limit` agencies changed after a version of the part `agency`. */
export async function readChangedAgencies(database: Queryable, since: number, limit: number): Promise<AgencyRow[]> {
  const text = `select ${AGENCY_COLUMNS} from agency where version > $1 limit $2`
  return (await database.query<AgencyRow>(text, [since, limit])).rows
}

export async function readAliases(database: Queryable): Promise<AliasRow[]> {
  return (await database.query<AliasRow>(`select ${ALIAS_COLUMNS} from agency_alias`)).rows
}

export async function readSystems(database: Queryable): Promise<SystemRow[]> {
  return (await database.query<SystemRow>(`select ${SYSTEM_COLUMNS} from system`)).rows
}

export async function readFronts(database: Queryable): Promise<FrontRow[]> {
  return (await database.query<FrontRow>(`select ${FRONT_COLUMNS} from front`)).rows
}

export async function readCertificates(database: Queryable): Promise<CertificateRow[]> {
  return (await database.query<CertificateRow>(`select ${CERTIFICATE_COLUMNS} from agency_certificate`)).rows
}

export async function readSystemKeys(database: Queryable): Promise<SystemKeyRow[]> {
  return (await database.query<SystemKeyRow>(`select ${SYSTEM_KEY_COLUMNS} from system_key order by added_at`)).rows
}
