import { type CanonicalOptions, canonicalize } from './canonicalize.ts'
import { binding, node, type Pointer } from './engine.ts'
import type { TreeFacts } from './measure-tree.ts'
import { validateTree, type XmlSchema, type XsdProblem } from './xml-schema.ts'

/** One element of a tree. Equal (`===`) when it is the same element; unusable once its tree is disposed. */
export class XmlElement {
  readonly tree: XmlTree
  readonly #pointer: Pointer

  constructor(tree: XmlTree, pointer: Pointer) {
    this.tree = tree
    this.#pointer = pointer
  }

  /** Address in the engine; for this library only. */
  get pointer(): Pointer {
    if (this.tree.disposed) throw new Error('the XML tree of this element is disposed')
    return this.#pointer
  }

  /** Line of the start tag; 65535 means that line or later. */
  get line(): number {
    return binding.XmlNodeStruct.line(this.pointer) & 0xffff
  }
}

const forgotten = new FinalizationRegistry<Pointer>((document) => binding.xmlFreeDoc(document))

/** A parsed document. Its memory belongs to the engine: hold it with `using` or call `dispose()`. */
export class XmlTree implements Disposable {
  readonly facts: TreeFacts
  readonly #elements = new Map<Pointer, XmlElement>()
  readonly #namespaceNames = new Map<Pointer, string>()
  readonly #names = new Map<Pointer, string>()
  #document: Pointer

  constructor(document: Pointer, facts: TreeFacts) {
    this.#document = document
    this.facts = facts
    forgotten.register(this, document, this)
  }

  get disposed(): boolean {
    return this.#document === 0
  }

  get root(): XmlElement {
    return this.element(binding.xmlDocGetRootElement(this.document))
  }

  /** Address of the document; for this library only. */
  get document(): Pointer {
    if (this.#document === 0) throw new Error('the XML tree is disposed')
    return this.#document
  }

  /** The one object that stands for the element at an address; for this library only. */
  element(pointer: Pointer): XmlElement {
    const known = this.#elements.get(pointer)
    if (known) return known
    const element = new XmlElement(this, pointer)
    this.#elements.set(pointer, element)
    return element
  }

  /** Local name of the element or attribute at an address; for this library only. The engine keeps each name once. */
  nameOf(pointer: Pointer): string {
    const address = node.nameAddress(pointer)
    const known = this.#names.get(address)
    if (known !== undefined) return known
    const name = binding.XmlNodeStruct.name_(pointer)
    this.#names.set(address, name)
    return name
  }

  /** Name of the namespace structure at an address, `''` for none; for this library only. */
  namespaceName(pointer: Pointer): string {
    if (!pointer) return ''
    const known = this.#namespaceNames.get(pointer)
    if (known !== undefined) return known
    const name = binding.XmlNsStruct.href(pointer)
    this.#namespaceNames.set(pointer, name)
    return name
  }

  /**
   * Writes the canonical form of the document or of one element to `sink`. A chunk is only good during the call: hash it
   * or copy it.
   * @throws BusError LT_SIG_NAMESPACE_RELATIVE
   */
  canonicalize(options: CanonicalOptions, sink: (chunk: Uint8Array) => void): void {
    canonicalize(this, options, sink)
  }

  /** All problems of the document against a schema, at most 50; empty when it is valid. */
  validate(schema: XmlSchema): XsdProblem[] {
    return validateTree(this, schema)
  }

  dispose(): void {
    this[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    if (this.#document === 0) return
    forgotten.unregister(this)
    binding.xmlFreeDoc(this.#document)
    this.#document = 0
    this.#elements.clear()
    this.#namespaceNames.clear()
    this.#names.clear()
  }
}
