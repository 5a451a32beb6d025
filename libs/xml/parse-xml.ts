import { BusError } from '../errors/index.ts'
import { checkProlog, printable } from './check-prolog.ts'
import { binding, collectProblems, type EngineProblem, type Pointer } from './engine.ts'
import { defaultXmlLimits, type XmlLimits } from './limits.ts'
import { measureTree } from './measure-tree.ts'
import { XmlTree } from './xml-tree.ts'

const HUGE = 0x80000
const NO_NETWORK = 0x800
const IGNORE_DECLARED_ENCODING = 0x200000
const NO_EXTERNAL_ENTITIES = 0x800000
const NO_SYSTEM_CATALOG = 0x2000000
const SKIP_IDS = 0x8000000
const OPTIONS = NO_NETWORK | NO_EXTERNAL_ENTITIES | NO_SYSTEM_CATALOG | SKIP_IDS | IGNORE_DECLARED_ENCODING

/** Unknown, unsupported, declared wrongly, or bytes that are not what was declared. */
const ENCODING_ERRORS: ReadonlySet<number> = new Set([31, 32, 81, 6003])
/** A name, or anything else, over a bound of the engine. */
const BOUND_ERRORS: ReadonlySet<number> = new Set([110, 114])

const ENGINE_TEXT_MAX = 10_000_000
/** The shortest element, `<a/>`, takes four bytes: a shorter document cannot hold too many. */
const MIN_ELEMENT_BYTES = 4

/**
 * Reads one XML document into a tree that must be disposed (`using`).
 * @throws BusError LT_ENV_TOO_LARGE, LT_ENV_ENCODING, LT_ENV_DTD, LT_ENV_MALFORMED (line, column, detail; undeclared
 * prefixes and undefined entities included), LT_ENV_TOO_DEEP, LT_ENV_TOO_MANY_NODES
 */
export function parseXml(bytes: Uint8Array, limits: Partial<XmlLimits> = {}): XmlTree {
  const bounds: XmlLimits = { ...defaultXmlLimits, ...limits }
  if (bytes.length > bounds.maxBytes) {
    throw new BusError('LT_ENV_TOO_LARGE', { limit: bounds.maxBytes, construct: 'document' })
  }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  checkProlog(buffer)
  if (buffer.length > bounds.maxElements * MIN_ELEMENT_BYTES) countMarkup(buffer, bounds.maxElements)
  const document = read(buffer, bounds)
  try {
    const facts = measureTree(binding.xmlDocGetRootElement(document), bounds)
    return new XmlTree(document, facts)
  } catch (error) {
    binding.xmlFreeDoc(document)
    throw error
  }
}

function read(bytes: Buffer, bounds: XmlLimits): Pointer {
  const context = binding.xmlNewParserCtxt()
  let document: Pointer = 0
  const { problems } = collectProblems((collector, collection) => {
    binding.xmlCtxtSetErrorHandler(context, collector, collection)
    document = binding.xmlReadMemory(context, bytes, null, null, bounds.hugeText ? OPTIONS | HUGE : OPTIONS)
  })
  binding.xmlFreeParserCtxt(context)
  const fatal = problems.find((problem) => problem.level >= 2)
  if (document && !fatal && !binding.xmlGetIntSubset(document)) return document
  if (document) binding.xmlFreeDoc(document)
  throw explain(fatal, bounds)
}

function explain(problem: EngineProblem | undefined, bounds: XmlLimits): BusError {
  const message = problem?.message ?? 'empty document'
  const code = problem?.code ?? 0
  if (ENCODING_ERRORS.has(code)) {
    return new BusError('LT_ENV_ENCODING', { encoding: 'not UTF-8' })
  }
  if (BOUND_ERRORS.has(code)) {
    // Begins with words of the engine alone, so that no name in the document can bring them in.
    if (/^Excessive depth/.test(message)) return new BusError('LT_ENV_TOO_DEEP', { limit: bounds.maxDepth })
    return new BusError('LT_ENV_TOO_LARGE', { limit: ENGINE_TEXT_MAX, construct: 'text' })
  }
  return new BusError('LT_ENV_MALFORMED', {
    line: problem?.line ?? 1,
    column: problem?.column ?? 1,
    detail: printable(message),
  })
}

/** Counts the starts of elements, comments and instructions before memory is spent on them. */
function countMarkup(bytes: Buffer, max: number): void {
  let count = 0
  for (let at = bytes.indexOf(0x3c); at >= 0; at = bytes.indexOf(0x3c, at + 1)) {
    if (bytes[at + 1] === 0x2f) continue
    count += 1
    if (count > max) throw new BusError('LT_ENV_TOO_MANY_NODES', { what: 'elements', limit: max })
  }
}
