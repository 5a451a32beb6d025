import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BusError } from '../../../../libs/errors/index.ts'

/** File of the key folder with the keys of the door's secrets: 32 bytes in Base64 a line, the one in use first. */
export const SECRET_KEYS_FILE = 'door-secrets.keys'

/** A key outside the database, under which the data keys of secrets lie. */
export interface SecretKey {
  /** First 16 hex digits of the key's SHA-256. */
  readonly id: string
  readonly bytes: Buffer
}

const KEY_BYTES = 32

/** The keys of the door, the one in use first. @throws BusError LT_CONF_FILE_UNREADABLE, LT_CONF_INVALID */
export function loadSecretKeys(keyDir: string): readonly [SecretKey, ...SecretKey[]] {
  const path = join(keyDir, SECRET_KEYS_FILE)
  let text: string
  try {
    text = readFileSync(path, 'latin1')
  } catch (cause) {
    throw new BusError('LT_CONF_FILE_UNREADABLE', { path }, { cause })
  }
  const [first, ...others] = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => Buffer.from(line.trim(), 'base64'))
  const unfit = [first, ...others].some((bytes) => bytes?.length !== KEY_BYTES)
  if (!first || unfit)
    throw new BusError('LT_CONF_INVALID', { problems: `${path}: each line is a key of ${KEY_BYTES} bytes in Base64` })
  return [named(first), ...others.map(named)]
}

/** A new line of the file. */
export const newSecretKeyLine = (): string => `${randomBytes(KEY_BYTES).toString('base64')}\n`

const named = (bytes: Buffer): SecretKey => ({
  id: createHash('sha256').update(bytes).digest('hex').slice(0, 16),
  bytes,
})
