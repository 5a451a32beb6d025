import { createPublicKey } from 'node:crypto'
import { BusError } from '../../../libs/errors/index.ts'
import { addCertificate, addSystemKey, revokeCertificate, revokeSystemKey } from '../../../libs/registry/index.ts'
import type { Call } from '../command.ts'
import { argument, oneOf } from '../command-line.ts'
import { readText } from '../profile.ts'
import { changeRegistry } from './change-registry.ts'

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/

/** `system key CODE FILE [--kid ID]`: registers the public half of a key (PEM or JWK); `system key CODE --revoke KID`. */
export async function changeKey(call: Call): Promise<void> {
  const { output, values } = call
  const code = argument(call, 1, 'CODE')
  const { revoke, kid } = values
  if (revoke) {
    const row = await changeRegistry(
      call,
      (client) => revokeSystemKey(client, code, revoke),
      (revoked) => ({ system: code, change: 'key-revoked', kid: revoked.kid }),
    )
    output.result(row, [output.t('system.keyRevoked', { kid: row.kid, code })])
    return
  }
  const publicJwk = readPublicKey(argument(call, 2, 'FILE'))
  const row = await changeRegistry(
    call,
    (client) => addSystemKey(client, { systemCode: code, publicJwk, ...(kid ? { kid } : {}) }),
    (added) => ({ system: code, change: 'key-added', kid: added.kid }),
  )
  output.result(row, [output.t('system.keyAdded', { kid: row.kid, code })])
}

/**
 * `system cert CODE FILE [--purpose packet|client-auth|tls]`, with `--agency CODE` for the agency and not the system;
 * `system cert --revoke FINGERPRINT`.
 */
export async function changeCertificate(call: Call): Promise<void> {
  const { output, values } = call
  const { revoke, agency } = values
  if (revoke) {
    const row = await changeRegistry(
      call,
      (client) => revokeCertificate(client, revoke.replaceAll(':', '').toLowerCase()),
      ({ ownerCode, fingerprint }) => ({ owner: ownerCode, change: 'certificate-revoked', fingerprint }),
    )
    output.result({ ...row, certificatePem: undefined }, [
      output.t('system.certRevoked', { fingerprint: row.fingerprint }),
    ])
    return
  }
  const code = argument(call, 1, 'CODE')
  const certificatePem = CERTIFICATE.exec(readText(argument(call, 2, 'FILE')))?.[0] ?? ''
  const purpose = oneOf(call, '--purpose', values.purpose ?? 'packet', ['packet', 'client-auth', 'tls'])
  const owner = agency
    ? ({ ownerKind: 'agency', ownerCode: agency } as const)
    : ({ ownerKind: 'system', ownerCode: code } as const)
  const row = await changeRegistry(
    call,
    (client) => addCertificate(client, { ...owner, certificatePem, purpose }),
    ({ ownerCode, fingerprint }) => ({ owner: ownerCode, change: 'certificate-added', fingerprint, purpose }),
  )
  output.result(row, [output.t('system.certAdded', { fingerprint: row.fingerprint, owner: row.ownerCode })])
}

/** The public members of a key, whichever half the file holds. @throws BusError LT_REG_BAD_KEY */
function readPublicKey(path: string): object {
  const text = readText(path)
  try {
    const key = text.trimStart().startsWith('{')
      ? createPublicKey({ key: JSON.parse(text) as never, format: 'jwk' })
      : createPublicKey(text)
    return key.export({ format: 'jwk' })
  } catch (cause) {
    throw new BusError('LT_REG_BAD_KEY', { reason: 'PEM / JWK' }, { cause })
  }
}
