import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { BusError } from '../../libs/errors/index.ts'
import type { GatewayConfig } from './config.ts'

/** What the listener needs to speak TLS; client certificates are asked for, and judged by the registry of fingerprints. */
export interface ListenerTls {
  readonly cert: Buffer
  readonly key: Buffer
  readonly requestCert: true
  readonly rejectUnauthorized: false
}

/**
 * Certificate and key of the listener; `undefined` when neither is set: then it speaks plain HTTP, behind somebody who does TLS.
 * @throws BusError LT_CONF_INVALID when only one is set or they do not belong together, LT_CONF_FILE_UNREADABLE
 */
export function loadTls(config: Pick<GatewayConfig, 'tlsCertificateFile' | 'tlsKeyFile'>): ListenerTls | undefined {
  const { tlsCertificateFile, tlsKeyFile } = config
  if (tlsCertificateFile === undefined && tlsKeyFile === undefined) return undefined
  if (tlsCertificateFile === undefined || tlsKeyFile === undefined) {
    throw new BusError('LT_CONF_INVALID', {
      problems: 'TLS_CERTIFICATE_FILE and TLS_KEY_FILE: one is set, the other not',
    })
  }
  const pair = { cert: read(tlsCertificateFile), key: read(tlsKeyFile) }
  try {
    createSecureContext(pair)
  } catch (cause) {
    const problems = 'TLS_CERTIFICATE_FILE and TLS_KEY_FILE are not a certificate (PEM) and its private key'
    throw new BusError('LT_CONF_INVALID', { problems }, { cause })
  }
  return { ...pair, requestCert: true, rejectUnauthorized: false }
}

function read(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new BusError('LT_CONF_FILE_UNREADABLE', { path }, { cause })
  }
}
