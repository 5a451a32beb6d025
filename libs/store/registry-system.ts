import type { Queryable } from './pool.ts'
import { CERTIFICATE_COLUMNS, SYSTEM_COLUMNS, SYSTEM_KEY_COLUMNS } from './registry-read.ts'
import type { CertificateRow, SystemKeyRow, SystemRow } from './registry-rows.ts'

/** What can be set of a system after it was added. */
export type SystemSettings = Pick<
  SystemRow,
  | 'name'
  | 'delivery'
  | 'signaturePolicy'
  | 'duplicatePolicy'
  | 'tolerance'
  | 'traffic'
  | 'pushUrl'
  | 'pushConcurrency'
  | 'pushPerMinute'
  | 'pushTtlMinutes'
  | 'hookUrl'
  | 'hookReceipts'
  | 'contact'
  | 'doorNetworks'
  | 'doorConnections'
  | 'doorSubtrees'
  | 'doorDialect'
>

/** Adds a system; `undefined` when its code is taken. */
export async function insertSystem(
  database: Queryable,
  system: SystemSettings & Pick<SystemRow, 'id' | 'code' | 'kind'>,
): Promise<SystemRow | undefined> {
  const text = `insert into system (id, code, name, delivery, signature_policy, duplicate_policy, tolerance, traffic, push_url,
      contact, push_concurrency, push_per_minute, push_ttl_minutes, hook_url, hook_receipts,
      door_networks, door_connections, door_subtrees, kind, door_dialect)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
    on conflict (code) do nothing returning ${SYSTEM_COLUMNS}`
  const values = [
    system.id,
    system.code,
    system.name,
    system.delivery,
    system.signaturePolicy,
    system.duplicatePolicy,
    system.tolerance,
    system.traffic,
    system.pushUrl,
    system.contact,
    system.pushConcurrency,
    system.pushPerMinute,
    system.pushTtlMinutes,
    system.hookUrl,
    system.hookReceipts,
    system.doorNetworks,
    system.doorConnections,
    system.doorSubtrees,
    system.kind,
    system.doorDialect,
  ]
  return (await database.query<SystemRow>(text, values)).rows[0]
}

/** Sets a system's settings; `undefined` when there is none with this code. */
export async function updateSystem(
  database: Queryable,
  code: string,
  system: SystemSettings,
): Promise<SystemRow | undefined> {
  const text = `update system set name = $2, delivery = $3, signature_policy = $4, duplicate_policy = $5, tolerance = $6,
      traffic = $7, push_url = $8, contact = $9, push_concurrency = $10, push_per_minute = $11, push_ttl_minutes = $12, hook_url = $13,
      hook_receipts = $14, door_networks = $15, door_connections = $16, door_subtrees = $17, door_dialect = $18,
      fetches_since = case when delivery = 'push' and $3 = 'pull' then now() else fetches_since end
    where code = $1 returning ${SYSTEM_COLUMNS}`
  const values = [
    code,
    system.name,
    system.delivery,
    system.signaturePolicy,
    system.duplicatePolicy,
    system.tolerance,
    system.traffic,
    system.pushUrl,
    system.contact,
    system.pushConcurrency,
    system.pushPerMinute,
    system.pushTtlMinutes,
    system.hookUrl,
    system.hookReceipts,
    system.doorNetworks,
    system.doorConnections,
    system.doorSubtrees,
    system.doorDialect,
  ]
  return (await database.query<SystemRow>(text, values)).rows[0]
}

/** One system, read from the database itself; `undefined` when there is none with this code. */
export async function readSystem(database: Queryable, code: string): Promise<SystemRow | undefined> {
  return (await database.query<SystemRow>(`select ${SYSTEM_COLUMNS} from system where code = $1`, [code])).rows[0]
}

/** Adds a certificate; `undefined` when its owner is not there, or when it already belongs to another owner or purpose. */
export async function insertCertificate(
  database: Queryable,
  certificate: CertificateRow,
): Promise<CertificateRow | undefined> {
  const text = `insert into agency_certificate (fingerprint, owner_kind, owner_code, certificate_pem, purpose, valid_from,
      valid_to)
    select $1, $2, $3, $4, $5, $6, $7
    where case $2 when 'agency' then exists (select from agency where code = $3)
                  else exists (select from system where code = $3) end
    on conflict (fingerprint) do update set certificate_pem = excluded.certificate_pem
      where agency_certificate.owner_kind = excluded.owner_kind and agency_certificate.owner_code = excluded.owner_code
        and agency_certificate.purpose = excluded.purpose
    returning ${CERTIFICATE_COLUMNS}`
  const values = [
    certificate.fingerprint,
    certificate.ownerKind,
    certificate.ownerCode,
    certificate.certificatePem,
    certificate.purpose,
    certificate.validFrom,
    certificate.validTo,
  ]
  return (await database.query<CertificateRow>(text, values)).rows[0]
}

/** Marks a certificate revoked (an earlier revocation keeps its time); `undefined` when it is not there. */
export async function updateCertificateRevoked(
  database: Queryable,
  fingerprint: string,
): Promise<CertificateRow | undefined> {
  const text = `update agency_certificate set revoked_at = coalesce(revoked_at, now()) where fingerprint = $1
    returning ${CERTIFICATE_COLUMNS}`
  return (await database.query<CertificateRow>(text, [fingerprint])).rows[0]
}

/** Adds a key of a system; `undefined` when the system is not there or the key id is taken by another key. */
export async function insertSystemKey(
  database: Queryable,
  key: Omit<SystemKeyRow, 'revokedAt'>,
): Promise<SystemKeyRow | undefined> {
  const text = `insert into system_key (system_code, kid, public_jwk) select code, $2, $3 from system where code = $1
    on conflict (system_code, kid) do update set public_jwk = excluded.public_jwk
      where system_key.public_jwk = excluded.public_jwk
    returning ${SYSTEM_KEY_COLUMNS}`
  return (await database.query<SystemKeyRow>(text, [key.systemCode, key.kid, key.publicJwk])).rows[0]
}

/** Marks a key revoked (an earlier revocation keeps its time); `undefined` when it is not there. */
export async function updateSystemKeyRevoked(
  database: Queryable,
  systemCode: string,
  kid: string,
): Promise<SystemKeyRow | undefined> {
  const text = `update system_key set revoked_at = coalesce(revoked_at, now()) where system_code = $1 and kid = $2
    returning ${SYSTEM_KEY_COLUMNS}`
  return (await database.query<SystemKeyRow>(text, [systemCode, kid])).rows[0]
}
