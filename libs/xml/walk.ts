import { binding, node, type Pointer } from './engine.ts'
import type { XmlElement, XmlTree } from './xml-tree.ts'

const { XmlNsStruct: ns } = binding
const ELEMENT = 1
const TEXT = 3
const CDATA = 4
const INSTRUCTION = 7

export const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace'

export interface XmlAttribute {
  readonly name: string
  /** `''` when the attribute is in no namespace. */
  readonly namespace: string
  readonly value: string
}

/** Name without prefix. */
export function localName(element: XmlElement): string {
  return element.tree.nameOf(element.pointer)
}

/** Namespace name; `''` for none. */
export function namespaceUri(element: XmlElement): string {
  return element.tree.namespaceName(node.namespace(element.pointer))
}

/** Prefix as written; `''` for none. */
export function prefixOf(element: XmlElement): string {
  const namespace = node.namespace(element.pointer)
  return namespace ? ns.prefix(namespace) : ''
}

/** The element around this one; undefined for the root. */
export function parentOf(element: XmlElement): XmlElement | undefined {
  const parent = node.parent(element.pointer)
  return parent && node.type(parent) === ELEMENT ? element.tree.element(parent) : undefined
}

/** The elements directly inside, in order. */
export function childElements(element: XmlElement): XmlElement[] {
  const children: XmlElement[] = []
  for (let child = node.children(element.pointer); child; child = node.next(child)) {
    if (node.type(child) === ELEMENT) children.push(element.tree.element(child))
  }
  return children
}

/** The first element directly inside with this name; any namespace when none is given. */
export function firstChild(element: XmlElement, name: string, namespace?: string): XmlElement | undefined {
  const { tree } = element
  for (let child = node.children(element.pointer); child; child = node.next(child)) {
    if (node.type(child) !== ELEMENT || tree.nameOf(child) !== name) continue
    if (namespace === undefined || tree.namespaceName(node.namespace(child)) === namespace) return tree.element(child)
  }
  return undefined
}

/** The elements directly inside with this name; any namespace when none is given. */
export function childrenNamed(element: XmlElement, name: string, namespace?: string): XmlElement[] {
  const { tree } = element
  const found: XmlElement[] = []
  for (let child = node.children(element.pointer); child; child = node.next(child)) {
    if (node.type(child) !== ELEMENT || tree.nameOf(child) !== name) continue
    if (namespace === undefined || tree.namespaceName(node.namespace(child)) === namespace)
      found.push(tree.element(child))
  }
  return found
}

/** All text inside, at any depth, comments and instructions left out; not trimmed. */
export function textOf(element: XmlElement): string {
  return binding.xmlNodeGetContent(element.pointer)
}

/** The text of an element that holds one text and nothing else: no comment, instruction, CDATA section or element. */
export function onlyTextOf(element: XmlElement): string | undefined {
  const first = node.children(element.pointer)
  if (!first || node.next(first) || node.type(first) !== TEXT) return undefined
  return binding.xmlNodeGetContent(first)
}

/** The texts directly inside that are not blank, each as it stands between other nodes: a comment or CDATA border parts them. */
export function textRuns(element: XmlElement): string[] {
  const runs: string[] = []
  for (let child = node.children(element.pointer); child; child = node.next(child)) {
    const type = node.type(child)
    if (type !== TEXT && type !== CDATA) continue
    const text = binding.xmlNodeGetContent(child)
    if (text.trim() !== '') runs.push(text)
  }
  return runs
}

/** Whether an element holds elements and white space only: no other text, comment or instruction. */
export function holdsOnlyElements(element: XmlElement): boolean {
  for (let child = node.children(element.pointer); child; child = node.next(child)) {
    const type = node.type(child)
    if (type === ELEMENT) continue
    if ((type !== TEXT && type !== CDATA) || binding.xmlNodeGetContent(child).trim() !== '') return false
  }
  return true
}

/** Whether a processing instruction stands before or after the root element. */
export function hasOuterInstructions(tree: XmlTree): boolean {
  for (let each = node.children(tree.document); each; each = node.next(each)) {
    if (node.type(each) === INSTRUCTION) return true
  }
  return false
}

/** The value of an attribute; attributes in no namespace when none is given. */
export function attribute(element: XmlElement, name: string, namespace = ''): string | undefined {
  for (let each = node.properties(element.pointer); each; each = node.next(each)) {
    if (element.tree.nameOf(each) !== name || element.tree.namespaceName(node.namespace(each)) !== namespace) continue
    return binding.xmlNodeGetContent(each)
  }
  return undefined
}

/** All attributes, namespace declarations not among them. */
export function attributes(element: XmlElement): XmlAttribute[] {
  const found: XmlAttribute[] = []
  for (let each = node.properties(element.pointer); each; each = node.next(each)) {
    const namespace = element.tree.namespaceName(node.namespace(each))
    found.push({ name: element.tree.nameOf(each), namespace, value: binding.xmlNodeGetContent(each) })
  }
  return found
}

/** Every element of the document in order, the root first. */
export function allElements(tree: XmlTree): XmlElement[] {
  const found: XmlElement[] = []
  visitElements(tree.root.pointer, (pointer) => found.push(tree.element(pointer)))
  return found
}

/** The elements of one namespace, anywhere in the document, in order. Costs nothing when no element declares it. */
export function elementsInNamespace(tree: XmlTree, namespace: string): XmlElement[] {
  const found: XmlElement[] = []
  const collect = (pointer: Pointer): void => {
    if (tree.namespaceName(node.namespace(pointer)) === namespace) found.push(tree.element(pointer))
  }
  const declaring = tree.facts.declarations.filter((each) => tree.namespaceName(each.namespace) === namespace)
  const [only, ...more] = declaring
  if (only && more.length === 0) visitElements(only.element, collect)
  else if (only) visitElements(tree.root.pointer, collect)
  return found
}

/**
 * Elements by the value of any attribute that some verifier takes for an id: `xml:id`, `Id`, `ID`, `id`. Two elements at
 * most are kept for one value: the second says that it is not unique.
 */
export function elementsById(tree: XmlTree): Map<string, XmlElement[]> {
  const found = new Map<string, XmlElement[]>()
  visitElements(tree.root.pointer, (pointer) => {
    for (let each = node.properties(pointer); each; each = node.next(each)) {
      if (!isIdAttribute(tree, each)) continue
      const id = binding.xmlNodeGetContent(each)
      const element = tree.element(pointer)
      const known = found.get(id)
      if (known === undefined) found.set(id, [element])
      else if (known.length === 1 && known[0] !== element) known.push(element)
    }
  })
  return found
}

function isIdAttribute(tree: XmlTree, pointer: Pointer): boolean {
  const name = tree.nameOf(pointer)
  if (name.length !== 2 || name.toLowerCase() !== 'id') return false
  const namespace = tree.namespaceName(node.namespace(pointer))
  return namespace === '' || (namespace === XML_NAMESPACE && name === 'id')
}

/** Calls `visit` for an element and every element inside it, in order. */
function visitElements(root: Pointer, visit: (pointer: Pointer) => void): void {
  let current = root
  for (;;) {
    let child = 0
    if (node.type(current) === ELEMENT) {
      visit(current)
      child = node.children(current)
    }
    if (child) {
      current = child
      continue
    }
    while (current !== root && !node.next(current)) current = node.parent(current)
    if (current === root) return
    current = node.next(current)
  }
}
