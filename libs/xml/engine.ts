import * as binding from 'libxml2-wasm/lib/libxml2.mjs'

/** Address of a structure in the memory of the WebAssembly engine. */
export type Pointer = number

export interface EngineProblem {
  /** `xmlParserErrors` of libxml2: unlike the message it holds nothing of the document. */
  readonly code: number
  readonly message: string
  /** 1 warning, 2 error, 3 fatal. */
  readonly level: number
  readonly line: number
  readonly column: number
  readonly element?: string
}

interface HiddenBinding {
  addFunction(callback: (...args: number[]) => number | undefined, signature: string): Pointer
  xmlOutputBufferCreateIO(handler: binding.XmlOutputBufferHandler): Pointer
}

// Both are exported by the binding but left out of its typings.
const hidden = binding as unknown as HiddenBinding

/** Hostile input can raise an error per node; more than these are counted by nobody. */
const MAX_PROBLEMS = 50
const ELEMENT_NODE = 1
const collections = new Map<number, EngineProblem[]>()
let lastCollection = 0

/** The binding's own collector asks for the path of each faulty node, which is quadratic in the number of siblings. */
const collector = hidden.addFunction((collection, error) => {
  const problems = collections.get(collection as number)
  if (!problems || problems.length >= MAX_PROBLEMS || !error) return undefined
  const node = binding.XmlErrorStruct.node(error)
  problems.push({
    code: field(error, 4),
    message: binding.XmlErrorStruct.message(error).trim(),
    level: binding.XmlErrorStruct.level(error),
    line: binding.XmlErrorStruct.line(error),
    column: binding.XmlErrorStruct.col(error),
    ...(node && binding.XmlNodeStruct.type(node) === ELEMENT_NODE
      ? { element: binding.XmlNodeStruct.name_(node) }
      : {}),
  })
  return undefined
}, 'vii')

/** Runs one engine call with its own list of problems. */
export function collectProblems<T>(run: (collector: Pointer, collection: number) => T): {
  result: T
  problems: EngineProblem[]
} {
  const problems: EngineProblem[] = []
  lastCollection = (lastCollection + 1) & 0x3fffffff
  const collection = lastCollection
  collections.set(collection, problems)
  try {
    return { result: run(collector, collection), problems }
  } finally {
    collections.delete(collection)
  }
}

/**
 * The engine's memory as 32-bit words. The binding hands out views of it only through this function; a view whose memory
 * has since grown is empty and replaced.
 */
let words: Uint32Array = new Uint32Array(0)

function memory(): Uint32Array {
  if (words.length === 0) words = new Uint32Array(binding.XmlNodeSetStruct.nodeTable(0, 0).buffer)
  return words
}

function field(pointer: Pointer, offset: number): number {
  return memory()[(pointer + offset) >> 2] as number
}

/** Fields of `xmlNode` and `xmlAttr` (libxml2, tree.h), read without the binding's detour through type names. */
export const node = {
  type: (pointer: Pointer): number => field(pointer, 4),
  nameAddress: (pointer: Pointer): Pointer => field(pointer, 8),
  children: (pointer: Pointer): Pointer => field(pointer, 12),
  parent: (pointer: Pointer): Pointer => field(pointer, 20),
  next: (pointer: Pointer): Pointer => field(pointer, 24),
  namespace: (pointer: Pointer): Pointer => field(pointer, 36),
  properties: (pointer: Pointer): Pointer => field(pointer, 44),
  declarations: (pointer: Pointer): Pointer => field(pointer, 48),
}

/**
 * Makes one element the whole content of its document while `run` works: the engine then walks it and nothing else. Its
 * ancestors and their namespaces stay where they are.
 */
export function withOnly(document: Pointer, element: Pointer, run: () => void): void {
  const [children, next] = [node.children(document), node.next(element)]
  memory()[(document + 12) >> 2] = element
  memory()[(element + 24) >> 2] = 0
  try {
    run()
  } finally {
    memory()[(element + 24) >> 2] = next
    memory()[(document + 12) >> 2] = children
  }
}

let visibleRoot: Pointer = 0
let visibleElements: ReadonlySet<Pointer> = new Set()

/** Asked for every node, attribute and namespace of the document: is it inside the subtree being written? */
const subtreeFilter = hidden.addFunction(
  (_context, node, parent) => (node === visibleRoot || visibleElements.has(parent as number) ? 1 : 0),
  'iiii',
)

/** Runs one canonicalization that sees only `root` and what lies under `elements` (which must hold `root`). */
export function withSubtree<T>(root: Pointer, elements: ReadonlySet<Pointer>, run: (filter: Pointer) => T): T {
  visibleRoot = root
  visibleElements = elements
  try {
    return run(subtreeFilter)
  } finally {
    visibleRoot = 0
    visibleElements = new Set()
  }
}

export const createOutput = hidden.xmlOutputBufferCreateIO
export { binding }
