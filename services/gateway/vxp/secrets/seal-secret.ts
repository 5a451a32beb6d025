import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { DoorSecretRow } from '../../../../libs/store/index.ts'
import type { SecretKey } from './secret-keys.ts'

const IV_BYTES = 12
const TAG_BYTES = 16

type Owner = Pick<DoorSecretRow, 'id' | 'systemId'>
type Sealed = Pick<DoorSecretRow, 'keyId' | 'wrapped' | 'sealed'>

/**
 * Seals a secret under a data key of its own and that under `key` (AES-256-GCM). System and id of the secret are bound in: a row
 * copied to another system opens nothing.
 */
export function sealSecret(key: SecretKey, owner: Owner, secret: string): Sealed {
  const dataKey = randomBytes(32)
  return {
    keyId: key.id,
    wrapped: encrypt(key.bytes, dataKey, bindingOf(owner, key.id)),
    sealed: encrypt(dataKey, Buffer.from(secret, 'utf8'), bindingOf(owner, 'secret')),
  }
}

/** The secret's bytes, as the HMAC takes them. @throws when it was not sealed so, or the key is none of these */
export function openSecret(keys: readonly SecretKey[], row: Owner & Sealed): Buffer {
  return decrypt(openDataKey(keys, row), row.sealed, bindingOf(row, 'secret'))
}

/** The same data key under another key; the secret itself is not opened. @throws like `openSecret` */
export function rewrapSecret(
  keys: readonly SecretKey[],
  to: SecretKey,
  row: Owner & Sealed,
): Pick<Sealed, 'keyId' | 'wrapped'> {
  return { keyId: to.id, wrapped: encrypt(to.bytes, openDataKey(keys, row), bindingOf(row, to.id)) }
}

function openDataKey(keys: readonly SecretKey[], row: Owner & Sealed): Buffer {
  const key = keys.find(({ id }) => id === row.keyId)
  if (!key) throw new Error(`the key ${row.keyId} is not in the key folder`)
  return decrypt(key.bytes, row.wrapped, bindingOf(row, row.keyId))
}

const bindingOf = ({ id, systemId }: Owner, what: string): Buffer => Buffer.from(`${systemId} ${id} ${what}`)

function encrypt(key: Buffer, plain: Buffer, binding: Buffer): Buffer {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(binding)
  const text = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), text])
}

function decrypt(key: Buffer, sealed: Buffer, binding: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
  decipher.setAAD(binding).setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
  return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()])
}
