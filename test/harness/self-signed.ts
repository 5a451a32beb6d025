import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface SelfSigned {
  readonly key: Buffer
  readonly cert: Buffer
  readonly keyFile: string
  readonly certificateFile: string
}

/** A key pair on P-256 with a certificate nobody else vouches for, good for two days, as files in a folder. */
export function selfSigned(folder: string, name: string): SelfSigned {
  const [keyFile, certificateFile] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)]
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const args = ['req', ...kind, '-subj', `/CN=${name}`, '-keyout', keyFile, '-out', certificateFile]
  execFileSync('openssl', args, { stdio: 'pipe' })
  return { key: readFileSync(keyFile), cert: readFileSync(certificateFile), keyFile, certificateFile }
}
