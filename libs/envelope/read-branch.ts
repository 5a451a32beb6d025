import { childElements, localName, namespaceUri, onlyTextOf, textRuns, type XmlElement } from '../xml/index.ts'

/** One element of the packet as plain data: the only view the readers have, so that each fact is read in one way. */
export interface Branch {
  /** Name without prefix, as written. */
  readonly name: string
  readonly namespace: string
  /** Text of the element itself, trimmed. */
  readonly text: string
  /** The text can be read in several ways: it is cut by a comment or stands beside elements. */
  readonly mixed: boolean
  readonly children: readonly Branch[]
  readonly element: XmlElement
}

/** Copies an element and everything inside it; the parser has bounded depth and count. */
export function readBranch(element: XmlElement): Branch {
  const children = childElements(element).map(readBranch)
  const only = children.length === 0 ? onlyTextOf(element) : undefined
  const runs = only === undefined ? textRuns(element) : [only]
  return {
    name: localName(element),
    namespace: namespaceUri(element),
    text: runs.join(' ').trim(),
    mixed: runs.length > 1 || (runs.length > 0 && children.length > 0),
    children,
    element,
  }
}

/** Whether two elements say the same: same name, text and children. */
export function sameBranch(a: Branch, b: Branch): boolean {
  return (
    a.name === b.name &&
    a.text === b.text &&
    a.children.length === b.children.length &&
    a.children.every((child, index) => sameBranch(child, b.children[index] as Branch))
  )
}

/** Whether an element holds nothing but white space, at any depth. */
export function isBlank(branch: Branch): boolean {
  return branch.text === '' && branch.children.every(isBlank)
}
