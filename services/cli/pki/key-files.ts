import { createPrivateKey, X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { writeDurably } from '../../../libs/client/index.ts'
import { BusError } from '../../../libs/errors/index.ts'
import type { Issued, Issuer } from '../../../libs/signature/index.ts'
import { makeFolder } from '../make-folder.ts'

/** Where a certificate and its private key lie, both PEM. */
export interface PairFiles {
  readonly certificate: string
  readonly key: string
}

/**
 * The pair in these files; made first where there is no key yet. A key that lies there is never replaced: the certificate is
 * written before its key, so that a key without a certificate cannot come from us.
 * @throws BusError LT_CONF_INVALID when the two do not belong together; LT_CLIENT_FOLDER_UNUSABLE
 */
export async function keepPair(
  files: PairFiles,
  make: () => Promise<Issued>,
  chain: readonly string[] = [],
): Promise<Issuer> {
  if (!existsSync(files.key)) {
    const { certificatePem, privateKeyPem } = await make()
    await makeFolder(dirname(files.certificate))
    await writeDurably(files.certificate, Buffer.from([certificatePem, ...chain].join('')), 0o644)
    await writeDurably(files.key, Buffer.from(privateKeyPem))
  }
  const [certificatePem, privateKeyPem] = await Promise.all([
    readFile(files.certificate, 'utf8'),
    readFile(files.key, 'utf8'),
  ])
  const leaf = new X509Certificate(certificatePem)
  if (!leaf.checkPrivateKey(createPrivateKey(privateKeyPem))) {
    throw new BusError('LT_CONF_INVALID', { problems: `${files.key} is not the key of ${files.certificate}` })
  }
  return { certificatePem: leaf.toString(), privateKeyPem }
}
