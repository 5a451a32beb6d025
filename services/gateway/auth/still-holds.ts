import type { AuthDirectory } from './auth-directory.ts'
import type { Caller } from './caller.ts'
import { systemByCertificate } from './client-certificate.ts'

/**
 * Whether what a caller proved itself with still lets it in: for answers that stay open. The token must not have expired, the
 * client certificate must be registered and in force, the system not suspended.
 */
export function stillHolds(
  directory: Pick<AuthDirectory, 'system' | 'certificate'>,
  { systemCode, credential }: Caller,
  now: Date,
): boolean {
  const system = directory.system(systemCode)
  if (!system || system.suspendedAt) return false
  return 'expiresAt' in credential
    ? now.getTime() < credential.expiresAt
    : systemByCertificate(directory, credential.fingerprint, now) === systemCode
}
