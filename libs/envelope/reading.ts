import { BusError } from '../errors/index.ts'
import type { EnvelopeWarning } from '../model/index.ts'
import { type Branch, isBlank, sameBranch } from './read-branch.ts'
import { readDate } from './read-date.ts'
import type { WarningCode } from './warnings.ts'
import { EDXML_NAMESPACES, QCVN_102 } from './wire-names.ts'

/** A packet full of deviations must not make a long report: above this only what was not yet told of an element is. */
const MAX_WARNINGS = 50
/** Longest text of one element that is not an attachment's content, in UTF-16 units. The regulation's longest is 1000. */
const MAX_TEXT = 20_000
const FILLERS: ReadonlySet<string> = new Set(['N/A', 'n/a', 'null', 'NULL'])

/**
 * One pass over one packet: finds facts by local name in any order, refuses what can be read in two ways and collects
 * what was tolerated. Names are given with the right spelling first, older ones behind it.
 */
export class Reading {
  readonly warnings: EnvelopeWarning[] = []
  /** Namespace of the envelope: an element of ours in another one is told. */
  home: string = QCVN_102
  readonly #told = new Set<string>()
  /** What rules ask for stands in the report however long it is: each code, for each of the named elements. */
  readonly #kinds = new Set<string>()

  warn(code: WarningCode, params?: Readonly<Record<string, string | number>>): void {
    const kind = `${code} ${clip(params?.element ?? '')}`
    if (this.warnings.length >= MAX_WARNINGS && this.#kinds.has(kind)) return
    const clipped = params && Object.fromEntries(Object.entries(params).map(([name, value]) => [name, clip(value)]))
    const warning: EnvelopeWarning = clipped ? { code, params: clipped } : { code }
    const text = JSON.stringify(warning)
    if (this.#told.has(text)) return
    this.#told.add(text)
    this.#kinds.add(kind)
    this.warnings.push(warning)
  }

  /**
   * All children with one of the names, in order.
   * @throws BusError LT_ENV_NAMESPACE when one of them is in a namespace edXML never had
   */
  all(parent: Branch, ...names: readonly string[]): Branch[] {
    const found = parent.children.filter((child) => names.includes(child.name))
    for (const child of found) this.requireKnownNamespace(child)
    const expected = names[0] as string
    for (const child of found) {
      if (child.name !== expected) this.warn('ENV_OLD_NAME', { written: child.name, expected })
    }
    return found
  }

  /**
   * The one child with one of the names. Equal repetitions are tolerated.
   * @throws BusError LT_ENV_AMBIGUOUS when two differ
   */
  one(parent: Branch, ...names: readonly string[]): Branch | undefined {
    const found = this.all(parent, ...names)
    const [first, ...others] = found
    if (!first || others.length === 0) return first
    const said = found.filter((child) => !isBlank(child))
    const [kept = first] = said
    if (said.some((child) => !sameBranch({ ...child, name: kept.name }, kept))) {
      throw new BusError('LT_ENV_AMBIGUOUS', { element: `${parent.name}/${kept.name}` })
    }
    this.warn('ENV_ELEMENT_TWICE', { element: `${parent.name}/${kept.name}` })
    return kept
  }

  /** The text of the one child with one of the names; `undefined` when it is absent, empty or a filler. */
  text(parent: Branch, ...names: readonly string[]): string | undefined {
    const child = this.one(parent, ...names)
    return child && this.textOf(child, parent)
  }

  /** @throws BusError LT_ENV_AMBIGUOUS when comments or elements stand in the text, LT_ENV_TOO_LARGE */
  textOf(leaf: Branch, parent: Branch): string | undefined {
    const element = `${parent.name}/${leaf.name}`
    if (leaf.mixed || leaf.children.some((child) => !isBlank(child)))
      throw new BusError('LT_ENV_AMBIGUOUS', { element })
    if (leaf.text === '') return undefined
    if (leaf.text.length > MAX_TEXT) throw new BusError('LT_ENV_TOO_LARGE', { limit: MAX_TEXT, construct: element })
    if (!FILLERS.has(leaf.text)) return leaf.text
    this.warn('ENV_FILLER', { element, value: leaf.text })
    return undefined
  }

  /** The date of the one child with this name as `yyyy-MM-dd`; unreadable ones are reported and taken as absent. */
  date(parent: Branch, name: string): string | undefined {
    const text = this.text(parent, name)
    if (text === undefined) return undefined
    const read = readDate(text)
    const element = `${parent.name}/${name}`
    if (!read) this.warn('ENV_DATE_UNREADABLE', { element, value: text })
    else if (!read.regular) this.warn('ENV_DATE_FORM', { element, value: text })
    return read?.iso
  }

  requireKnownNamespace(branch: Branch): void {
    if (!EDXML_NAMESPACES.has(branch.namespace)) {
      throw new BusError('LT_ENV_NAMESPACE', { element: clip(branch.name), namespace: clip(branch.namespace) })
    }
    if (branch.namespace !== this.home) {
      this.warn('ENV_NAMESPACE_OTHER', { element: branch.name, namespace: branch.namespace })
    }
  }
}

/** Foreign text as an error or warning may carry it: bounded. */
export function clip<T extends string | number>(value: T): T | string {
  return typeof value === 'string' && value.length > 120 ? `${value.slice(0, 119)}…` : value
}
/** Adds a property only when there is a value, so that absent facts have no key. */
export function given<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V }
}
