import { BusError } from '../../../libs/errors/index.ts'
import type { AuthDirectory } from './auth-directory.ts'
import type { Caller } from './caller.ts'
import { systemByCertificate } from './client-certificate.ts'

/**
 * What shuts a caller out in the middle of what it began: LT_AUTH_SUSPENDED, or LT_AUTH_CERTIFICATE_UNKNOWN when its client certificate
 * was revoked or is in force no more. Nothing while it may go on.
 */
export function shutOutBy(
  directory: Pick<AuthDirectory, 'system' | 'certificate'>,
  { systemCode, credential }: Caller,
  now: Date,
): BusError | undefined {
  const system = directory.system(systemCode)
  if (!system || system.suspendedAt) return new BusError('LT_AUTH_SUSPENDED', { system: systemCode })
  if ('fingerprint' in credential && systemByCertificate(directory, credential.fingerprint, now) !== systemCode)
    return new BusError('LT_AUTH_CERTIFICATE_UNKNOWN')
  return undefined
}

/**
 * Whether what a caller proved itself with still lets it in: for answers that stay open. The token must not have expired, the
 * client certificate must be registered and in force, the system not suspended.
 */
export function stillHolds(
  directory: Pick<AuthDirectory, 'system' | 'certificate'>,
  caller: Caller,
  now: Date,
): boolean {
  const { credential } = caller
  if ('expiresAt' in credential && now.getTime() >= credential.expiresAt) return false
  return shutOutBy(directory, caller, now) === undefined
}
