import { createPrivateKey, X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Issued, Issuer } from '../../../libs/signature/index.ts'

/** Where a certificate and its private key lie, both PEM. */
export interface PairFiles {
  readonly certificate: string
  readonly key: string
}

/**
 * The pair in these files; made first where there is no key yet. A key that lies there is never replaced: the certificate is
 * written before its key, so that a key without a certificate cannot come from us.
 */
export async function keepPair(files: PairFiles, make: () => Promise<Issued>, chain: readonly string[] = []): Promise<Issuer> {
  if (!existsSync(files.key)) {
    const { certificatePem, privateKeyPem } = await make()
    await writeWhole(files.certificate, [certificatePem, ...chain].join(''), 0o644)
    await writeWhole(files.key, privateKeyPem, 0o600)
  }
  const [certificatePem, privateKeyPem] = await Promise.all([readFile(files.certificate, 'utf8'), readFile(files.key, 'utf8')])
  const leaf = new X509Certificate(certificatePem)
  if (!leaf.checkPrivateKey(createPrivateKey(privateKeyPem))) throw new Error(`${files.key} is not the key of ${files.certificate}`)
  return { certificatePem: leaf.toString(), privateKeyPem }
}

/** A file that is there whole or not at all, also after a loss of power. */
export async function writeWhole(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = `${path}.new`
  const file = await open(temporary, 'w', mode)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
}
