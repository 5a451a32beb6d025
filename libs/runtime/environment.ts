import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { BusError } from '../errors/index.ts'

/** Settings as text, by variable name: what a process is started with. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A copy of the environment of this process. Only `libs/runtime` may touch `process.env`; everyone else starts here. */
export function processEnvironment(): Environment {
  return { ...process.env }
}

/**
 * The variables of one `NAME=value` file.
 * @throws BusError LT_CONF_FILE_UNREADABLE
 */
export function readEnvFile(path: string): Environment {
  try {
    return parseEnv(readFileSync(path, 'utf8')) as Environment
  } catch (cause) {
    throw new BusError('LT_CONF_FILE_UNREADABLE', { path }, { cause })
  }
}

/**
 * What one service is started with: `base`, and over it `<LT_ENV_DIR>/<service>.env` when LT_ENV_DIR is set.
 * One file per service, so that several services in one process still use their own credentials.
 * @param mayBeMissing a service without a file has no settings
 * @throws BusError LT_CONF_FILE_UNREADABLE
 */
export function serviceEnvironment(
  service: string,
  base: Environment = processEnvironment(),
  mayBeMissing = false,
): Environment {
  const folder = base.LT_ENV_DIR
  if (folder && mayBeMissing && !existsSync(join(folder, `${service}.env`))) return {}
  return folder ? { ...base, ...readEnvFile(join(folder, `${service}.env`)) } : base
}
