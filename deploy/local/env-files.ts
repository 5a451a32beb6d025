import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Folders } from './folders.ts'
import { natsUrl } from './nats.ts'
import { redisUrl } from './redis.ts'
import { SERVICE_ROLES, type ServiceRole } from './role.ts'
import { type Chosen, serviceDatabaseUrl } from './start-servers.ts'
import type { LocalState } from './state.ts'

/** What a service is started with on this machine; the same names are explained in `deploy/env.example`. */
export function localEnvironment(
  role: ServiceRole,
  state: LocalState,
  folders: Folders,
  chosen: Chosen,
): Record<string, string> {
  const variables: Record<string, string> = {
    DATABASE_URL: serviceDatabaseUrl(state, role, chosen.postgres),
    NATS_URL: chosen.nats ?? natsUrl(state.ports.nats, role, state.passwords),
    REDIS_URL: chosen.redis ?? redisUrl(state.ports.redis, state.passwords),
    BLOB_DIR: folders.blobs,
    KEY_DIR: folders.keys,
    LISTEN_HOST: '127.0.0.1',
    LISTEN_PORT: String(state.listenPorts[role]),
  }
  if (role === 'gateway') variables.DOOR_PORT = String(state.listenPorts.door)
  return variables
}

/** Writes `.local/env/<service>.env` for every service, readable by us only, `owner.env` for `make migrate` and `backup.env` for `lienthong backup`. */
export function writeEnvFiles(state: LocalState, folders: Folders, chosen: Chosen): void {
  for (const role of SERVICE_ROLES) write(folders, role, localEnvironment(role, state, folders, chosen))
  for (const role of ['owner', 'backup'] as const)
    write(folders, role, { DATABASE_URL: serviceDatabaseUrl(state, role, chosen.postgres) })
}

function write(folders: Folders, name: string, variables: Readonly<Record<string, string>>): void {
  const lines = Object.entries(variables).map(([key, value]) => `${key}='${value}'`)
  writeFileSync(join(folders.env, `${name}.env`), `${lines.join('\n')}\n`, { mode: 0o600 })
}
