import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What an independent program says of a signed receipt. */
export type Xmlsec = { readonly ok: true } | { readonly ok: false; readonly reason: string }

/** Whether the program is there. */
export async function hasXmlsec(): Promise<boolean> {
  return run('xmlsec1', ['--version']).then(
    () => true,
    () => false,
  )
}

/** Plain `xmlsec1 --verify --trusted-pem`, as anyone would type it. */
export async function askXmlsec(file: string, rootPem: string): Promise<Xmlsec> {
  try {
    await run('xmlsec1', ['--verify', '--trusted-pem', rootPem, file], { timeout: 20_000 })
    return { ok: true }
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: string; message: string }
    return { ok: false, reason: (stderr || message).split('\n', 1)[0] ?? '' }
  }
}
