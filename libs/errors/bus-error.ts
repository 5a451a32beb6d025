import { catalogue, type ErrorCode } from './catalogue.ts'
import type { CatalogueEntry } from './entry.ts'

export type ErrorParams = Readonly<Record<string, string | number>>

/** The one error class of the product. `code` picks the catalogue entry, `params` fill its texts. */
export class BusError extends Error {
  override readonly name = 'BusError'
  readonly code: ErrorCode
  readonly params: ErrorParams

  constructor(code: ErrorCode, params: ErrorParams = {}, options?: { cause?: unknown }) {
    super(fill(catalogue[code].title.en, params), options)
    this.code = code
    this.params = params
  }

  get entry(): CatalogueEntry {
    return catalogue[this.code]
  }
}

/** Puts the parameters into a text; a parameter that is missing stays visible as `{name}`. */
export function fill(text: string, params: ErrorParams): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in params ? String(params[name]) : whole))
}

export function isBusError(value: unknown, code?: ErrorCode): value is BusError {
  return value instanceof BusError && (code === undefined || value.code === code)
}
