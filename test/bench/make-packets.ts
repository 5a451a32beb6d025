import { fork } from 'node:child_process'
import { join } from 'node:path'
import { issueCertificate } from '../../libs/signature/index.ts'
import type { BenchAxis } from './bench-axis.ts'
import type { SigningOrder } from './sign-packets.ts'

export type KeyKind = 'rsa' | 'ec'
const PROCESSES = 2

/** Signs packets of the first demo agency to the two others, in two processes; answers with the files they lie in. */
export async function makePackets(
  axis: BenchAxis,
  options: { count: number; bytes: number; key: KeyKind },
): Promise<string[]> {
  const [sender, ...receivers] = axis.systems
  if (!sender) throw new Error('no demo systems')
  const { agencyCode, agencyName } = sender
  const issued = await issueCertificate(axis.pki.issuing, {
    kind: 'agency',
    commonName: agencyName,
    agencyCode,
    algorithm: options.key,
  })
  const order = {
    count: Math.ceil(options.count / PROCESSES),
    bytes: options.bytes,
    sender: { code: agencyCode, name: agencyName },
    recipients: receivers.map((system) => system.agencyCode),
    keyPem: issued.privateKeyPem,
    chain: [issued.certificatePem, axis.pki.issuing.certificatePem],
  }
  return Promise.all(
    Array.from({ length: PROCESSES }, async (_, i) => {
      const file = join(axis.folder, `packets-${options.key}-${options.bytes}-${i}`)
      await signApart({ ...order, file, run: `${options.key}${i}-` })
      return file
    }),
  )
}

function signApart(order: SigningOrder): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'sign-packets.ts'), { execArgv: ['--import=tsx'] })
    child.send(order)
    child.once('message', () => resolve())
    child.once('exit', (code) => code !== 0 && reject(new Error(`signing ended with ${code}`)))
  })
}
