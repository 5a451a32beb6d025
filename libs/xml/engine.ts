import * as binding from 'libxml2-wasm/lib/libxml2.mjs'

/** Address of a structure in the memory of the WebAssembly engine. */
export type Pointer = number

export interface EngineProblem {
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
