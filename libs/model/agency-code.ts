declare const brand: unique symbol
/** The canonical identifier code of an agency, as the registry knows it. Only `libs/registry` turns text into one. */
export type AgencyCode = string & { readonly [brand]: 'AgencyCode' }

/** Old structure, QCVN 102:2016: `V1V2V3.Z1Z2.Y1Y2.MX1X2`, most specific group first. */
export const OLD_CODE = /^(\d{3})\.(\d{2})\.(\d{2})\.([A-Z]\d{2})$/
/** New structure, Decision 20/2020/QĐ-TTg article 4: level 1 first, at most 35 characters. */
export const NEW_CODE = /^(?=.{3,35}$)[A-Z]\d{2}(?:\.[0-9A-Z]+)*$/
/** Connecting hubs, seen as `00.53.W00`. */
export const HUB_CODE = /^\d{2}\.\d{2}\.W\d{2}$/
/** Enterprises, cooperatives, households: the registration code, Decision 20/2020 article 5. */
export const ENTERPRISE_CODE = /^(?:\d{10}(?:-\d{3})?|\d{12})$/
/** Other organisations: scheme code and organisation code without a separator, Decision 20/2020 article 6. */
export const OTHER_CODE = /^(?=.{2,35}$)[0-9A-Z]+$/

export type CodeStructure = 'new' | 'old' | 'hub' | 'enterprise' | 'other'

/** Which structure a text has, or `undefined` when it is no identifier code at all. Case matters: the law says upper case. */
export function codeStructure(text: string): CodeStructure | undefined {
  if (NEW_CODE.test(text)) return 'new'
  if (OLD_CODE.test(text)) return 'old'
  if (HUB_CODE.test(text)) return 'hub'
  if (ENTERPRISE_CODE.test(text)) return 'enterprise'
  if (OTHER_CODE.test(text)) return 'other'
  return undefined
}

/** Cleans what legacy systems write round a code: white space, lower case, and the `#…` some append. */
export function normalizeCode(text: string): string {
  return (text.split('#', 1)[0] as string).trim().toUpperCase()
}

/** The new code that the rule gives for an old one (groups reversed, empty tail dropped); `undefined` when a middle group is empty. */
export function oldToNew(old: string): string | undefined {
  const match = OLD_CODE.exec(old)
  if (!match) return undefined
  const groups = [match[4], match[3], match[2], match[1]] as string[]
  while (/^0+$/.test(groups[groups.length - 1] as string)) groups.pop()
  return groups.slice(1).some((group) => /^0+$/.test(group)) ? undefined : groups.join('.')
}

/** The old code that the rule gives for a new one (`H53.13` → `000.00.13.H53`); `undefined` when it does not fit the old structure. */
export function newToOld(code: string): string | undefined {
  const [level1, level2 = '', level3 = '', level4 = '', ...rest] = code.split('.')
  if (rest.length > 0) return undefined
  const old = `${level4.padStart(3, '0')}.${level3.padStart(2, '0')}.${level2.padStart(2, '0')}.${level1}`
  return OLD_CODE.test(old) && oldToNew(old) === code ? old : undefined
}

/** The code one level up by structure, or `undefined` at level 1 and for codes that have no levels. */
export function parentCode(code: string): string | undefined {
  if (NEW_CODE.test(code)) {
    const cut = code.lastIndexOf('.')
    return cut < 0 ? undefined : code.slice(0, cut)
  }
  const match = OLD_CODE.exec(code)
  if (!match) return undefined
  const groups = match.slice(1) as [string, string, string, string]
  const first = groups.slice(0, 3).findIndex((group) => !/^0+$/.test(group))
  if (first < 0) return undefined
  groups[first] = '0'.repeat((groups[first] as string).length)
  return groups.join('.')
}
