import { canonicalAlgorithms, INCLUSIVE } from '../../libs/signature/algorithms.ts'
import { binding, createOutput, type Pointer } from '../../libs/xml/engine.ts'
import { textOf, type XmlElement, type XmlTree } from '../../libs/xml/index.ts'

const { XmlNodeStruct: node, XmlNsStruct: ns } = binding
const NAMESPACE_NODE = 18

/** A node-set in the sense of XMLDSig's XPath transform: nodes by address, namespace nodes by prefix and owner. */
export type NodeSet = ReadonlySet<string>

/** Evaluates the expression of an `XPath` element for every node of the document (RFC 3275, 6.6.3). */
export function nodeSetOf(tree: XmlTree, xpath: XmlElement): NodeSet {
  const context = binding.xmlXPathNewContext(tree.document)
  for (const each of binding.xmlGetNsList(xpath.tree.document, xpath.pointer)) {
    if (ns.prefix(each)) binding.xmlXPathRegisterNs(context, ns.prefix(each), ns.href(each))
  }
  binding.xmlXPathSetContextNode(tree.root.pointer, context)
  const compiled = binding.xmlXPathCtxtCompile(context, `(//. | //@* | //namespace::*)[${textOf(xpath)}]`)
  const result = binding.xmlXPathCompiledEval(compiled, context)
  if (!result) throw new Error('the XPath expression cannot be evaluated')
  const set = binding.XmlXPathObjectStruct.nodesetval(result)
  const table = binding.XmlNodeSetStruct.nodeTable(set, binding.XmlNodeSetStruct.nodeCount(set))
  const keys = new Set([...table].map((pointer) => keyOf(pointer, ns.next(pointer))))
  binding.xmlXPathFreeObject(result)
  binding.xmlXPathFreeCompExpr(compiled)
  binding.xmlXPathFreeContext(context)
  return keys
}

function keyOf(pointer: Pointer, owner: Pointer): string {
  return node.type(pointer) === NAMESPACE_NODE ? `${ns.prefix(pointer)} ${owner}` : String(pointer)
}

let current: NodeSet = new Set()
const visible = (
  binding as unknown as { addFunction(call: (...args: number[]) => number, signature: string): Pointer }
).addFunction((_context, pointer, owner) => (current.has(keyOf(pointer as number, owner as number)) ? 1 : 0), 'iiii')

/** Canonical form of a node-set, by the engine that the product uses for whole elements. */
export function canonicalNodeSet(
  tree: XmlTree,
  keep: NodeSet,
  step: { readonly algorithm: string; readonly inclusivePrefixes: readonly string[] },
): Buffer {
  const form = canonicalAlgorithms.get(step.algorithm || INCLUSIVE)
  const chunks: Buffer[] = []
  const output = createOutput({
    write: (chunk) => chunks.push(Buffer.from(chunk)) && chunk.length,
    close: () => true,
  })
  const mode = form?.mode === 'exclusive' ? 1 : 0
  const prefixes = step.inclusivePrefixes.length ? binding.allocCStringArray([...step.inclusivePrefixes]) : 0
  current = keep
  const result = binding.xmlC14NExecute(tree.document, visible, 0, mode, prefixes, form?.comments ? 1 : 0, output)
  binding.xmlOutputBufferClose(output)
  if (prefixes) binding.free(prefixes)
  if (result < 0) throw new Error('canonicalization failed')
  return Buffer.concat(chunks)
}
