import { createPublicKey, verify } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '../../../libs/client/index.ts'
import { TOKEN_KEY_FILE } from '../../gateway/auth/token-key.ts'
import type { DemoSystem } from './seed.ts'

/** An axis hears of a new system within 2 s. */
const PATIENCE_MS = 5_000
const LOOK_MS = 250
const ANSWER_MS = 2_000

/**
 * Whether the axis at an address works with our registry and our keys: it takes the client key of our system, which is random, and
 * signs the token with the key in our key folder. Any other axis refuses, however alike it is.
 */
export async function isOwnAxis(
  url: string,
  { systemCode, clientKeyPem }: DemoSystem,
  keyDir: string,
): Promise<boolean> {
  const client = createClient({
    baseUrl: url,
    systemCode,
    key: clientKeyPem,
    retryForMs: 0,
    stallMs: ANSWER_MS,
  })
  const publicKey = createPublicKey(await readFile(join(keyDir, TOKEN_KEY_FILE), 'utf8'))
  for (const end = Date.now() + PATIENCE_MS; ; await sleep(LOOK_MS)) {
    try {
      const token = (await client.authorization()).replace(/^Bearer /, '')
      const [head = '', body = '', signature = ''] = token.split('.')
      const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
      return verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'))
    } catch {
      if (Date.now() > end) return false
    }
  }
}
