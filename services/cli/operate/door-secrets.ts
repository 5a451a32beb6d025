import { join } from 'node:path'
import { BusError } from '../../../libs/errors/index.ts'
import { readSecret, serviceEnvironment } from '../../../libs/runtime/index.ts'
import {
  endDoorSecret,
  listDoorRequests,
  listDoorSecrets,
  openPool,
  type Queryable,
  readDoorSecrets,
  readSystem,
  rewrapDoorSecret,
  type SystemRow,
  settleDoorRequest,
} from '../../../libs/store/index.ts'
import { makeSecret } from '../../gateway/vxp/secrets/make-secret.ts'
import { rewrapSecret } from '../../gateway/vxp/secrets/seal-secret.ts'
import { loadSecretKeys } from '../../gateway/vxp/secrets/secret-keys.ts'
import { type Call, EXIT_CODES } from '../command.ts'
import { argument, shownTime, wholeNumber } from '../command-line.ts'
import { databaseError, withDatabase } from '../database.ts'
import { table } from '../output.ts'
import { changeRegistry } from './change-registry.ts'

/** A week in which both secrets open the door: time to change the configuration of a client. */
const OVERLAP_HOURS = 168
const MAX_OVERLAP_HOURS = 24 * 366

/** The key folder of the services. */
const keyDirOf = (call: Call): string => serviceEnvironment('cli', call.environment).KEY_DIR ?? join('.local', 'keys')

/** A first secret, inside the transaction that makes its system. */
export const firstSecret = (call: Call, database: Queryable, system: Pick<SystemRow, 'id'>): Promise<string> =>
  makeSecret(database, system, { keyDir: keyDirOf(call), overlapHours: 0 })

/**
 * `system secret CODE [--overlap-hours N]`: a new secret, told once; those it had open the door for so long. `--list`: which there are.
 * `--revoke ID`: one of them ends at once.
 */
export async function changeSecret(call: Call): Promise<number> {
  const { output, flags, values } = call
  const code = argument(call, 1, 'CODE')
  if (flags.list) return listSecrets(call, code)
  if (values.revoke !== undefined) return revokeSecret(call, code, values.revoke)
  const overlapHours = wholeNumber(call, 'overlap-hours', OVERLAP_HOURS, [0, MAX_OVERLAP_HOURS])
  const secret = await changeRegistry(
    call,
    async (client) => makeSecret(client, await known(client, code), { keyDir: keyDirOf(call), overlapHours }),
    () => ({ system: code, change: 'door-secret', overlapHours }),
  )
  output.result({ systemid: code, secret }, secretLines(call, code, secret))
  return EXIT_CODES.done
}

/** What a client program is configured with. The secret cannot be read again. */
export const secretLines = ({ output }: Call, code: string, secret: string): string[] => [
  output.t('system.secret'),
  `systemid=${code}`,
  `secret=${secret}`,
]

async function listSecrets(call: Call, code: string): Promise<number> {
  const { output } = call
  const secrets = await withDatabase(call, async (pool) => listDoorSecrets(pool, (await known(pool, code)).id))
  const rows = secrets.map(({ id, keyId, madeAt, endsAt }) => [
    id,
    keyId,
    shownTime(madeAt),
    endsAt === null ? '-' : shownTime(endsAt),
  ])
  output.result(secrets, table([output.t('system.secretColumns').split('|'), ...rows]))
  return EXIT_CODES.done
}

async function revokeSecret(call: Call, code: string, id: string): Promise<number> {
  const { output } = call
  const ended = await changeRegistry(
    call,
    async (client) => endDoorSecret(client, (await known(client, code)).id, id),
    (done) => (done ? { system: code, change: 'door-secret-revoked', secret: id } : undefined),
  )
  output.result({ system: code, secret: id, ended }, [
    output.t(ended ? 'system.secretRevoked' : 'system.secretUnknown', { code, id }),
  ])
  return ended ? EXIT_CODES.done : EXIT_CODES.notFound
}

/**
 * `system rewrap`: after a new key was put first into the key file, all secrets are put under it; then the old line can go. Reads what the
 * gateway alone may read: DATABASE_URL is that of the gateway (`LT_ENV_DIR` with gateway.env).
 */
export async function rewrapSecrets(call: Call): Promise<void> {
  const { output } = call
  const url = readSecret(serviceEnvironment('gateway', call.environment), 'DATABASE_URL')
  if (url === undefined)
    throw new BusError('LT_CONF_INVALID', {
      problems: 'DATABASE_URL (role lt_gateway), or LT_ENV_DIR with gateway.env',
    })
  const keys = loadSecretKeys(keyDirOf(call))
  const pool = openPool(url, { name: 'lienthong cli', max: 1 })
  try {
    let count = 0
    for (const row of await readDoorSecrets(pool)) {
      if (row.keyId === keys[0].id) continue
      if (await rewrapDoorSecret(pool, row, rewrapSecret(keys, keys[0], row))) count += 1
    }
    output.result({ key: keys[0].id, count }, [output.t('system.rewrapped', { key: keys[0].id, count })])
  } catch (error) {
    throw databaseError(error)
  } finally {
    await pool.end()
  }
}

/** `system requests [--settle ID]`: what systems asked of the directory at the compatible door and nobody decided. */
export async function showDoorRequests(call: Call): Promise<number> {
  const { output, values } = call
  const { settle } = values
  if (settle !== undefined) {
    const settled = await changeRegistry(
      call,
      (client) => settleDoorRequest(client, settle),
      (done) => (done ? { change: 'door-request-settled', request: settle } : undefined),
    )
    output.result({ id: settle, settled }, [output.t(settled ? 'system.settled' : 'system.notWaiting', { id: settle })])
    return settled ? EXIT_CODES.done : EXIT_CODES.notFound
  }
  const requests = await withDatabase(call, listDoorRequests)
  const rows = requests.map(({ id, system, action, agencyCode, details, askedAt }) => [
    id,
    shownTime(askedAt),
    system,
    action,
    agencyCode,
    details.name ?? '',
  ])
  output.result(requests, table([output.t('system.requestColumns').split('|'), ...rows]))
  return EXIT_CODES.done
}

async function known(database: Queryable, code: string): Promise<SystemRow> {
  const system = await readSystem(database, code)
  if (!system) throw new BusError('LT_REG_UNKNOWN_SYSTEM', { system: code.slice(0, 64) })
  return system
}
