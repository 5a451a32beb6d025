import { BusError } from '../errors/index.ts'
import { binding, node, type Pointer } from './engine.ts'
import type { XmlLimits } from './limits.ts'

const { XmlNsStruct: ns } = binding
const ELEMENT = 1
const TEXT = 3
const CDATA = 4

export interface TreeFacts {
  /** Every namespace declaration: the element it stands on and the namespace structure. */
  readonly declarations: readonly { readonly element: Pointer; readonly namespace: Pointer }[]
  /** A namespace name that is not absolute; canonical form is undefined for such a document (C14N 1.0, 1.3). */
  readonly relativeNamespace?: string
}

/** Walks the whole tree once and refuses what is over a bound. */
export function measureTree(root: Pointer, limits: XmlLimits): TreeFacts {
  let count = 0
  let relativeNamespace: string | undefined
  const namespacesAt: number[] = []
  const declarations: { element: Pointer; namespace: Pointer }[] = []
  let depth = 0
  let current = root
  while (current) {
    const type = node.type(current)
    if (type !== TEXT && type !== CDATA) {
      count += 1
      if (count > limits.maxElements) {
        throw new BusError('LT_ENV_TOO_MANY_NODES', { what: 'elements', limit: limits.maxElements })
      }
    }
    if (type === ELEMENT) {
      if (depth + 1 > limits.maxDepth) throw new BusError('LT_ENV_TOO_DEEP', { limit: limits.maxDepth })
      let namespaces = depth ? (namespacesAt[depth - 1] as number) : 0
      for (let declared = node.declarations(current); declared; declared = ns.next(declared)) {
        namespaces += 1
        declarations.push({ element: current, namespace: declared })
        relativeNamespace ??= relativeName(ns.href(declared))
      }
      if (namespaces > limits.maxNamespaces) {
        throw new BusError('LT_ENV_TOO_MANY_NODES', { what: 'namespaces', limit: limits.maxNamespaces })
      }
      let attributes = 0
      for (let each = node.properties(current); each; each = node.next(each)) attributes += 1
      if (attributes > limits.maxAttributes) {
        throw new BusError('LT_ENV_TOO_MANY_NODES', { what: 'attributes', limit: limits.maxAttributes })
      }
      const child = node.children(current)
      if (child) {
        namespacesAt[depth] = namespaces
        depth += 1
        current = child
        continue
      }
    }
    while (current && !node.next(current)) {
      current = depth ? node.parent(current) : 0
      depth -= 1
    }
    if (current) current = depth ? node.next(current) : 0
  }
  return relativeNamespace === undefined ? { declarations } : { declarations, relativeNamespace }
}

function relativeName(name: string): string | undefined {
  return name === '' || /^[A-Za-z][A-Za-z0-9+.-]*:/.test(name) ? undefined : name
}
