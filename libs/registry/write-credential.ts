import { X509Certificate } from 'node:crypto'
import { BusError } from '../errors/index.ts'
import {
  type CertificatePurpose,
  type CertificateRow,
  insertCertificate,
  insertSystemKey,
  type Queryable,
  readSystem,
  readTakenCodes,
  type SystemKeyRow,
  updateCertificateRevoked,
  updateSystemKeyRevoked,
} from '../store/index.ts'
import { badField, checkChoice } from './check-fields.ts'
import { guardWrite } from './guard-write.ts'
import { readPublicJwk } from './public-jwk.ts'

export interface CertificateInput {
  readonly ownerKind: 'agency' | 'system'
  /** Canonical code of the agency, or the system's code. */
  readonly ownerCode: string
  /** One X.509 certificate in PEM form (RFC 7468). */
  readonly certificatePem: string
  readonly purpose: CertificatePurpose
}

/**
 * Registers a certificate; the same again changes nothing.
 * @throws BusError LT_REG_BAD_CERTIFICATE, LT_REG_UNKNOWN_AGENCY, LT_REG_UNKNOWN_SYSTEM, LT_REG_CREDENTIAL_TAKEN
 */
export function addCertificate(database: Queryable, input: CertificateInput): Promise<CertificateRow> {
  return guardWrite(async () => {
    const { ownerKind, ownerCode } = input
    checkChoice('ownerKind', ownerKind, ['agency', 'system'])
    const certificate = readCertificate(input.certificatePem)
    const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase()
    const row = await insertCertificate(database, {
      fingerprint,
      ownerKind,
      ownerCode,
      certificatePem: certificate.toString(),
      purpose: checkChoice('purpose', input.purpose, ['packet', 'client-auth', 'tls']),
      validFrom: new Date(certificate.validFrom),
      validTo: new Date(certificate.validTo),
      revokedAt: null,
    })
    if (row) return row
    if (ownerKind === 'system') await requireSystem(database, ownerCode)
    else if ((await readTakenCodes(database, [ownerCode])).get(ownerCode) !== ownerCode) {
      throw new BusError('LT_REG_UNKNOWN_AGENCY', { code: ownerCode })
    }
    throw new BusError('LT_REG_CREDENTIAL_TAKEN', { id: fingerprint })
  })
}

function readCertificate(pem: string): X509Certificate {
  if (pem.length > 64_000 || pem.split('-----BEGIN ').length !== 2) throw new BusError('LT_REG_BAD_CERTIFICATE')
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw new BusError('LT_REG_BAD_CERTIFICATE', {}, { cause })
  }
}

/** Marks a certificate revoked. @throws BusError LT_REG_UNKNOWN_CREDENTIAL */
export const revokeCertificate = (database: Queryable, fingerprint: string): Promise<CertificateRow> =>
  guardWrite(async () => known(await updateCertificateRevoked(database, fingerprint), fingerprint))

export interface SystemKeyInput {
  readonly systemCode: string
  /** RFC 7517; only public members are looked at and kept. */
  readonly publicJwk: object
  /** Key id; the RFC 7638 thumbprint unless told. */
  readonly kid?: string
}

/**
 * Registers a key a system signs its client assertions with; the same again changes nothing.
 * @throws BusError LT_REG_BAD_KEY, LT_REG_BAD_FIELD, LT_REG_UNKNOWN_SYSTEM, LT_REG_CREDENTIAL_TAKEN
 */
export function addSystemKey(
  database: Queryable,
  { systemCode, publicJwk, kid }: SystemKeyInput,
): Promise<SystemKeyRow> {
  return guardWrite(async () => {
    const { jwk, thumbprint } = readPublicJwk(publicJwk)
    const id = kid ?? thumbprint
    if (!/^[\x21-\x7e]{1,128}$/.test(id)) throw badField('kid', id)
    const row = await insertSystemKey(database, { systemCode, kid: id, publicJwk: jwk })
    if (row) return row
    await requireSystem(database, systemCode)
    throw new BusError('LT_REG_CREDENTIAL_TAKEN', { id })
  })
}

/** Marks a key revoked. @throws BusError LT_REG_UNKNOWN_CREDENTIAL */
export const revokeSystemKey = (database: Queryable, systemCode: string, kid: string): Promise<SystemKeyRow> =>
  guardWrite(async () => known(await updateSystemKeyRevoked(database, systemCode, kid), kid))

async function requireSystem(database: Queryable, code: string): Promise<void> {
  if (!(await readSystem(database, code))) throw new BusError('LT_REG_UNKNOWN_SYSTEM', { system: code.slice(0, 64) })
}

function known<T>(row: T | undefined, id: string): T {
  if (row === undefined) throw new BusError('LT_REG_UNKNOWN_CREDENTIAL', { id: id.slice(0, 128) })
  return row
}
