import type { ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { Static, TSchema } from 'typebox'
import { BusError } from '../errors/index.ts'

/** Where and how a value departs from its schema. */
export interface SchemaProblem {
  /** JSON pointer into the value; `''` is the value itself. */
  readonly path: string
  /** One sentence in English, without the value. */
  readonly message: string
}

export interface CompiledSchema<T> {
  /** Whether a value follows the schema exactly; the value is never changed. */
  matches(value: unknown): value is T
  /** The first departure, or `undefined`. */
  problemOf(value: unknown): SchemaProblem | undefined
}

/** The formats that our schemas use; the others would be unknown words to a strict compiler. */
const FORMATS = ['date', 'date-time', 'uuid', 'uri', 'email', 'ipv4', 'ipv6'] as const

const ajv = new Ajv2020({
  strict: true,
  // All errors at once would let a hostile value make the report longer than itself.
  allErrors: false,
  coerceTypes: false,
  removeAdditional: false,
  useDefaults: false,
  ownProperties: true,
})
addFormats.default(ajv, [...FORMATS])

/**
 * Compiles a JSON Schema (2020-12). Strict: unknown keywords and formats are errors of the schema; values are neither
 * coerced nor filled nor cut. Compile once and keep the result.
 * @throws BusError LT_SCHEMA_UNREADABLE when the schema itself is faulty
 */
export function compileSchema<S extends TSchema>(schema: S): CompiledSchema<Static<S>>
export function compileSchema<T = unknown>(schema: Readonly<Record<string, unknown>>): CompiledSchema<T>
export function compileSchema(schema: object): CompiledSchema<unknown> {
  const validate = compile(schema)
  return {
    matches: (value): value is unknown => validate(value),
    problemOf: (value) => {
      if (validate(value)) return undefined
      const error = validate.errors?.[0]
      return { path: error?.instancePath ?? '', message: error?.message ?? 'does not follow the schema' }
    },
  }
}

function compile(schema: object): ValidateFunction {
  try {
    return ajv.compile(schema)
  } catch (cause) {
    const name = '$id' in schema ? String(schema.$id) : 'JSON Schema'
    throw new BusError('LT_SCHEMA_UNREADABLE', { schema: name, detail: (cause as Error).message }, { cause })
  }
}
