import { randomBytes } from 'node:crypto'
import { uuidv7 } from '../../../../libs/model/index.ts'
import { insertDoorSecret, type Queryable } from '../../../../libs/store/index.ts'
import { sealSecret } from './seal-secret.ts'
import { loadSecretKeys } from './secret-keys.ts'

/**
 * Makes a secret of a system and keeps it sealed; the answer is the only place where it can be read. Secrets it had until now end
 * after the overlap. @throws BusError LT_CONF_FILE_UNREADABLE, LT_CONF_INVALID (key folder)
 */
export async function makeSecret(
  database: Queryable,
  system: { readonly id: string },
  options: { readonly keyDir: string; readonly overlapHours: number },
): Promise<string> {
  const [key] = loadSecretKeys(options.keyDir)
  const owner = { id: uuidv7(), systemId: system.id }
  const secret = randomBytes(32).toString('base64url')
  await insertDoorSecret(database, { ...owner, ...sealSecret(key, owner, secret) }, options.overlapHours)
  return secret
}
