import { createPrivateKey, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BusError } from '../errors/index.ts'
import { createEvidenceSigner, type EvidenceSigner } from '../signature/index.ts'

/** Files in the key folder. `lienthong pki` makes both for a test axis. */
export const RECEIPT_KEY_FILES = {
  receiptKey: 'receipt.key.pem',
  /** The certificate of the receipt key, then those up to the root, the root itself left out. */
  receiptChain: 'receipt.chain.pem',
} as const

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/** The signer of receipts. @throws BusError LT_CONF_FILE_UNREADABLE, LT_EVD_KEY_UNFIT */
export async function loadEvidenceSigner(keyDir: string): Promise<EvidenceSigner> {
  const chainFile = join(keyDir, RECEIPT_KEY_FILES.receiptChain)
  const key: KeyObject = createPrivateKey(await read(join(keyDir, RECEIPT_KEY_FILES.receiptKey)))
  const [certificate, ...chain] = (await read(chainFile)).match(CERTIFICATE) ?? []
  if (certificate === undefined) throw new BusError('LT_CONF_FILE_UNREADABLE', { path: chainFile })
  return createEvidenceSigner({ key, certificate, chain })
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new BusError('LT_CONF_FILE_UNREADABLE', { path }, { cause })
  }
}
