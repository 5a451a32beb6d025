import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BusError } from '../../libs/errors/index.ts'
import { RECEIPT_KEY_FILES } from '../../libs/pipeline/index.ts'
import { type TrustAnchor, TrustStore } from '../../libs/signature/index.ts'

/** Files in the key folder. `lienthong pki` makes all of them for a test axis. */
export const KEY_FILES = {
  ...RECEIPT_KEY_FILES,
  /** Of the key that signs pushes and web hooks; published, and used by delivery only. */
  deliveryChain: 'delivery.chain.pem',
  /** Folders of PEM files: roots for packets of agencies, roots of the axis, intermediate certificates. */
  packetAnchors: 'trust/packet',
  axisAnchors: 'trust/axis',
  intermediates: 'trust/intermediate',
} as const

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/** Whom the axis trusts. @throws BusError LT_CONF_FILE_UNREADABLE, LT_CERT_UNREADABLE */
export async function loadTrust(keyDir: string): Promise<TrustStore> {
  const [packet, axis, intermediates] = await Promise.all(
    [KEY_FILES.packetAnchors, KEY_FILES.axisAnchors, KEY_FILES.intermediates].map((folder) =>
      readCertificates(join(keyDir, folder)),
    ),
  )
  const anchors: TrustAnchor[] = [
    ...(packet ?? []).map((certificate): TrustAnchor => ({ certificate, purposes: ['packet'] })),
    ...(axis ?? []).map((certificate): TrustAnchor => ({ certificate, purposes: ['axis'] })),
  ]
  return new TrustStore({ anchors, intermediates: intermediates ?? [] })
}

async function readCertificates(folder: string): Promise<string[]> {
  const names = (await list(folder)).filter((name) => name.endsWith('.pem')).sort()
  const files = await Promise.all(names.map((name) => read(join(folder, name))))
  return files.flatMap((text) => text.match(CERTIFICATE) ?? [])
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (cause) {
    throw new BusError('LT_CONF_FILE_UNREADABLE', { path: folder }, { cause })
  }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new BusError('LT_CONF_FILE_UNREADABLE', { path }, { cause })
  }
}
