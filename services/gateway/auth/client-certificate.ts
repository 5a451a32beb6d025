import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { AuthDirectory } from './auth-directory.ts'

const fingerprints = new WeakMap<Socket, string | null>()

/**
 * SHA-256 of the certificate whose key the caller proved in the TLS handshake, lower-case hex; `undefined` without one.
 * Whether a certificate authority signed it does not matter: what counts is that this very certificate is registered (RFC 8705 2.2).
 */
export function clientFingerprint(socket: Socket): string | undefined {
  const known = fingerprints.get(socket)
  if (known !== undefined) return known ?? undefined
  const found =
    socket instanceof TLSSocket
      ? socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase()
      : undefined
  fingerprints.set(socket, found ?? null)
  return found
}

/** The code of the system a certificate is registered for as its TLS certificate, if it is in force now. */
export function systemByCertificate(
  directory: Pick<AuthDirectory, 'certificate'>,
  fingerprint: string,
  now: Date,
): string | undefined {
  const row = directory.certificate(fingerprint)
  if (row?.purpose !== 'tls' || row.ownerKind !== 'system' || row.revokedAt) return undefined
  return row.validFrom <= now && now <= row.validTo ? row.ownerCode : undefined
}
