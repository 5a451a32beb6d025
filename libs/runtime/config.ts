import type { Static, TObject, TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { BusError, isBusError } from '../errors/index.ts'
import { type Environment, processEnvironment } from './environment.ts'
import { readSecret } from './secret.ts'

/** Variables that belong to the runtime itself and to no service. */
const OWN_VARIABLES = ['LT_ENV_DIR']

const NUMBER = /^-?\d{1,15}(\.\d{1,15})?$/

type Setting = TSchema & {
  type?: string
  items?: Setting
  anyOf?: Setting[]
  description?: string
  default?: unknown
  secret?: boolean
}

/** The variable of a property: `databaseUrl` → `DATABASE_URL`, `leaseTtlMs` → `LEASE_TTL_MS`. */
export function variableName(property: string): string {
  return property.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
}

/**
 * Reads the settings of a service, once. Each property of the schema is one variable; its `description` stands in the
 * report, its `default` is used when the variable is unset or empty; `secret: true` also allows `NAME_FILE`. Times are
 * integers in milliseconds. Lists are separated by commas.
 * @throws BusError LT_CONF_INVALID with every problem at once
 */
export function loadConfig<S extends TObject>(schema: S, env: Environment = processEnvironment()): Static<S> {
  const problems: string[] = []
  const config: Record<string, unknown> = {}
  for (const [property, setting] of Object.entries(schema.properties) as [string, Setting][]) {
    try {
      const value = readSetting(property, setting, schema.required?.includes(property) ?? false, env)
      if (value !== undefined) config[property] = value
    } catch (error) {
      if (!isBusError(error)) throw error
      problems.push(`${error.params.problems ?? error.message} (${setting.description ?? 'no description'})`)
    }
  }
  if (problems.length > 0) throw new BusError('LT_CONF_INVALID', { problems: problems.join('\n  ') })
  return config as Static<S>
}

/** Variables that start with `LT_` and that no setting reads: most often a typing mistake. */
export function unknownVariables(schema: TObject, env: Environment): string[] {
  const known = new Set(OWN_VARIABLES)
  for (const property of Object.keys(schema.properties))
    known.add(variableName(property)).add(`${variableName(property)}_FILE`)
  return Object.keys(env).filter((name) => name.startsWith('LT_') && !known.has(name))
}

function readSetting(property: string, setting: Setting, required: boolean, env: Environment): unknown {
  const name = variableName(property)
  const text = setting.secret ? readSecret(env, name) : env[name] || undefined
  if (text === undefined) {
    if (setting.default !== undefined) return setting.default
    if (required) throw new BusError('LT_CONF_INVALID', { problems: `${name} is missing` })
    return undefined
  }
  const value = parseText(text, setting)
  const [first] = Value.Errors(setting, value)
  if (first) {
    const shown = setting.secret ? 'its value' : JSON.stringify(text.slice(0, 80))
    throw new BusError('LT_CONF_INVALID', { problems: `${name}: ${shown} ${first.message}` })
  }
  return value
}

function parseText(text: string, setting: Setting): unknown {
  if (setting.type === 'array') return text.split(',').map((item) => parseText(item.trim(), setting.items ?? {}))
  if (setting.type === 'integer' || setting.type === 'number') return NUMBER.test(text) ? Number(text) : text
  if (setting.type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  return text
}
