import { BusError } from '../errors/index.ts'
import { printable } from './check-prolog.ts'
import { binding, createOutput, node, type Pointer, withOnly, withSubtree } from './engine.ts'
import type { XmlElement, XmlTree } from './xml-tree.ts'

/** `inclusive`: Canonical XML 1.0, `inclusive11`: Canonical XML 1.1, `exclusive`: Exclusive XML Canonicalization 1.0. */
export type CanonicalMode = 'inclusive' | 'exclusive' | 'inclusive11'

export interface CanonicalOptions {
  /** The element to write, with everything in it; the whole document when absent. */
  readonly target?: XmlElement
  readonly mode: CanonicalMode
  /** Comments are left out unless asked for. */
  readonly comments?: boolean
  /** Prefixes treated inclusively in exclusive mode; `''` or `#default` is the default namespace. */
  readonly inclusivePrefixes?: readonly string[]
  /** An element left out with everything in it: the enveloped signature. */
  readonly without?: XmlElement
}

const modes: Record<CanonicalMode, number> = { inclusive: 0, exclusive: 1, inclusive11: 2 }

export function canonicalize(tree: XmlTree, options: CanonicalOptions, sink: (chunk: Uint8Array) => void): void {
  const { relativeNamespace } = tree.facts
  if (relativeNamespace !== undefined) {
    throw new BusError('LT_SIG_NAMESPACE_RELATIVE', { namespace: printable(relativeNamespace) })
  }
  const write = (filter: Pointer): void => execute(tree.document, filter, options, sink)
  const target = options.target?.pointer
  leavingOut(options.without?.pointer, () => {
    if (target === undefined) write(0)
    // Exclusive form asks an element for the names it uses, not for what its ancestors hold.
    else if (options.mode === 'exclusive' && !options.inclusivePrefixes?.length) {
      withOnly(tree.document, target, () => write(0))
    } else withSubtree(target, elementsUnder(target), write)
  })
}

function execute(
  document: Pointer,
  filter: Pointer,
  options: CanonicalOptions,
  sink: (chunk: Uint8Array) => void,
): void {
  let failure: unknown
  let failed = false
  const output = createOutput({
    // An exception must not unwind through the engine's frames: it would leave them half done.
    write(chunk) {
      try {
        if (!failed) sink(chunk)
      } catch (error) {
        failed = true
        failure = error
      }
      return chunk.length
    },
    close: () => true,
  })
  const names = options.inclusivePrefixes?.map((prefix) => (prefix === '' ? '#default' : prefix))
  const prefixes = names?.length ? binding.allocCStringArray(names) : 0
  let result: number
  try {
    result = binding.xmlC14NExecute(
      document,
      filter,
      0,
      modes[options.mode],
      prefixes,
      options.comments ? 1 : 0,
      output,
    )
  } finally {
    binding.xmlOutputBufferClose(output)
    if (prefixes) binding.free(prefixes)
  }
  if (failed) throw failure
  if (result < 0) throw new Error('the engine could not write the canonical form')
}

/** Takes an element out of the tree while `run` works and puts it back at its place. */
function leavingOut(element: Pointer | undefined, run: () => void): void {
  if (element === undefined) {
    run()
    return
  }
  const parent = node.parent(element)
  const next = node.next(element)
  binding.xmlUnlinkNode(element)
  try {
    run()
  } finally {
    if (next) binding.xmlAddPrevSibling(next, element)
    else binding.xmlAddChild(parent, element)
  }
}

function elementsUnder(root: Pointer): Set<Pointer> {
  const found = new Set<Pointer>([root])
  for (const element of found) {
    for (let child = node.children(element); child; child = node.next(child)) {
      if (node.type(child) === 1) found.add(child)
    }
  }
  return found
}
