import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BusError } from '../../../libs/errors/index.ts'
import type { HttpServer } from '../../../libs/http/index.ts'
import { type Static, Type } from '../../../libs/schema/index.ts'
import type { TokenKey } from '../auth/token-key.ts'
import { KEY_FILES } from '../load-keys.ts'

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g
/** Seconds others may keep the answer: a key is changed with its successor published first. */
const KEPT_S = 300

const chainShape = Type.Array(Type.String({ description: 'certificate, PEM' }), {
  description: 'the certificate of the key, then those up to the root, the root itself left out',
})
const keysShape = Type.Object({
  receipts: chainShape,
  /** Signs pushes and web hooks (RFC 9421); absent where this axis pushes nothing. */
  delivery: Type.Optional(chainShape),
  tokens: Type.Object({
    keys: Type.Array(
      Type.Object({
        kty: Type.String(),
        crv: Type.String(),
        x: Type.String(),
        y: Type.String(),
        kid: Type.String(),
        alg: Type.String(),
        use: Type.String(),
      }),
    ),
  }),
})

export type PublicKeys = Static<typeof keysShape>

/**
 * GET /v1/keys: what the axis signs with, for everyone, without authentication: the chains behind receipts and behind pushes, and the token
 * key as a set of RFC 7517.
 */
export function registerShowKeys(server: HttpServer, keys: PublicKeys): void {
  server.get(
    '/v1/keys',
    {
      schema: {
        security: [],
        operationId: 'showKeys',
        summary: 'Public keys and certificates of the axis',
        response: { 200: keysShape },
      },
    },
    async (_request, reply) => reply.header('cache-control', `public, max-age=${KEPT_S}`).send(keys),
  )
}

/** Those of this axis, from the key folder. @throws BusError LT_CONF_FILE_UNREADABLE */
export async function loadPublicKeys(keyDir: string, token: TokenKey): Promise<PublicKeys> {
  const [receipts, delivery] = await Promise.all([
    readChain(join(keyDir, KEY_FILES.receiptChain)),
    // A door without delivery beside it has no such key.
    readChain(join(keyDir, KEY_FILES.deliveryChain)).catch((error: { cause?: NodeJS.ErrnoException }) => {
      if (error.cause?.code === 'ENOENT') return undefined
      throw error
    }),
  ])
  const { kty = '', crv = '', x = '', y = '' } = token.publicKey.export({ format: 'jwk' })
  return {
    receipts,
    ...(delivery ? { delivery } : {}),
    tokens: { keys: [{ kty, crv, x, y, kid: token.kid, alg: 'ES256', use: 'sig' }] },
  }
}

async function readChain(path: string): Promise<string[]> {
  try {
    return (await readFile(path, 'utf8')).match(CERTIFICATE) ?? []
  } catch (cause) {
    throw new BusError('LT_CONF_FILE_UNREADABLE', { path }, { cause })
  }
}
