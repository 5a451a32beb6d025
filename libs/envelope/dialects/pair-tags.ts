import { localPart, scanTags, type Tag } from '../../signature/index.ts'
import { allElements, localName, type XmlElement, type XmlTree } from '../../xml/index.ts'

/** Where an element's tags stand in the bytes; an empty one has no end tag. */
export interface TagPair {
  readonly open: Tag
  readonly close: Tag | undefined
}

/**
 * The tags of every element; `undefined` when tree and bytes do not tell the same story. The tree may have been parsed from the bytes
 * with prefixes bound: that changes no tag's name or place in the order.
 */
export function pairTags(tree: XmlTree, bytes: Buffer): Map<XmlElement, TagPair> | undefined {
  const elements = allElements(tree)
  const found = new Map<XmlElement, TagPair>()
  const standing: { readonly element: XmlElement; readonly open: Tag }[] = []
  let next = 0
  for (const tag of scanTags(bytes)) {
    if (tag.kind === 'close') {
      const last = standing.pop()
      if (!last || last.open.name !== tag.name) return undefined
      found.set(last.element, { open: last.open, close: tag })
      continue
    }
    const element = elements[next++]
    if (!element || localPart(tag.name) !== localName(element)) return undefined
    if (tag.kind === 'open') standing.push({ element, open: tag })
    found.set(element, { open: tag, close: undefined })
  }
  return next === elements.length && standing.length === 0 ? found : undefined
}
