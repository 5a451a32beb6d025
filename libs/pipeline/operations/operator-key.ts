import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { BusError } from '../../errors/index.ts'
import { findOperator, type Queryable } from '../../store/index.ts'
import type { Operator } from './operation.ts'

const SECRET_BYTES = 32
const KEY = /^lto_([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})_([A-Za-z0-9_-]{43})$/
const NOBODYS_HASH = Buffer.alloc(32)

/** A new access key `lto_<id>_<secret>` and the SHA-256 of its secret: all that is kept of it. */
export function makeOperatorKey(id: string): { readonly key: string; readonly hash: Buffer } {
  const secret = randomBytes(SECRET_BYTES)
  return { key: `lto_${id}_${secret.toString('base64url')}`, hash: hashOf(secret) }
}

/**
 * Who holds an access key, asked of the database at each call: a revocation counts at once. A key of nobody takes as long as a
 * wrong one.
 * @throws BusError LT_OPS_KEY_INVALID, LT_STORE_UNAVAILABLE
 */
export async function identifyOperator(database: Queryable, key: string): Promise<Operator> {
  const [, id = '', secret = ''] = KEY.exec(key) ?? []
  if (id === '') throw new BusError('LT_OPS_KEY_INVALID')
  const row = await findOperator(database, id)
  const right = timingSafeEqual(hashOf(Buffer.from(secret, 'base64url')), row?.key_hash ?? NOBODYS_HASH)
  if (!right || !row || row.revoked_at !== null) throw new BusError('LT_OPS_KEY_INVALID')
  return { id: row.id, name: row.name, role: row.role }
}

const hashOf = (secret: Uint8Array): Buffer => createHash('sha256').update(secret).digest()
