/** What JSON can carry. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue }

const MAX_DEPTH = 64

/**
 * The one text of a JSON value, RFC 8785: members by UTF-16 code units of their names, no white space, ECMAScript numbers and strings.
 * @throws TypeError for what has no JSON form: infinities, a lone surrogate, `undefined`, functions, dates, more than 64 levels
 */
export function canonicalJson(value: JsonValue): string {
  return write(value, 0)
}

function write(value: JsonValue, depth: number): string {
  if (depth > MAX_DEPTH) throw new TypeError('JSON is nested too deeply')
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return writeString(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError('JSON has no form for this number')
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) return `[${value.map((item: JsonValue) => write(item, depth + 1)).join(',')}]`
  if (typeof value !== 'object' || !isPlain(value)) throw new TypeError('JSON has no form for this value')
  const members = value as { readonly [name: string]: JsonValue }
  const names = Object.keys(members).sort()
  return `{${names.map((name) => `${writeString(name)}:${write(members[name] as JsonValue, depth + 1)}`).join(',')}}`
}

function writeString(text: string): string {
  if (/\p{Cs}/u.test(text)) throw new TypeError('JSON text holds half a surrogate pair')
  return JSON.stringify(text)
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
