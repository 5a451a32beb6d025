import { readFileSync } from 'node:fs'
import { BlockList, isIP } from 'node:net'
import { createSecureContext } from 'node:tls'
import { BusError } from '../errors/index.ts'

/** PEM files of a listener. */
export interface TlsSettings {
  readonly tlsCertificateFile?: string
  readonly tlsKeyFile?: string
}

/** What the listener needs to speak TLS; client certificates, where they are asked for, are judged by the registry of fingerprints. */
export interface ListenerTls {
  readonly cert: Buffer
  readonly key: Buffer
  readonly requestCert: boolean
  readonly rejectUnauthorized: false
}

/**
 * Certificate and key of the listener; `undefined` when neither is set: then it speaks plain HTTP, behind somebody who does TLS.
 * @throws BusError LT_CONF_INVALID when only one is set or they do not belong together, LT_CONF_FILE_UNREADABLE
 */
export function loadTls(
  { tlsCertificateFile, tlsKeyFile }: TlsSettings,
  { clientCertificates = false } = {},
): ListenerTls | undefined {
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
  return { ...pair, requestCert: clientCertificates, rejectUnauthorized: false }
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/**
 * For listeners that secrets travel to in every call: without TLS only this machine may reach them.
 * @throws BusError LT_CONF_INVALID
 */
export function refusePlainNetwork(listenHost: string, tls: ListenerTls | undefined): void {
  const family = isIP(listenHost)
  const local = family === 0 ? listenHost === 'localhost' : LOOPBACK.check(listenHost, family === 6 ? 'ipv6' : 'ipv4')
  if (tls || local) return
  const problems = `LISTEN_HOST ${listenHost}: other machines reach it, so TLS_CERTIFICATE_FILE and TLS_KEY_FILE are needed`
  throw new BusError('LT_CONF_INVALID', { problems })
}

function read(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new BusError('LT_CONF_FILE_UNREADABLE', { path }, { cause })
  }
}
