const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}/y
const VALUE = /[!#$%&'*+.^_`|~0-9A-Za-z/-]{1,200}/y
const QUOTED = /"((?:[^"\\\r\n]|\\[^\r\n]){0,2000})"/y
const SPACE = /[ \t]{0,20}/y

/** A header value with parameters (RFC 2045 5.1): names in lower case, quoted strings unquoted. */
export interface ParameterizedValue {
  readonly value: string
  readonly parameters: ReadonlyMap<string, string>
}

/** Reads `value; name=value; name="quoted"`, or answers why that cannot be done: two readers must never see two things in it. */
export function parseParameters(text: string): ParameterizedValue | { readonly problem: string } {
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match) at = pattern.lastIndex
    return match
  }
  take(SPACE)
  const value = take(VALUE)?.[0]
  if (value === undefined) return { problem: 'no value' }
  const parameters = new Map<string, string>()
  for (;;) {
    take(SPACE)
    if (at === text.length) return { value: value.toLowerCase(), parameters }
    if (text[at++] !== ';') return { problem: 'unexpected characters' }
    take(SPACE)
    if (at === text.length) return { value: value.toLowerCase(), parameters }
    const name = take(TOKEN)?.[0].toLowerCase()
    if (name === undefined || text[at++] !== '=') return { problem: 'a parameter without a name' }
    const quoted = text[at] === '"' ? take(QUOTED)?.[1] : undefined
    const content = quoted === undefined ? take(VALUE)?.[0] : quoted.replace(/\\(.)/g, '$1')
    if (content === undefined) return { problem: `the parameter ${name} has no value` }
    if (parameters.has(name)) return { problem: `the parameter ${name} stands twice` }
    parameters.set(name, content)
  }
}
