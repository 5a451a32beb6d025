import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { closeBuffer, openBuffer, readBuffer } from 'libxml2-wasm/lib/utils.mjs'
import { BusError } from '../errors/index.ts'
import { printable } from './check-prolog.ts'
import { binding, collectProblems, type Pointer } from './engine.ts'
import type { XmlTree } from './xml-tree.ts'

/** One way in which a document departs from a schema. */
export interface XsdProblem {
  readonly line: number
  /** The engine's sentence, in English, one line, without the value at fault: that is content. */
  readonly message: string
  /** Name of the element at fault, without prefix. */
  readonly element?: string
}

/** A compiled schema; load it once and keep it. */
export interface XmlSchema extends Disposable {
  readonly name: string
  /** Address in the engine; for this library only. */
  readonly pointer: Pointer
}

const NO_NETWORK = 0x800
const NO_EXTERNAL_ENTITIES = 0x800000

/**
 * Compiles a schema file. Includes and imports are found by file name in the same folder and nowhere else.
 * @throws BusError LT_SCHEMA_UNREADABLE
 */
export function loadXmlSchema(mainFile: string): XmlSchema {
  const name = basename(mainFile)
  const files = readFolder(dirname(mainFile), name)
  const find = (url: string): Buffer | undefined => files.get(basename(url))
  binding.xmlRegisterInputProvider({
    match: (url) => find(url) !== undefined,
    open: (url) => {
      const content = find(url)
      return content && openBuffer(content)
    },
    read: (descriptor, target) => readBuffer(descriptor, target),
    close: (descriptor) => {
      closeBuffer(descriptor)
      return true
    },
  })
  try {
    return compile(name, files.get(name) as Buffer)
  } finally {
    binding.xmlCleanupInputProvider()
  }
}

function readFolder(folder: string, main: string): Map<string, Buffer> {
  const files = new Map<string, Buffer>()
  try {
    for (const file of readdirSync(folder)) if (file.endsWith('.xsd')) files.set(file, readFileSync(join(folder, file)))
    if (!files.has(main)) files.set(main, readFileSync(join(folder, main)))
  } catch (cause) {
    throw new BusError('LT_SCHEMA_UNREADABLE', { schema: main, detail: (cause as Error).message }, { cause })
  }
  return files
}

function compile(name: string, content: Buffer): XmlSchema {
  const { result, problems } = collectProblems((collector, collection) => {
    const parser = binding.xmlNewParserCtxt()
    binding.xmlCtxtSetErrorHandler(parser, collector, collection)
    const document = binding.xmlReadMemory(parser, content, name, null, NO_NETWORK | NO_EXTERNAL_ENTITIES)
    binding.xmlFreeParserCtxt(parser)
    if (!document) return 0
    const context = binding.xmlSchemaNewDocParserCtxt(document)
    binding.xmlSchemaSetParserStructuredErrors(context, collector, collection)
    const compiled = binding.xmlSchemaParse(context)
    binding.xmlSchemaFreeParserCtxt(context)
    binding.xmlFreeDoc(document)
    return compiled
  })
  const fault = problems.find((problem) => problem.level >= 2)
  if (!result || fault) {
    if (result) binding.xmlSchemaFree(result)
    throw new BusError('LT_SCHEMA_UNREADABLE', { schema: name, detail: printable(fault?.message ?? 'not a schema') })
  }
  let pointer = result
  return {
    name,
    get pointer() {
      if (pointer === 0) throw new Error(`the schema ${name} is disposed`)
      return pointer
    },
    [Symbol.dispose]() {
      if (pointer) binding.xmlSchemaFree(pointer)
      pointer = 0
    },
  }
}

export function validateTree(tree: XmlTree, schema: XmlSchema): XsdProblem[] {
  const context = binding.xmlSchemaNewValidCtxt(schema.pointer)
  const { result, problems } = collectProblems((collector, collection) => {
    binding.xmlSchemaSetValidStructuredErrors(context, collector, collection)
    return binding.xmlSchemaValidateDoc(context, tree.document)
  })
  binding.xmlSchemaFreeValidCtxt(context)
  if (result === 0) return []
  if (problems.length === 0) return [{ line: 1, message: 'the document does not follow the schema' }]
  return problems.map(({ line, message, element }) => ({
    line,
    message: withoutValue(message),
    ...(element === undefined ? {} : { element }),
  }))
}

function withoutValue(message: string): string {
  const bounded = message.slice(0, 4000)
  return printable(
    bounded
      .replace(/The value '.*'(?= (?:is|has|must|of)\b)/s, 'The value')
      .replace(/: '.*'(?= is not (?:a valid value|an element of the set))/s, ': the value'),
  )
}
