export type { CanonicalMode, CanonicalOptions } from './canonicalize.ts'
export { defaultXmlLimits, type XmlLimits } from './limits.ts'
export { parseXml } from './parse-xml.ts'
export {
  allElements,
  attribute,
  attributes,
  childElements,
  childrenNamed,
  elementsById,
  elementsInNamespace,
  firstChild,
  hasOuterInstructions,
  holdsOnlyElements,
  localName,
  namespaceUri,
  onlyTextOf,
  parentOf,
  prefixOf,
  textOf,
  textRuns,
  XML_NAMESPACE,
  type XmlAttribute,
} from './walk.ts'
export { loadXmlSchema, type XmlSchema, type XsdProblem } from './xml-schema.ts'
export type { XmlElement, XmlTree } from './xml-tree.ts'
