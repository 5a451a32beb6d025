import { readFileSync, statSync } from 'node:fs'
import { BusError } from '../errors/index.ts'
import type { Environment } from './environment.ts'

const MAX_SECRET_BYTES = 64 * 1024

/**
 * The secret `NAME`, from the variable itself or from the file that `NAME_FILE` names (one trailing line end is cut off);
 * `undefined` when neither is set. The value never stands in an error.
 * @throws BusError LT_CONF_INVALID (both are set), LT_CONF_FILE_UNREADABLE
 */
export function readSecret(env: Environment, name: string): string | undefined {
  const direct = env[name] || undefined
  const path = env[`${name}_FILE`] || undefined
  if (path === undefined) return direct
  if (direct !== undefined) throw new BusError('LT_CONF_INVALID', { problems: `${name} and ${name}_FILE are both set` })
  try {
    if (statSync(path).size > MAX_SECRET_BYTES) throw new Error('longer than 64 KB')
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch (cause) {
    throw new BusError('LT_CONF_FILE_UNREADABLE', { path }, { cause })
  }
}
